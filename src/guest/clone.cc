#include "guest/clone.h"

namespace posada::guest {

sys::Async<CopyClaims> claim_copy(std::shared_ptr<Guests> guests, task::Context& context,
                                  GuestId source, GuestId target, bool still) {
  std::vector<Wanted> reads = {{Aspect::config, "", true}};
  if (still) {
    reads.push_back({Aspect::power, "", true});
    reads.push_back({Aspect::disk, "", true});
  }
  const std::vector<Wanted> makes = {{Aspect::exist, "", false}};
  // In the order of their numbers, so that two copies that cross never wait for each other.
  const bool source_first = source < target;
  Claims& claims = guests->parts.claims;
  CopyClaims result;
  result.first =
      co_await claims.acquire(source_first ? source : target, source_first ? reads : makes,
                              guests->holder(context, "clone"));
  result.second =
      co_await claims.acquire(source_first ? target : source, source_first ? makes : reads,
                              guests->holder(context, "clone"));
  guests->check_free(target);
  co_return result;
}

sys::Async<void> become_template(std::shared_ptr<Guests> guests, Record record, Values renamed,
                                 store::Transaction extra) {
  co_await guests->parts.registry.edit(
      record, "",
      [&](const std::string& text) {
        return guests->changed_text(text, record.id, [&](GuestConfig& config) {
          for (const auto& [key, value] : renamed) config.main.values[key] = value;
          config.main.values["template"] = "1";
        });
      },
      std::move(extra));
}

}  // namespace posada::guest
