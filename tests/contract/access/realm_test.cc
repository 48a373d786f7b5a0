// What every realm that checks passwords here must do, on PAM with a configuration of its own and
// on the built-in password realm.
#include <gtest/gtest.h>

#include "access/realms.h"
#include "contract/access/node.h"

namespace posada::access {
namespace {

using posada::testing::Node;
using posada::testing::refusal;

struct Fixture {
  Node node;
  std::unique_ptr<Realm> realm;
};

// A PAM configuration whose users and passwords lie in files (tests/support/pam_module.cc), so that
// the whole way through PAM is real and no account of the host is touched.
void write_pam_configuration(const std::string& folder) {
  sys::make_directories(folder + "/users");
  sys::make_directories(folder + "/pam.d");
  const std::string module = Node::program("libposada_test_pam.so") + " " + folder + "/users\n";
  sys::write_file(folder + "/pam.d/posada", "auth required " + module + "account required " +
                                                module + "password required " + module);
}

struct RealmKind {
  std::string name;
  std::unique_ptr<Realm> (*make)(Node&);
};

void PrintTo(const RealmKind& kind, std::ostream* out) {
  *out << kind.name;
}

const RealmKind realm_kinds[] = {
    {"pam",
     [](Node& node) -> std::unique_ptr<Realm> {
       write_pam_configuration(node.folder);
       return std::make_unique<PamRealm>(*node.helper, node.folder + "/pam.d");
     }},
    {"pve",
     [](Node& node) -> std::unique_ptr<Realm> {
       RealmSettings settings;
       settings.argon2_memory_kib = posada::testing::cheap_memory_kib;
       settings.argon2_passes = 1;
       return std::make_unique<PasswordRealm>(*node.helper, *node.mirror, "pve", settings);
     }},
};

class RealmContract : public ::testing::TestWithParam<RealmKind> {
 protected:
  RealmContract() : realm_(GetParam().make(node_)) {}

  static sys::Async<void> set_password(Node& node, Realm& realm, std::string user,
                                       std::string password) {
    store::Transaction transaction;
    for (const store::Put& put : co_await realm.new_password(user, password)) {
      transaction.put(put.key, put.value);
    }
    if (!transaction.operations.empty()) co_await node.mirror->commit(std::move(transaction));
  }
  sys::Async<std::string> refused(std::string user, std::string password) {
    return refusal(realm_->authenticate(std::move(user), std::move(password), "192.0.2.1"));
  }

  Node node_;
  std::unique_ptr<Realm> realm_;
};

TEST_P(RealmContract, the_password_that_was_set_opens_and_no_other) {
  node_.run([this]() -> sys::Async<void> {
    co_await set_password(node_, *realm_, "max", "correct horse");
    EXPECT_EQ(co_await refused("max", "correct horse"), "");
    for (const char* wrong : {"correct hors", "correct horse ", "Correct horse", "x"}) {
      EXPECT_EQ(co_await refused("max", wrong), "authentication failure") << wrong;
    }
  });
}

TEST_P(RealmContract, a_user_without_a_password_is_refused_like_a_wrong_one) {
  node_.run([this]() -> sys::Async<void> {
    EXPECT_EQ(co_await refused("ghost", "anything"), "authentication failure");
  });
}

TEST_P(RealmContract, a_new_password_ends_the_old_one) {
  node_.run([this]() -> sys::Async<void> {
    co_await set_password(node_, *realm_, "max", "first password");
    co_await set_password(node_, *realm_, "max", "second password");
    EXPECT_EQ(co_await refused("max", "first password"), "authentication failure");
    EXPECT_EQ(co_await refused("max", "second password"), "");
  });
}

TEST_P(RealmContract, passwords_may_hold_any_text) {
  node_.run([this]() -> sys::Async<void> {
    const std::string odd = "ñ\"'\\ $(id) ; %s 密码";
    co_await set_password(node_, *realm_, "max", odd);
    EXPECT_EQ(co_await refused("max", odd), "");
    EXPECT_EQ(co_await refused("max", odd + std::string("\0x", 2)), "authentication failure");
  });
}

TEST_P(RealmContract, many_sign_ins_at_once_wait_in_line) {
  node_.run([this]() -> sys::Async<void> {
    co_await set_password(node_, *realm_, "max", "correct horse");
    sys::Scope scope(node_.loop.executor());
    int right = 0;
    const auto one = [](Realm& realm, int& count) -> sys::Async<void> {
      co_await realm.authenticate("max", "correct horse", "192.0.2.1");
      ++count;
    };
    for (int i = 0; i < 12; ++i) scope.spawn("sign-in", one(*realm_, right));
    co_await scope.join();
    EXPECT_EQ(right, 12);
  });
}

TEST(PamRealm, an_account_that_may_not_come_in_is_refused_with_the_right_password_too) {
  Node node;
  write_pam_configuration(node.folder);
  PamRealm realm(*node.helper, node.folder + "/pam.d");
  sys::write_file(node.folder + "/users/max", "correct horse");
  sys::write_file(node.folder + "/users/max.locked", "");
  node.run([&realm]() -> sys::Async<void> {
    EXPECT_EQ(co_await refusal(realm.authenticate("max", "correct horse", "192.0.2.1")),
              "authentication failure");
  });
}

INSTANTIATE_TEST_SUITE_P(Every, RealmContract, ::testing::ValuesIn(realm_kinds),
                         [](const auto& kind) { return kind.param.name; });

TEST(AuthHelper, a_program_that_is_missing_or_says_nothing_is_a_fault_of_ours_not_of_the_password) {
  Node node;
  node.run([&node]() -> sys::Async<void> {
    AuthHelper missing({"/nonexistent/posada-worker", "auth"}, node.loop.executor());
    EXPECT_NE(co_await refusal(missing.ask({{"task", "hash"}})), "");
    AuthHelper silent({"true"}, node.loop.executor());
    EXPECT_EQ(co_await refusal(silent.ask({{"task", "hash"}})),
              "the sign-in helper failed: it gave no answer");
    EXPECT_NE((co_await refusal(node.helper->ask({{"task", "nonsense"}}))).find("nonsense"),
              std::string::npos);
  });
}

TEST(AuthHelper, who_waits_for_a_starved_machine_is_told_to_try_again) {
  Node node;
  node.run([&node]() -> sys::Async<void> {
    AuthHelper starved({"sleep", "60"}, node.loop.executor(), sys::Milliseconds(50));
    ErrorKind kind = ErrorKind::failed;
    try {
      co_await starved.ask({{"task", "hash"}});
    } catch (const Error& error) {
      kind = error.kind();
    }
    EXPECT_EQ(kind, ErrorKind::overloaded) << "503 with Retry-After, not a fault of ours";
  });
}

TEST(AuthHelper, more_sign_ins_than_can_wait_are_refused_as_overload) {
  Node node;
  node.run([&node]() -> sys::Async<void> {
    AuthHelper slow({"sleep", "0.2"}, node.loop.executor());
    sys::Scope scope(node.loop.executor());
    int overloaded = 0;
    const auto one = [](AuthHelper& helper, int& count) -> sys::Async<void> {
      const std::string text = co_await refusal(helper.ask({}));
      if (text.find("too many sign-ins") != std::string::npos) ++count;
    };
    for (int i = 0; i < 70; ++i) scope.spawn("ask", one(slow, overloaded));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (overloaded < 4 && std::chrono::steady_clock::now() < deadline)
      co_await sys::yield_to_loop();
    scope.stop();
    co_await scope.join();
    EXPECT_EQ(overloaded, 4);
    // Those that were cancelled gave their places back.
    EXPECT_EQ(co_await refusal(slow.ask({})), "the sign-in helper failed: it gave no answer");
  });
}

}  // namespace
}  // namespace posada::access
