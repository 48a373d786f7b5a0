// /etc/network/interfaces: stanzas of our cards are rewritten where they stand, with the lines that
// somebody has added; everything else stays as it is.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "rootfs/network.h"

namespace posada::rootfs {

namespace {

constexpr const char* path = "/etc/network/interfaces";
constexpr const char* loopback = "auto lo\niface lo inet loopback\niface lo inet6 loopback\n";

struct Stanza {
  std::string name;
  bool six = false;
  std::vector<std::string> lines;  // of the guest, without indent
};

std::vector<std::string> gateway_scripts(const std::string& gateway, const std::string& name) {
  const std::string host = gateway + " dev " + name, all = "default via " + host;
  return {"post-up ip route add " + host, "post-up ip route add " + all,
          "pre-down ip route del " + all, "pre-down ip route del " + host};
}

// Containers of earlier times carry the scripts without marks.
void drop_unmarked_scripts(std::vector<std::string>& lines, const std::string& gateway,
                           const std::string& name) {
  const auto scripts = gateway_scripts(gateway, name);
  const auto found = std::ranges::search(lines, scripts);
  lines.erase(found.begin(), found.end());
}

class Rewriter {
 public:
  Rewriter(const std::vector<Card>& cards, bool with_prefix, bool has_marks)
      : with_prefix_(with_prefix), has_marks_(has_marks) {
    for (const Card& card : cards) {
      if (is_configured(card)) cards_[card.name] = card;
    }
  }

  void take(const std::string& line) {
    const auto words = split_list(line, " \t");
    if (words.empty()) {
      if (stanza_)
        finish();
      else
        text_ += line + "\n";
    } else if (words[0] == "iface" && words.size() == 4) {
      finish();
      if (!cards_.contains(words[1]))
        text_ += line + "\n";
      else
        stanza_ = Stanza{words[1], words[2] == "inet6", {}};
    } else if (words[0] == "auto") {
      finish();
      for (std::size_t index = 1; index < words.size(); ++index) {
        if (cards_.contains(words[index])) continue;
        text_ += "auto " + words[index] + "\n";
      }
    } else if (stanza_) {
      static const std::set<std::string> ours = {"address", "netmask", "gateway", "broadcast"};
      if (!ours.contains(words[0])) stanza_->lines.emplace_back(trim(line));
    } else {
      text_ += line + "\n";
    }
  }

  std::string end() {
    finish();
    bool first = true;
    for (const auto& [name, card] : cards_) {
      for (const bool six : {false, true}) {
        const Place place = six ? ipv6(card) : ipv4(card);
        if (place.way == Place::Way::none || done_.contains({name, six})) continue;
        if (first) text_ += "\n";
        first = false;
        stanza_ = Stanza{name, six, {}};
        finish();
      }
    }
    return std::move(text_);
  }

 private:
  void finish() {
    if (!stanza_) return;
    Stanza stanza = *std::move(stanza_);
    stanza_.reset();
    const Card& card = cards_.at(stanza.name);
    const Place place = stanza.six ? ipv6(card) : ipv4(card);
    if (place.way == Place::Way::none || !done_.insert({stanza.name, stanza.six}).second) return;
    if (autos_.insert(stanza.name).second) text_ += "auto " + stanza.name + "\n";
    text_ += "iface " + stanza.name + (stanza.six ? " inet6 " : " inet ") + method(place) + "\n";
    if (place.fixed()) add_address(stanza, place);
    for (const std::string& line : stanza.lines) text_ += "\t" + line + "\n";
    text_ += "\n";
  }

  static std::string method(const Place& place) {
    switch (place.way) {
      case Place::Way::dhcp:
        return "dhcp";
      case Place::Way::automatic:
        return "auto";
      case Place::Way::fixed:
        return "static";
      default:
        return "manual";
    }
  }

  void add_address(Stanza& stanza, const Place& place) {
    const Address& address = place.address;
    if (with_prefix_)
      text_ += "\taddress " + address.cidr() + "\n";
    else
      text_ += "\taddress " + address.ip + "\n\tnetmask " +
               (stanza.six ? std::to_string(address.prefix) : address.netmask()) + "\n";
    if (place.gateway.empty()) return;
    if (!has_marks_) drop_unmarked_scripts(stanza.lines, place.gateway, stanza.name);
    if (!place.gateway_outside) {
      text_ += "\tgateway " + place.gateway + "\n";
      return;
    }
    std::string scripts;
    for (const std::string& line : gateway_scripts(place.gateway, stanza.name))
      scripts += "\t" + line + "\n";
    text_ += marked(scripts);
  }

  std::map<std::string, Card> cards_;
  bool with_prefix_, has_marks_;
  std::optional<Stanza> stanza_;
  std::set<std::pair<std::string, bool>> done_;
  std::set<std::string> autos_;
  std::string text_;
};

}  // namespace

std::string interfaces_text(const std::string& before, const std::vector<Card>& cards,
                            bool with_prefix) {
  const std::string kept = without_marked(before);
  Rewriter rewriter(cards, with_prefix, kept.size() != before.size());
  auto lines = split(kept, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  for (const std::string& line : lines) rewriter.take(line);
  return rewriter.end();
}

void write_interfaces(const Files& files, const Setup& setup, bool with_prefix) {
  if (std::ranges::none_of(setup.cards, is_configured)) return;
  files.write(path, interfaces_text(files.read(path).value_or(loopback), setup.cards, with_prefix));
}

}  // namespace posada::rootfs
