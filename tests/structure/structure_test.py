#!/usr/bin/env python3
"""The rules that hold the source tree together, checked on its texts.

Modules include only what CMakeLists.txt lets them use; the outside world is reached through src/sys;
files and pages stay short; no link of a document is dead; no path of anybody's machine is kept.
Run from anywhere: python3 tests/structure/structure_test.py
"""
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
LONGEST_FILE = 600
LONGEST_PAGE = 200
GENERATED_PAGES = {"compatibility.md"}

# Folders that may speak to the system themselves: `sys` is made for it; the others are programs of
# their own, small, sandboxed or tied to one library.
OUTSIDE_SYS = ("sys/", "front/", "worker/", "lxc/", "store/etcd/", "store/sqlite/")

SYSTEM = [
    r"(?<![\w:>])::open\(", r"(?<![\w:>])::read\(", r"(?<![\w:>])::write\(", r"(?<![\w:>])::socket\(",
    r"(?<![\w:>])::unlink\(", r"(?<![\w:>])::rename\(", r"(?<![\w:>])::mount\(", r"(?<![\w:>])::kill\(",
    r"(?<![\w:>])::ioctl\(", r"(?<![\w:>])::time\(", r"\bv?fork\(", r"\bexecv", r"\bposix_spawn",
    r"(?<!\w)(?:std::)?system\(", r"\bpopen\(", r"\bgetenv\(", r"\bclock_gettime\(",
    r"std::chrono::(?:system|steady)_clock", r"\bstd::(?:i|o)?fstream\b",
]

# (file, pattern's word) → why it is allowed.
ALLOWED = {
    ("app/settings.cc", "getenv("): "which node a command means, before any part is made",
    ("base/failpoint.cc", "getenv("): "tests arm failpoints before the first line runs; base is "
                                      "below sys",
}

# Folders below which paths are somebody's own.
PRIVATE_PATH = re.compile(r"(?<![\w.$}{/-])/(?:home/[a-z]|Users/[A-Z]|work/)\w*")

SOURCES = sorted(p for p in SOURCE.rglob("*") if p.suffix in (".h", ".cc"))


def without_comments(text):
    """The text with comments blanked, line numbers kept; strings stay (they may hold `//`)."""
    def blank(match):
        token = match.group(0)
        return re.sub(r"[^\n]", " ", token) if token.startswith("/") else token
    tokens = r'R"(?P<d>\w*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'
    return re.sub(tokens, blank, text, flags=re.DOTALL)


def code_lines(path):
    return enumerate(without_comments(path.read_text()).splitlines(), 1)


def place(path, line):
    return f"{path.relative_to(ROOT)}:{line}"


def modules():
    """What each folder of src/ may include, as CMakeLists.txt says."""
    text = re.sub(r"#[^\n]*", "", (ROOT / "CMakeLists.txt").read_text())
    uses = {}
    for kind, body in re.findall(r"posada_(module|program)\(([^)]*)\)", text):
        words = body.split()
        folder = words[words.index("SOURCES") + 1] if kind == "program" else words[0]
        allowed = []
        if "USES" in words:
            for word in words[words.index("USES") + 1:]:
                if word.isupper():
                    break
                allowed.append(word)
        uses[folder] = allowed
    return uses


def without_code(markdown):
    return re.sub(r"```.*?```", "", markdown, flags=re.DOTALL)


def anchors(document):
    """The names that headings get where the documents are shown: words in lower case, '-' between."""
    titles = re.findall(r"^#+ (.+)$", without_code(document.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def tracked_files():
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             cwd=ROOT, capture_output=True, check=False)
    if listing.returncode == 0:
        names = [n for n in listing.stdout.decode().split("\0") if n]
        return [ROOT / n for n in names if (ROOT / n).is_file()]
    skipped = {"build", "node_modules", "dist", ".git", ".posada"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not skipped & set(p.parts)]


class Structure(unittest.TestCase):
    maxDiff = None

    def none(self, found, rule):
        self.assertFalse(found, rule + ":\n  " + "\n  ".join(found))

    def test_a_module_uses_only_modules_that_are_declared_before_it(self):
        seen, found = set(), []
        for module, allowed in modules().items():
            found += [f"{module} uses {other}" for other in allowed if other not in seen]
            seen.add(module)
        self.assertGreater(len(seen), 10, "CMakeLists.txt was not understood")
        self.none(found, "CMakeLists.txt lists layers lowest first")

    def test_a_file_includes_only_what_its_module_may_use(self):
        uses, found = modules(), []
        folders = {p.name for p in SOURCE.iterdir() if p.is_dir()}
        self.assertEqual(folders, folders & uses.keys(), "every folder of src/ is declared")
        for path in SOURCES:
            module = path.relative_to(SOURCE).parts[0]
            for number, line in code_lines(path):
                match = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
                if match and match[1] in folders and match[1] not in [module, *uses[module]]:
                    found.append(f"{place(path, number)}: {module} may not include {match[1]}/")
        self.none(found, "lower layers never include upper ones")

    def test_only_sys_speaks_to_the_system(self):
        found, used = [], set()
        for path in SOURCES:
            name = path.relative_to(SOURCE).as_posix()
            if name.startswith(OUTSIDE_SYS):
                continue
            for number, line in code_lines(path):
                for pattern in SYSTEM:
                    match = re.search(pattern, line)
                    if not match:
                        continue
                    key = (name, match[0].removeprefix("std::"))
                    if key in ALLOWED:
                        used.add(key)
                    else:
                        found.append(f"{place(path, number)}: {match[0]}")
        self.none(found, "files, processes, the clock and the environment are reached through sys")
        self.none([str(k) for k in ALLOWED.keys() - used], "exceptions that nothing needs any more")

    def test_no_coroutine_is_detached(self):
        found = [place(p, n) for p in SOURCES for n, line in code_lines(p)
                 if re.search(r"\basio::detached\b", line)]
        self.none(found, "asio::detached loses exceptions; use sys::Scope")

    def test_source_files_stay_short(self):
        found = []
        for path in SOURCES:
            count = len(path.read_text().splitlines())
            if count > LONGEST_FILE:
                found.append(f"{path.relative_to(ROOT)}: {count} lines")
        self.none(found, f"a file of src/ has at most {LONGEST_FILE} lines")

    def test_links_of_the_documents_lead_somewhere(self):
        documents = [p for p in tracked_files() if p.suffix == ".md"]
        self.assertIn(ROOT / "README.md", documents)
        found = []
        for document in documents:
            for target in re.findall(r"\]\(([^)\s]+)\)", without_code(document.read_text())):
                file, _, anchor = target.partition("#")
                if re.match(r"[a-z]+:", target):
                    continue
                there = document.parent / file if file else document
                if not there.exists():
                    found.append(f"{document.relative_to(ROOT)}: {target}: there is no such file")
                elif anchor and anchor not in anchors(there):
                    found.append(f"{document.relative_to(ROOT)}: {target}: there is no such heading")
        self.none(found, "dead links")

    def test_pages_of_the_manual_are_short_and_listed_in_its_index(self):
        index = (ROOT / "docs/README.md").read_text()
        found = []
        for page in sorted((ROOT / "docs").glob("*.md")):
            if page.name != "README.md" and f"]({page.name})" not in index:
                found.append(f"docs/{page.name} is not in docs/README.md")
            count = len(page.read_text().splitlines())
            if count > LONGEST_PAGE and page.name not in GENERATED_PAGES:
                found.append(f"docs/{page.name} has {count} lines")
        self.none(found, f"a page of the manual has at most {LONGEST_PAGE} lines and is listed")

    def test_nothing_names_a_path_of_somebodys_machine(self):
        found = []
        for path in tracked_files():
            if path == pathlib.Path(__file__).resolve():
                continue
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                match = PRIVATE_PATH.search(line)
                if match:
                    found.append(f"{place(path, number)}: {match[0]}")
        self.none(found, "paths of a developer's machine")


if __name__ == "__main__":
    unittest.main()
