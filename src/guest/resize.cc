#include "guest/resize.h"

#include "base/json.h"
#include "guest/properties.h"
#include "task/journal.h"

namespace posada::guest {

WantedSize parse_wanted_size(std::string_view text) {
  constexpr std::uint64_t largest = std::uint64_t{1} << 50;
  const bool more = text.starts_with('+');
  const auto bytes = parse_size(more ? text.substr(1) : text);
  if (!bytes)
    throw Error::parameter("size", "'" + std::string(text) + "' is no size such as 8G or +1G");
  if (*bytes > largest) throw Error::parameter("size", "a disk may have at most 1 PiB");
  return {*bytes, more};
}

std::uint64_t grown_size(const Guests& guests, const WantedSize& wanted, std::uint64_t now,
                         std::uint64_t block) {
  const std::uint64_t bytes = wanted.more ? now + wanted.bytes : wanted.bytes;
  const std::uint64_t whole = (bytes + block - 1) / block * block;
  if (whole < now) throw Error::failed(guests.words.code + ".shrink", guests.words.never_shrinks);
  return whole;
}

sys::Async<void> will_resize(std::shared_ptr<Guests> guests, task::Context& context,
                             const Record& record, const storage::VolumeId& volume) {
  co_await context.journal().will(
      guests->words.code + ".resize",
      {{"guest", record.id.number}, {"uuid", record.uuid}, {"volume", volume.text()}});
}

sys::Async<bool> note_size(std::shared_ptr<Guests> guests, Record record, storage::VolumeId volume,
                           std::uint64_t bytes) {
  const Grammar& grammar = guests->config_grammar;
  const std::string name = volume.text(), size = print_size(bytes);
  const auto note = [&](ConfigSection& section) {
    for (auto& [key, value] : section.values) {
      if (is_unused_key(key) || grammar.volume_of(key, value) != name) continue;
      value = grammar.sized(key, value, size);
    }
  };
  const std::string before = guests->config(record).digest;
  const ConfigText after =
      co_await guests->parts.registry.edit(record, "", [&](const std::string& text) {
        return guests->changed_text(text, record.id, [&](GuestConfig& config) {
          note(config.main);
          note(config.pending);
        });
      });
  co_return after.digest != before;
}

sys::Async<std::string> finish_resize(std::shared_ptr<Guests> guests, json::object details) {
  if (!guests) co_return std::string();
  const auto record = guests->parts.registry.find(journalled_guest(details));
  if (!record || record->uuid != text_member(details, "uuid").value_or("")) co_return std::string();
  const auto volume = storage::parse_volume_id(text_member(details, "volume").value_or(""));
  const std::uint64_t bytes = (co_await guests->parts.storages.info(volume)).bytes;
  co_await guests->parts.storages.resize(volume, bytes);  // its record
  if (!co_await note_size(guests, *record, volume, bytes)) co_return std::string();
  co_return "noted the size of " + volume.text() + ", which has grown to " + print_size(bytes);
}

}  // namespace posada::guest
