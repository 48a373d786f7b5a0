// The texts that administrators edit: who may be edited, what is kept, what an import does.
#include "store/texts.h"

#include <cstdlib>
#include <functional>
#include <stdexcept>

#include <sys/stat.h>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/text.h"
#include "store/sqlite/sqlite_store.h"
#include "store/texts_folder.h"
#include "sys/file.h"
#include "sys/loop.h"

namespace posada::store {

namespace {

// A grammar of the test: every line must be `key: value`.
void check_lines(std::string_view, std::string_view text) {
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    if (!line.empty() && line.find(": ") == std::string::npos) {
      throw Error::failed("test.grammar", "unable to parse '" + line + "'",
                          {{"line", std::to_string(number)}});
    }
  }
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = "/tmp/posada-texts-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = pattern;
  }
  ~TemporaryFolder() { sys::remove_tree(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Context {
  Mirror& mirror;
  Texts& texts;
  std::string& view_text;
};
using TextsBody = sys::Async<void> (*)(Context);

sys::Async<void> run_texts_in(std::string file, sys::Executor executor, sys::Clock& clock,
                              TextsBody body) {
  SqliteStore store(executor, clock, {file, 100});
  Mirror mirror(store, executor);
  co_await mirror.start();
  Texts texts(mirror);
  std::string view_text = "user: root@pam\n";
  texts.add(Texts::Grammar{"storage.cfg", check_lines, {}});
  texts.add(Texts::Grammar{"priv/shadow.cfg", check_lines, {}});
  texts.add(Texts::Grammar{
      "nodes/*/qemu-server/*.conf", check_lines,
      [](std::string_view key, const std::optional<std::string>& text, Transaction& transaction) {
        const std::string claim = "claim/" + sha1_hex(key);
        if (text) {
          transaction.put(claim, std::string(key));
        } else {
          transaction.erase(claim);
        }
      }});
  texts.add(Texts::View{"user.cfg", [&view_text] { return view_text; }, check_lines,
                        [&view_text](std::string text) -> sys::Async<void> {
                          view_text = std::move(text);
                          return sys::yield_to_loop();
                        }});
  co_await body(Context{mirror, texts, view_text});
  co_await mirror.stop();
}

void run_texts(TextsBody body) {
  const TemporaryFolder folder;
  sys::SystemClock clock;
  sys::Loop loop;
  loop.run(run_texts_in(folder.path() + "/store.db", loop.executor(), clock, body));
}

// The wire text of the Error that the work throws.
sys::Async<std::string> refusal(sys::Async<void> work) {
  try {
    co_await std::move(work);
  } catch (const Error& error) {
    co_return error.wire();
  }
  co_return std::string();
}

std::string refusal_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.wire();
  }
  return "";
}

const std::string guest = "nodes/n1/qemu-server/100.conf";

sys::Async<void> put_and_get(Context context) {
  co_await context.texts.put(guest, "memory: 512\n");
  EXPECT_EQ(context.texts.get(guest).text, "memory: 512\n");
  EXPECT_EQ(context.texts.get(guest).digest, sha1_hex("memory: 512\n"));
  EXPECT_EQ(context.mirror.list("claim/").size(), 1U) << "what belongs to it came along";
  EXPECT_EQ(context.texts.get("user.cfg").text, "user: root@pam\n");
  co_await context.texts.put("user.cfg", "user: other@pam\n");
  EXPECT_EQ(context.view_text, "user: other@pam\n");
  EXPECT_EQ(context.texts.keys(), (std::vector<std::string>{guest, "user.cfg"}));
  EXPECT_EQ(context.texts.keys("nodes/"), (std::vector<std::string>{guest}));
  co_await context.texts.remove(guest);
  EXPECT_TRUE(context.mirror.list("claim/").empty());
  EXPECT_EQ(refusal_of([&] { context.texts.get(guest); }), "text '" + guest + "' does not exist");
  EXPECT_EQ(co_await refusal(context.texts.remove(guest)), "text '" + guest + "' does not exist");
}

sys::Async<void> records_are_hidden(Context context) {
  Transaction transaction;
  transaction.put("guest/100", "{}").put("storage.cfg", "dir: local\n");
  co_await context.mirror.commit(std::move(transaction));
  EXPECT_EQ(context.texts.keys(), (std::vector<std::string>{"storage.cfg", "user.cfg"}));
  EXPECT_NE(refusal_of([&] { context.texts.get("guest/100"); }), "");
  EXPECT_EQ(co_await refusal(context.texts.put("guest/100", "a: b")),
            "'guest/100' is not the name of a configuration text");
  EXPECT_EQ(context.mirror.find("guest/100")->value, "{}");
}

sys::Async<void> malformed_is_refused(Context context) {
  co_await context.texts.put(guest, "memory: 512\n");
  EXPECT_EQ(co_await refusal(context.texts.put(guest, "memory: 512\ncores 2\n")),
            guest + ":2: unable to parse 'cores 2'");
  EXPECT_EQ(co_await refusal(context.texts.put("user.cfg", "x")),
            "user.cfg:1: unable to parse 'x'");
  EXPECT_EQ(context.texts.get(guest).text, "memory: 512\n");
  EXPECT_EQ(context.view_text, "user: root@pam\n");
  const std::string large = "a: " + std::string(max_value_bytes, 'x');
  EXPECT_NE(co_await refusal(context.texts.put(guest, large)), "");
}

sys::Async<void> digests(Context context) {
  co_await context.texts.put(guest, "memory: 512\n");
  const std::string digest = context.texts.get(guest).digest;
  co_await context.texts.put(guest, "memory: 1024\n", digest);
  const std::string changed =
      "detected modified configuration - file changed by other user? Try again.";
  EXPECT_EQ(co_await refusal(context.texts.put(guest, "memory: 1\n", digest)), changed);
  EXPECT_EQ(co_await refusal(context.texts.remove(guest, digest)), changed);
  EXPECT_EQ(co_await refusal(context.texts.put("user.cfg", "a: b", digest)), changed);
  EXPECT_EQ(context.texts.get(guest).text, "memory: 1024\n");
}

sys::Async<void> history(Context context) {
  const int rounds = 25;
  for (int i = 0; i < rounds; ++i) {
    co_await context.texts.put(guest, "memory: " + std::to_string(i) + "\n");
  }
  const std::vector<Texts::Version> versions = context.texts.versions(guest);
  EXPECT_EQ(versions.size(), Texts::kept_versions);
  EXPECT_EQ(context.texts.get(versions.back().key).text, "memory: 23\n");
  EXPECT_EQ(context.texts.get(versions.front().key).text, "memory: 14\n");
  co_await context.texts.put(guest, "memory: 24\n");
  EXPECT_EQ(context.texts.versions(guest).back().key, versions.back().key)
      << "the same text again is no change";
  co_await context.texts.remove(guest);
  EXPECT_EQ(context.texts.get(context.texts.versions(guest).back().key).text, "memory: 24\n")
      << "a removed text can be had back";
  EXPECT_EQ(context.texts.keys(), (std::vector<std::string>{"user.cfg"}));
}

std::string guest_key(int id) {
  return "nodes/n1/qemu-server/" + std::to_string(id) + ".conf";
}

sys::Async<void> import_many(Context context) {
  co_await context.texts.put(guest_key(100), "memory: 1\n");
  co_await context.texts.put("storage.cfg", "dir: local\n");
  std::map<std::string, std::string> texts;
  for (int id = 100; id < 400; ++id) {
    texts[guest_key(id)] = "memory: " + std::to_string(id) + "\n" +
                           (id % 50 == 0 ? "x: " + std::string(200'000, 'y') : "");
  }
  texts["user.cfg"] = "user: imported@pam\n";
  co_await context.texts.import_all(texts);
  texts["storage.cfg"] = "dir: local\n";
  EXPECT_EQ(context.texts.all(), texts);
  EXPECT_EQ(context.mirror.list("claim/").size(), 300U);
  EXPECT_EQ(context.texts.versions(guest_key(100)).size(), 1U);
  EXPECT_TRUE(context.mirror.list("staging/").empty());
}

sys::Async<void> import_bad(Context context) {
  co_await context.texts.put(guest_key(100), "memory: 1\n");
  const Revision before = context.mirror.revision();
  std::map<std::string, std::string> texts{{guest_key(100), "memory: 2\n"},
                                           {guest_key(101), "memory: 3\n\nbad\n"}};
  EXPECT_EQ(co_await refusal(context.texts.import_all(texts)),
            guest_key(101) + ":3: unable to parse 'bad'");
  texts = {{guest_key(100), "memory: 2\n"}, {"notes.txt", "a: b\n"}};
  EXPECT_EQ(co_await refusal(context.texts.import_all(texts)),
            "'notes.txt' is not the name of a configuration text");
  EXPECT_EQ(context.mirror.revision(), before) << "nothing was written";
}

sys::Async<void> import_interrupted(Context context) {
  Transaction half;
  half.put("staging/import/" + guest_key(100), "memory: 1\n");
  co_await context.mirror.commit(half);
  co_await context.texts.finish_import();
  EXPECT_TRUE(context.mirror.list("staging/").empty());
  EXPECT_EQ(context.mirror.find(guest_key(100)), nullptr) << "half staged: forgotten";
  half.put("staging/import/user.cfg", "user: staged@pam\n").put("staging/import-complete", "");
  co_await context.mirror.commit(half);
  co_await context.texts.finish_import();
  EXPECT_TRUE(context.mirror.list("staging/").empty());
  EXPECT_EQ(context.texts.get(guest_key(100)).text, "memory: 1\n") << "all staged: completed";
  EXPECT_EQ(context.view_text, "user: staged@pam\n");
}

unsigned mode_of(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 ? status.st_mode & 0777U : 0;
}

}  // namespace

TEST(Texts, a_text_is_put_and_got_with_its_digest) {
  run_texts(put_and_get);
}
TEST(Texts, records_are_no_texts) {
  run_texts(records_are_hidden);
}
TEST(Texts, a_malformed_text_is_refused_with_its_line) {
  run_texts(malformed_is_refused);
}
TEST(Texts, a_text_that_others_changed_is_not_overwritten) {
  run_texts(digests);
}
TEST(Texts, what_is_overwritten_is_kept_a_few_times) {
  run_texts(history);
}
TEST(Texts, an_import_of_many_texts_arrives_whole) {
  run_texts(import_many);
}
TEST(Texts, an_import_with_one_bad_text_changes_nothing) {
  run_texts(import_bad);
}
TEST(Texts, an_interrupted_import_is_completed_or_forgotten) {
  run_texts(import_interrupted);
}

TEST(Texts, a_star_stands_for_one_name) {
  const std::string pattern = "nodes/*/qemu-server/*.conf";
  EXPECT_TRUE(matches(pattern, "nodes/n1/qemu-server/100.conf"));
  EXPECT_TRUE(matches(pattern, "nodes/n1/qemu-server/a.conf.conf"));
  EXPECT_FALSE(matches(pattern, "nodes/n1/qemu-server/.conf"));
  EXPECT_FALSE(matches(pattern, "nodes/n1/x/qemu-server/100.conf"));
  EXPECT_FALSE(matches(pattern, "nodes/n1/qemu-server/100.conf.old"));
  EXPECT_FALSE(matches(pattern, "nodes//qemu-server/100.conf"));
  EXPECT_TRUE(matches("storage.cfg", "storage.cfg"));
  EXPECT_FALSE(matches("storage.cfg", "storage.cfgs"));
}

TEST(TextsFolder, texts_go_out_and_come_back) {
  const TemporaryFolder folder;
  const std::map<std::string, std::string> texts{{"storage.cfg", "dir: local\n"},
                                                 {"priv/shadow.cfg", "secret: x\n"},
                                                 {"priv/acme/account.pem", "secret: y\n"},
                                                 {guest, "memory: 512\n"},
                                                 {"empty", ""}};
  const std::string target = folder.path() + "/out/there";
  write_texts(target, texts);
  write_texts(target, texts);
  EXPECT_EQ(read_texts(target), texts);
  EXPECT_EQ(mode_of(target + "/priv"), 0700U);
  EXPECT_EQ(mode_of(target + "/priv/shadow.cfg"), 0600U);
  EXPECT_EQ(mode_of(target + "/priv/acme/account.pem"), 0600U);
  EXPECT_EQ(mode_of(target + "/storage.cfg"), 0644U);
}

TEST(TextsFolder, a_link_is_refused_by_name) {
  const TemporaryFolder folder;
  sys::write_file(folder.path() + "/storage.cfg", "dir: local\n");
  const std::string link = folder.path() + "/user.cfg";
  ASSERT_EQ(symlink("/etc/passwd", link.c_str()), 0);
  EXPECT_NE(refusal_of([&] { read_texts(folder.path()); }).find(link), std::string::npos);
}

TEST(TextsFolder, a_missing_folder_is_named) {
  EXPECT_NE(refusal_of([] { read_texts("/nonexistent/folder"); }).find("/nonexistent/folder"),
            std::string::npos);
}

}  // namespace posada::store
