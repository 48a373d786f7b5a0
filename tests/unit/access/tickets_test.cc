#include "access/tickets.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "unit/access/manual_clock.h"

namespace posada::access {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class TicketsOf : public ::testing::Test {
 protected:
  TicketsOf() { tickets_.use_keys(keys_); }

  TicketKeys make_keys(char fill) const {
    return {make_signing_key(std::string(32, fill), clock_.wall_seconds()), std::nullopt,
            std::string(32, 'c')};
  }

  testing::ManualClock clock_;
  TicketKeys keys_ = make_keys('a');
  Tickets tickets_{clock_};
  const ConsoleTarget console_{{"max@pve", "ci"}, "/vms/100", 5901};
};

TEST_F(TicketsOf, a_ticket_has_the_shape_that_clients_take_apart) {
  const std::string ticket = tickets_.make("max@pve");
  EXPECT_EQ(ticket.substr(0, 12), "PVE:max@pve:");
  EXPECT_EQ(ticket.find("::"), 20U);
  EXPECT_TRUE(from_base64(ticket.substr(22)));
  EXPECT_EQ(tickets_.user_of(ticket), "max@pve");
}

TEST_F(TicketsOf, a_ticket_ends_after_two_hours) {
  const std::string ticket = tickets_.make("max@pve");
  clock_.pass(hours(2) - seconds(1));
  EXPECT_EQ(tickets_.user_of(ticket), "max@pve");
  clock_.pass(seconds(1));
  EXPECT_FALSE(tickets_.user_of(ticket));
}

TEST_F(TicketsOf, a_ticket_from_the_future_counts_only_within_five_minutes) {
  const std::string ticket = tickets_.make("max@pve");
  clock_.set_wall_back(minutes(5) - seconds(1));
  EXPECT_TRUE(tickets_.user_of(ticket));
  clock_.set_wall_back(seconds(1));
  EXPECT_FALSE(tickets_.user_of(ticket));
}

TEST_F(TicketsOf, any_changed_byte_makes_a_ticket_worthless) {
  const std::string ticket = tickets_.make("max@pve");
  for (std::size_t i = 0; i < ticket.size(); ++i) {
    std::string forged = ticket;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    // The padding's unused bits do not count for base64.
    if (tickets_.user_of(forged)) {
      EXPECT_EQ(from_base64(forged.substr(22)), from_base64(ticket.substr(22))) << i;
    }
  }
  for (const char* bad : {"", "PVE", "PVE:", "PVE:max@pve::", "::", "PVE:max@pve:6745A0F1::",
                          "PVE:max@pve:6745A0F1::AAAA", "PVE:::::"}) {
    EXPECT_FALSE(tickets_.user_of(bad)) << bad;
  }
}

TEST_F(TicketsOf, a_ticket_signed_with_someone_elses_key_is_refused) {
  Tickets others(clock_);
  others.use_keys(make_keys('b'));
  EXPECT_FALSE(tickets_.user_of(others.make("root@pam")));
}

TEST_F(TicketsOf, the_previous_key_counts_for_what_it_signed_before_the_change) {
  const std::string before = tickets_.make("max@pve");
  Tickets old = tickets_;
  clock_.pass(minutes(30));
  TicketKeys next = make_keys('b');
  next.previous = keys_.current;
  tickets_.use_keys(next);
  EXPECT_TRUE(tickets_.user_of(before));
  EXPECT_TRUE(tickets_.user_of(tickets_.make("max@pve")));
  // Whoever kept the old key cannot make new tickets with it.
  clock_.pass(minutes(10));
  EXPECT_FALSE(tickets_.user_of(old.make("max@pve")));
}

TEST_F(TicketsOf, half_a_sign_in_names_no_user) {
  EXPECT_FALSE(tickets_.user_of(tickets_.make("!tfa!{\"totp\":true}")));
  EXPECT_FALSE(tickets_.user_of(tickets_.make("!tfa!x@pve")));
}

TEST_F(TicketsOf, without_keys_nothing_is_signed_and_nothing_verifies) {
  const std::string ticket = tickets_.make("max@pve");
  Tickets none(clock_);
  EXPECT_FALSE(none.user_of(ticket));
  EXPECT_THROW(none.make("max@pve"), Error);
}

TEST_F(TicketsOf, a_csrf_token_is_one_users_for_two_hours) {
  const std::string token = tickets_.make_csrf("max@pve");
  EXPECT_EQ(token[8], ':');
  EXPECT_TRUE(tickets_.is_csrf_of(token, "max@pve"));
  EXPECT_FALSE(tickets_.is_csrf_of(token, "root@pam"));
  EXPECT_FALSE(tickets_.is_csrf_of("", "max@pve"));
  EXPECT_FALSE(tickets_.is_csrf_of(token.substr(0, 20), "max@pve"));
  clock_.pass(hours(2));
  EXPECT_FALSE(tickets_.is_csrf_of(token, "max@pve"));
}

TEST_F(TicketsOf, a_console_ticket_begins_with_its_vnc_password) {
  const ConsoleTicket console = tickets_.make_console(console_);
  EXPECT_EQ(console.password.size(), 8U);
  EXPECT_EQ(console.ticket.substr(0, 16), console.password + ":PVEVNC:");
  EXPECT_NE(tickets_.make_console(console_).password, console.password);
}

TEST_F(TicketsOf, a_console_ticket_is_good_for_one_identity_guest_and_port) {
  const std::string ticket = tickets_.make_console(console_).ticket;
  EXPECT_TRUE(tickets_.is_console_ticket(ticket, console_));
  ConsoleTarget other = console_;
  other.identity.token.clear();
  EXPECT_FALSE(tickets_.is_console_ticket(ticket, other));
  other = console_;
  other.path = "/vms/101";
  EXPECT_FALSE(tickets_.is_console_ticket(ticket, other));
  other = console_;
  other.port = 5902;
  EXPECT_FALSE(tickets_.is_console_ticket(ticket, other));
  EXPECT_FALSE(tickets_.is_console_ticket("xxxxxxxx" + ticket.substr(8), console_));
  EXPECT_FALSE(tickets_.user_of(ticket));
  EXPECT_FALSE(tickets_.user_of(ticket.substr(9)));
}

TEST_F(TicketsOf, a_console_ticket_is_used_once_and_soon) {
  const std::string ticket = tickets_.make_console(console_).ticket;
  EXPECT_TRUE(tickets_.use_console_ticket(ticket, console_));
  EXPECT_FALSE(tickets_.use_console_ticket(ticket, console_));
  const std::string late = tickets_.make_console(console_).ticket;
  clock_.pass(seconds(40));
  EXPECT_FALSE(tickets_.use_console_ticket(late, console_));
}

}  // namespace
}  // namespace posada::access
