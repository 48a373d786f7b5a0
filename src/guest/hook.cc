#include "guest/hook.h"

#include "base/text.h"
#include "storage/storage.h"
#include "sys/log.h"
#include "sys/process.h"

namespace posada::guest {
namespace {

constexpr sys::Milliseconds hook_patience(600'000);

std::string_view name_of(Phase phase) {
  switch (phase) {
    case Phase::pre_start:
      return "pre-start";
    case Phase::post_start:
      return "post-start";
    case Phase::pre_stop:
      return "pre-stop";
    case Phase::post_stop:
      break;
  }
  return "post-stop";
}

storage::VolumeId snippet(const std::string& value) {
  const auto volume = storage::try_parse_volume_id(value);
  const auto name = volume ? storage::try_parse_volume_name(volume->name) : std::nullopt;
  if (!name || name->content != storage::Content::snippets)
    throw Error::parameter("hookscript", "'" + value +
                                             "' is no snippet: give a volume such as "
                                             "local:snippets/NAME");
  return *volume;
}

struct Outcome {
  std::string failure;  // empty: it went well
  std::vector<std::string> said;
};

sys::Async<Outcome> run_script(std::shared_ptr<Guests> guests, GuestId id, Phase phase,
                               sys::CancelToken cancel) {
  Outcome outcome;
  const std::string value(guests->config(guests->require(id)).config.main.get("hookscript"));
  if (value.empty()) co_return outcome;
  const std::string start =
      "hookscript error for " + id.text() + " on " + std::string(name_of(phase)) + ": ";
  try {
    sys::Command command;
    command.arguments = {guests->parts.storages.path(snippet(value)), id.text(),
                         std::string(name_of(phase))};
    command.no_new_privileges = false;  // it is the administrator's own
    const sys::Finished finished =
        co_await sys::run_cancellable(std::move(command), std::move(cancel), hook_patience);
    outcome.said = split_list(finished.output + "\n" + finished.errors, "\n");
    if (finished.status != 0)
      outcome.failure = start + "it ended with status " + std::to_string(finished.status);
  } catch (const Error& error) {
    outcome.failure = start + error.wire();
  }
  co_return outcome;
}

}  // namespace

sys::Async<void> check_hook(storage::Storages& storages, std::string value) {
  const storage::VolumeId volume = snippet(value);
  try {
    co_await storages.info(volume);
  } catch (const Error& error) {
    throw Error::parameter("hookscript", error.wire());
  }
}

sys::Async<void> run_hook(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                          Phase phase) {
  const Outcome outcome = co_await run_script(guests, id, phase, context.cancel());
  for (const std::string& line : outcome.said) context.log(line);
  if (outcome.failure.empty()) co_return;
  if (phase == Phase::pre_start)
    throw Error::failed(guests->words.code + ".hook", outcome.failure)
        .with_hint("The script is that of the option hookscript.");
  context.warn(outcome.failure);
}

sys::Async<void> run_post_stop(std::shared_ptr<Guests> guests, std::shared_ptr<Run> run) {
  run->gone = true;
  const GuestId id = run->guest;
  if (!guests->parts.registry.find(id)) co_return;
  Outcome outcome;
  try {
    outcome = co_await run_script(guests, id, Phase::post_stop, run->script);
  } catch (const Cancelled& cancelled) {
    if (!run->script.cancelled()) throw;  // the daemon ends
    outcome.failure = "hookscript of " + id.text() + " ended on post-stop: " + cancelled.reason;
  }
  for (const std::string& line : outcome.said)
    sys::log_info("hookscript of {}: {}", id.text(), line);
  if (!outcome.failure.empty()) sys::log_warning("{}", outcome.failure);
}

}  // namespace posada::guest
