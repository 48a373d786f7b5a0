// What only the SQLite backend can suffer: power cuts, a full disk, a second daemon, a newer file.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

#include "contract/store/backend.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/sqlite_store.h"
#include "sys/file.h"

namespace posada::store::testing {

namespace {

constexpr int keys_a_commit = 5;

// The child of the kill test: commits numbers into five keys at once and writes a line for each
// commit that was acknowledged.
sys::Async<void> commit_for_ever(sys::Executor executor, sys::Clock& clock, std::string file) {
  SqliteStore store(executor, clock, {file, 50});
  const std::optional<Entry> last = co_await store.get("n/0");
  for (int number = last ? std::stoi(last->value) + 1 : 1;; ++number) {
    Transaction transaction;
    for (int key = 0; key < keys_a_commit; ++key) {
      transaction.put("n/" + std::to_string(key), std::to_string(number));
    }
    transaction.put("large", std::string(static_cast<std::size_t>(number % 20) * 1000, 'x'));
    co_await store.commit(std::move(transaction));
    const std::string line = std::to_string(number) + "\n";
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) co_return;
  }
}

struct Writer {
  int pid = 0;
  int output = -1;
};

Writer start_writer(const std::string& file) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string program = "/proc/self/exe";
  std::string filter = "--gtest_filter=SqliteWriter.DISABLED_commits_until_killed";
  std::string also = "--gtest_also_run_disabled_tests";
  std::string quiet = "--gtest_brief=1";
  char* const arguments[] = {program.data(), filter.data(), also.data(), quiet.data(), nullptr};
  std::string variable = "POSADA_TEST_STORE=" + file;
  char* const environment[] = {variable.data(), nullptr};
  Writer writer;
  const int result =
      posix_spawn(&writer.pid, program.c_str(), &actions, nullptr, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  writer.output = ends[0];
  if (result != 0) throw std::runtime_error("the writer does not start");
  return writer;
}

// Reads what the writer acknowledges until `enough` more lines came, kills it, reads the rest.
int kill_after(const Writer& writer, int enough) {
  std::string text;
  char piece[4096];
  int lines = 0;
  bool killed = false;
  while (true) {
    const ssize_t count = read(writer.output, piece, sizeof piece);
    if (count <= 0) break;
    text.append(piece, static_cast<std::size_t>(count));
    lines += static_cast<int>(std::count(piece, piece + count, '\n'));
    if (lines >= enough && !killed) {
      kill(writer.pid, SIGKILL);
      killed = true;
    }
  }
  close(writer.output);
  waitpid(writer.pid, nullptr, 0);
  // The last whole line that is a number; gtest's own lines are not.
  int last = 0;
  std::size_t start = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
    const std::string line = text.substr(start, end - start);
    if (!line.empty() && line.find_first_not_of("0123456789") == std::string::npos) {
      last = std::stoi(line);
    }
    start = end + 1;
  }
  return last;
}

sys::Async<void> expect_whole(sys::Executor executor, sys::Clock& clock, std::string file,
                              int acknowledged) {
  SqliteStore store(executor, clock, {file, 50});
  const Snapshot snapshot = co_await store.list("n/");
  if (acknowledged == 0 && snapshot.entries.empty()) co_return;
  require(snapshot.entries.size() == keys_a_commit, "all keys of a commit are there");
  for (const Entry& entry : snapshot.entries) {
    EXPECT_EQ(entry.value, snapshot.entries[0].value) << "no commit is there by half";
    EXPECT_EQ(entry.modified, snapshot.revision.number);
  }
  EXPECT_GE(std::stoi(snapshot.entries[0].value), acknowledged) << "what was acknowledged is there";
}

using Body = sys::Async<void> (*)(sys::Executor, sys::Clock&, std::string);

void run_with_file(Body body, const std::string& file) {
  sys::SystemClock clock;
  sys::Loop loop;
  loop.run(body(loop.executor(), clock, file));
}

std::string open_error(const std::string& file) {
  sys::SystemClock clock;
  sys::Loop loop;
  try {
    SqliteStore store(loop.executor(), clock, {file, 50});
  } catch (const Error& error) {
    EXPECT_NE(error.wire().find(file), std::string::npos) << error.wire();
    EXPECT_FALSE(error.hint().empty());
    return error.code();
  }
  return "";
}

sys::Async<void> fill_up(sys::Executor executor, sys::Clock& clock, std::string file) {
  SqliteStore store(executor, clock, {file, 1000});
  int written = 0;
  std::string failure;
  for (int i = 0; i < 1000 && failure.empty(); ++i) {
    Transaction transaction;
    transaction.put("big/" + std::to_string(i), std::string(60'000, 'x'));
    transaction.put("count", std::to_string(i + 1));
    try {
      co_await store.commit(std::move(transaction));
      written = i + 1;
    } catch (const Error& error) {
      failure = error.code();
      EXPECT_NE(error.wire().find(file), std::string::npos) << error.wire();
      EXPECT_NE(error.wire().find("no space left"), std::string::npos) << error.wire();
      EXPECT_NE(error.hint().find("Free space"), std::string::npos) << error.hint();
    }
  }
  EXPECT_EQ(failure, "store.full");
  EXPECT_GT(written, 5);
  EXPECT_EQ((co_await store.get("count"))->value, std::to_string(written)) << "reads go on";
  EXPECT_EQ((co_await store.list("big/")).entries.size(), static_cast<std::size_t>(written));
  const Snapshot before = co_await store.list("");
  Transaction again;
  again.put("big/again", std::string(60'000, 'x'));
  EXPECT_EQ(co_await error_code(store.commit(again)), "store.full");
  EXPECT_EQ((co_await store.list("")).revision, before.revision) << "nothing is half-made";
  sys::remove_file(file + ".ballast");
  EXPECT_TRUE((co_await store.commit(again)).applied) << "usable when there is room again";
  EXPECT_TRUE((co_await store.get("big/again")).has_value());
}

sys::Async<void> check_after_full(sys::Executor executor, sys::Clock& clock, std::string file) {
  SqliteStore store(executor, clock, {file, 1000});
  EXPECT_TRUE((co_await store.get("big/again")).has_value());
}

sys::Async<void> put_one(sys::Executor executor, sys::Clock& clock, std::string file) {
  SqliteStore store(executor, clock, {file, 50});
  Transaction transaction;
  transaction.put("a", "1");
  co_await store.commit(std::move(transaction));
}

sys::Async<void> expect_one(sys::Executor executor, sys::Clock& clock, std::string file) {
  SqliteStore store(executor, clock, {file, 50});
  const std::optional<Entry> entry = co_await store.get("a");
  require(entry.has_value(), "the key is still there");
  EXPECT_EQ(entry->value, "1");
}

sys::Async<void> lease_then_reopen(sys::Executor executor, sys::Clock& clock, std::string file) {
  std::uint64_t lease = 0;
  {
    SqliteStore store(executor, clock, {file, 50});
    lease = co_await store.grant_lease(std::chrono::seconds(1));
    Transaction transaction;
    transaction.put("alive", "x", lease);
    co_await store.commit(std::move(transaction));
  }
  SqliteStore store(executor, clock, {file, 50});
  EXPECT_TRUE((co_await store.get("alive")).has_value());
  EXPECT_TRUE(co_await store.renew_lease(lease)) << "its holder can go on";
  for (int i = 0; i < 200 && co_await store.get("alive"); ++i) {
    co_await clock.sleep(sys::Milliseconds(50));
  }
  EXPECT_FALSE((co_await store.get("alive")).has_value()) << "and it ends when nobody does";
}

}  // namespace

TEST(SqliteWriter, DISABLED_commits_until_killed) {
  const char* file = getenv("POSADA_TEST_STORE");
  if (file == nullptr) GTEST_SKIP() << "started by the kill test only";
  run_with_file(commit_for_ever, file);
}

TEST(SqliteFaults, a_writer_killed_at_any_moment_loses_no_acknowledged_commit) {
  const TemporaryFolder folder;
  const std::string file = folder.file("store.db");
  sys::SystemClock clock;
  for (int round = 0; round < 40; ++round) {
    const Writer writer = start_writer(file);
    const int acknowledged = kill_after(writer, 1 + (round * 7) % 31);
    EXPECT_GT(acknowledged, 0);
    sys::Loop loop;
    loop.run(expect_whole(loop.executor(), clock, file, acknowledged));
  }
}

TEST(SqliteFaults, a_full_disk_refuses_writes_and_is_over_when_there_is_room) {
  const TemporaryFolder folder;
  if (geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
    GTEST_SKIP() << "needs to mount a tmpfs";
  }
  struct Unmount {
    std::string path;
    ~Unmount() { umount2(path.c_str(), MNT_DETACH); }
  } unmount{folder.path()};
  const std::string file = folder.file("store.db");
  sys::write_file(file + ".ballast", std::string(1'000'000, 'x'));
  run_with_file(fill_up, file);
  run_with_file(check_after_full, file);
}

TEST(SqliteFaults, a_second_daemon_is_kept_out) {
  const TemporaryFolder folder;
  const std::string file = folder.file("store.db");
  const Writer writer = start_writer(file);
  pollfd waiting{writer.output, POLLIN, 0};
  ASSERT_EQ(poll(&waiting, 1, 20'000), 1) << "the first one works";
  EXPECT_EQ(open_error(file), "store.in-use");
  kill_after(writer, 0);
  EXPECT_EQ(open_error(file), "") << "a killed one leaves no lock behind";
}

TEST(SqliteFaults, a_lease_outlives_a_restart_and_still_ends) {
  const TemporaryFolder folder;
  run_with_file(lease_then_reopen, folder.file("store.db"));
}

TEST(SqliteFaults, the_file_is_for_its_owner_only) {
  const TemporaryFolder folder;
  const std::string file = folder.file("store.db");
  EXPECT_EQ(open_error(file), "");
  struct stat status{};
  ASSERT_EQ(stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(SqliteFaults, what_is_no_store_is_refused_and_left_alone) {
  const TemporaryFolder folder;
  const std::string file = folder.file("store.db");
  const std::string text(10'000, 'x');
  sys::write_file(file, text);
  EXPECT_EQ(open_error(file), "store.damaged");
  EXPECT_EQ(sys::read_file(file), text);
}

TEST(SqliteMigrations, a_newer_file_is_refused_and_left_alone) {
  const TemporaryFolder folder;
  const std::string file = folder.file("store.db");
  run_with_file(put_one, file);
  const std::uint64_t known = migrations().back().to;
  {
    Database database(file);
    database.execute(("PRAGMA user_version=" + std::to_string(known + 1)).c_str());
  }
  EXPECT_EQ(open_error(file), "store.newer");
  {
    Database database(file);
    database.execute(("PRAGMA user_version=" + std::to_string(known)).c_str());
  }
  run_with_file(expect_one, file);
}

TEST(SqliteMigrations, steps_run_in_order_once_each) {
  const TemporaryFolder folder;
  Database database(folder.file("store.db"));
  std::vector<Migration> steps{{1, "CREATE TABLE t (a)"}, {2, "INSERT INTO t VALUES (2)"}};
  migrate(database, steps);
  migrate(database, steps);
  steps.push_back({3, "INSERT INTO t VALUES (3)"});
  migrate(database, steps);
  Statement statement(database, "SELECT count(*), sum(a) FROM t");
  Statement::Rows rows = statement.query();
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer(0), 2U);
  EXPECT_EQ(rows.integer(1), 5U);
}

TEST(SqliteMigrations, a_step_that_fails_leaves_the_file_at_the_step_before) {
  const TemporaryFolder folder;
  Database database(folder.file("store.db"));
  const std::vector<Migration> broken{
      {1, "CREATE TABLE t (a)"}, {2, "INSERT INTO t VALUES (2); INSERT INTO missing VALUES (1)"}};
  EXPECT_THROW(migrate(database, broken), Error);
  const std::vector<Migration> repaired{{1, "CREATE TABLE t (a)"}, {2, "INSERT INTO t VALUES (7)"}};
  migrate(database, repaired);
  Statement statement(database, "SELECT count(*), sum(a) FROM t");
  Statement::Rows rows = statement.query();
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer(0), 1U);
  EXPECT_EQ(rows.integer(1), 7U);
}

TEST(SqliteMigrations, their_numbers_only_grow) {
  std::uint64_t last = 0;
  for (const Migration& step : migrations()) {
    EXPECT_EQ(step.to, last + 1);
    last = step.to;
  }
}

}  // namespace posada::store::testing
