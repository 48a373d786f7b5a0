// The texts that administrators see and edit: `posada config ls|get|put|edit|export|import`.
//
// Only keys that somebody registered are texts: a grammar for a pattern of keys (upper layers know
// the grammars, this layer only calls them), or a view that shows records as one text (user.cfg).
// A text is parsed strictly before it is written. What it overwrites is kept, a few versions each.
// Never reads or writes files: texts_folder.h does that, where it may block.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "store/mirror.h"

namespace posada::store {

class Texts {
 public:
  // Throws Error when the text is malformed, with argument "line" where there is one.
  using Check = std::function<void(std::string_view key, std::string_view text)>;
  // Adds what must change together with the text (the claim of a guest's number, say). `text` is
  // nothing when the text is removed. Must not put or erase the key itself.
  using Accompany = std::function<void(std::string_view key, const std::optional<std::string>& text,
                                       Transaction&)>;
  struct Grammar {
    std::string pattern;  // "nodes/*/qemu-server/*.conf": '*' stands for anything but '/'
    Check check;
    Accompany accompany;  // may be empty
    // Before the text is removed: what hangs on its object elsewhere. May be empty.
    std::function<sys::Async<void>(std::string key)> forget = {};
  };
  struct View {
    std::string key;  // "user.cfg"
    std::function<std::string()> text;
    Check check;
    std::function<sys::Async<void>(std::string text)> put;
  };
  struct Text {
    std::string text;
    std::string digest;  // sha1
  };
  struct Version {
    std::string key;  // "history/KEY/NUMBER"; get() takes it
    std::uint64_t revision = 0;
  };

  static constexpr std::size_t kept_versions = 10;

  explicit Texts(Mirror& mirror);
  void add(Grammar grammar);
  void add(View view);

  std::vector<std::string> keys(std::string_view prefix = "") const;  // sorted
  // Throws `text 'KEY' does not exist`.
  Text get(const std::string& key) const;
  std::vector<Version> versions(const std::string& key) const;  // oldest first
  // Throws Error `text.unknown` when no text can have this key, or `text.malformed`
  // ("KEY:LINE: …", arguments key and line).
  void check(const std::string& key, std::string_view text) const;

  // A `digest` must be that of the present text, an absent one being empty: else `text.changed`.
  sys::Async<void> put(std::string key, std::string text, std::string digest = {});
  sys::Async<void> remove(std::string key, std::string digest = {});

  std::map<std::string, std::string> all() const;
  // Adds and replaces; texts that are not among `texts` stay. All are parsed before the first is
  // written; then they are staged in the store, so that finish_import() can complete what a crash
  // cut short.
  sys::Async<void> import_all(std::map<std::string, std::string> texts);
  // At start-up. Completes an import that was fully staged, forgets one that was not.
  sys::Async<void> finish_import();

 private:
  const Grammar* grammar_of(std::string_view key) const;
  const View* view_of(std::string_view key) const;
  Transaction replacing(const std::string& key, const std::optional<std::string>& text) const;
  void keep_version(const Entry& old, Transaction& transaction) const;
  void expect_digest(const std::string& key, const std::string& digest) const;
  sys::Async<void> write(std::string key, std::optional<std::string> text, std::string digest);
  Transaction next_import_step() const;
  sys::Async<void> apply_staged();
  sys::Async<void> forget_staged();

  Mirror& mirror_;
  std::vector<Grammar> grammars_;
  std::vector<View> views_;
};

// Whether the key matches the pattern.
bool matches(std::string_view pattern, std::string_view key);

}  // namespace posada::store
