# What the dev commands share. Sourced, never run.

say() { printf '\033[1m%s\033[0m\n' "$*"; }
die() { printf 'dev: %s\n' "$*" >&2; exit 1; }

# Lists of packages (tools/dev/packages/NAME): one name a line, '#' comments. `name?command` is
# wanted only where the command is missing (it may have come from elsewhere).
packages_of() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$@"; }

missing_packages() {
  local name command
  for name in $(packages_of "$@"); do
    case $name in
      *\?*)
        command=${name#*\?}
        name=${name%%\?*}
        command -v "$command" >/dev/null && continue
        ;;
    esac
    dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || echo "$name"
  done
}

# ensure_packages FILE… : installs what is missing of these lists.
ensure_packages() {
  local missing
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ]; then
    die "these Debian packages are missing; install them as root and try again:
  apt-get install $(echo $missing)"
  fi
  say "Installing $(echo "$missing" | wc -w) Debian packages"
  # shellcheck disable=SC2086
  export DEBIAN_FRONTEND=noninteractive
  apt_quietly update
  apt_quietly install -y --no-install-recommends $missing
}

apt_quietly() {
  local log
  log=$(mktemp)
  if ! apt-get -qq "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    die "apt-get $1 failed"
  fi
  rm -f "$log"
}

build_folder() { echo "build/${1:-release}"; }

# build PRESET TARGET… : configures when needed and builds.
build() {
  local preset=$1
  shift
  local folder
  folder=$(build_folder "$preset")
  # A first build is a whole one: in batches (see cmake/modules.cmake).
  [ -f "$folder/build.ninja" ] || cmake --preset "$preset" -DPOSADA_UNITY=ON >/dev/null ||
    die "the configuration failed"
  ninja -C "$folder" "$@"
}

# The web page: npm packages once for each lock file, then the bundle when a source is newer.
build_page() {
  local stamp=web/node_modules/.installed-for
  local lock
  lock=$(sha256sum web/package-lock.json | cut -d' ' -f1)
  if [ "$(cat "$stamp" 2>/dev/null)" != "$lock" ]; then
    say "Installing the page's npm packages"
    (cd web && npm ci --no-audit --no-fund --loglevel=error) || die "npm ci failed"
    echo "$lock" >"$stamp"
  fi
  # What the program can do is part of the page: a new method makes a new page.
  (cd web && npm run --silent generate) || die "the page's types cannot be made"
  if [ ! -f web/dist/index.html ] || [ -n "$(find web -path web/node_modules -prune -o -path web/dist -prune -o -type f -newer web/dist/index.html -print -quit)" ]; then
    say "Building the page"
    (cd web && npm run --silent build) || die "the page does not build"
  fi
}

# --root DIR --port N --yes → $root (absolute), $port, $yes
parse_node_options() {
  root=$PWD/.posada port= yes=
  while [ $# -gt 0 ]; do
    case $1 in
      --root) root=${2:?--root needs a folder}; shift 2 ;;
      --port) port=${2:?--port needs a number}; shift 2 ;;
      --yes) yes=1; shift ;;
      *) die "unknown option '$1' (known: --root DIR, --port N, --yes)" ;;
    esac
  done
  root=$(readlink -m "$root")
}
