#include "front/daemon_link.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "front/limits.h"
#include "sys/log.h"

namespace posada::front {
namespace {

constexpr sys::Milliseconds first_pause{20};
constexpr sys::Milliseconds longest_pause{1'000};
constexpr sys::Milliseconds hello_time{5'000};

Refusal no_daemon() {
  return Refusal(503, "the daemon is not running or is starting; try again");
}

// 596: the connection to the server behind this one broke, as existing clients know it.
Refusal interrupted() {
  return Refusal(596,
                 "the daemon went away during this request; check whether it took effect before "
                 "asking again");
}

sys::Async<void> send_cancel(std::shared_ptr<sys::Channel> channel, std::uint64_t id) {
  co_await channel->send(FrameKind::cancel, pack(CancelFrame{id}));
}

// A peer that connects but does not speak must not stop us for ever.
sys::Async<void> close_when_silent(std::shared_ptr<sys::Channel> channel,
                                   std::shared_ptr<sys::Event> greeted) {
  if (!co_await greeted->wait_for(hello_time)) channel->close();
}

}  // namespace

Answer Exchange::take() {
  if (refusal_) throw *refusal_;
  return std::move(answer_.value());
}

bool Exchange::failed() const {
  return refusal_ || (answer_ && answer_->frame.status >= 300);
}

DaemonLink::DaemonLink(sys::Executor executor, sys::Clock& clock, std::string socket_path)
    : executor_(executor),
      clock_(clock),
      socket_path_(std::move(socket_path)),
      cancels_(executor) {}

sys::Async<void> DaemonLink::run() {
  sys::Milliseconds pause = first_pause;
  for (;;) {
    try {
      co_await connect_and_serve();
      pause = first_pause;
      sys::log_info("daemon event=gone socket={}", socket_path_);
    } catch (const Error& error) {
      if (channel_) pause = first_pause;
      if (!std::exchange(reported_absence_, true)) {
        sys::log_warning("daemon event=unreachable error=\"{}\"", error.what());
      }
    }
    on_disconnected();
    co_await clock_.sleep(pause);
    pause = std::min(pause * 2, longest_pause);
  }
}

sys::Async<void> DaemonLink::connect_and_serve() {
  sys::Fd socket = co_await sys::connect_unix(executor_, socket_path_);
  auto channel = std::make_shared<sys::Channel>(executor_, std::move(socket));
  co_await channel->send(FrameKind::hello, pack(Hello{frame_protocol, "front", "0.1.0"}));
  auto greeted = std::make_shared<sys::Event>(executor_);
  cancels_.spawn("greeting the daemon", close_when_silent(channel, greeted));
  std::optional<sys::Received> first = co_await channel->receive();
  greeted->set();
  if (!first || first->kind != FrameKind::hello) {
    throw Error::failed("daemon.silent", "the daemon does not greet");
  }
  Hello hello = unpack_hello(first->bytes);
  if (hello.protocol != frame_protocol) {
    throw Error::failed("daemon.protocol", "the daemon speaks protocol " +
                                               std::to_string(hello.protocol) + ", this front " +
                                               std::to_string(frame_protocol) +
                                               "; start the front of the same version");
  }
  sys::log_info("daemon event=connected version={}", hello.version);
  reported_absence_ = false;
  channel_ = channel;
  std::vector<std::shared_ptr<Exchange>> waiting;
  for (const auto& [id, exchange] : open_) waiting.push_back(exchange);
  for (const auto& exchange : waiting) co_await send(exchange);
  while (std::optional<sys::Received> received = co_await channel->receive()) {
    if (received->kind != FrameKind::response) {
      throw Error::failed("daemon.unexpected", "the daemon sent a frame that is no response");
    }
    on_response(std::move(*received));
  }
}

sys::Async<std::shared_ptr<Exchange>> DaemonLink::ask(RequestFrame frame, sys::Fd upload) {
  auto exchange = std::make_shared<Exchange>(executor_);
  exchange->id_ = frame.id = ++last_id_;
  exchange->repeatable_ = frame.method == "GET" && !upload;
  exchange->upload_ = std::move(upload);
  exchange->packed_ = pack(frame);
  // More than the channel takes cannot happen below the limits on heads and bodies but by
  // escaping; it is the client's doing.
  if (exchange->packed_.size() > max_frame_bytes) throw Refusal(501, "for data too large");
  if (!channel_) {
    if (open_.size() >= max_waiting_requests) throw no_daemon();
    exchange->expires_ = clock_.boot_time() + daemon_wait;
  }
  open_[exchange->id_] = exchange;
  if (channel_) co_await send(exchange);
  co_return exchange;
}

sys::Async<void> DaemonLink::send(std::shared_ptr<Exchange> exchange) {
  if (!channel_ || exchange->sent_ || exchange->settled()) co_return;
  std::vector<sys::Fd> descriptors;
  if (exchange->upload_) descriptors.push_back(std::move(exchange->upload_));
  std::string bytes =
      exchange->repeatable_ ? exchange->packed_ : std::exchange(exchange->packed_, {});
  exchange->sent_ = true;
  std::shared_ptr<sys::Channel> channel = channel_;
  try {
    co_await channel->send(FrameKind::request, std::move(bytes), std::move(descriptors));
  } catch (const Error& error) {
    // The reader finds the channel's end and settles what is open.
    sys::log_warning("daemon event=send_failed error=\"{}\"", error.what());
    channel->close();
  }
}

void DaemonLink::on_response(sys::Received received) {
  Answer answer{unpack_response(received.bytes), {}};
  if (!received.descriptors.empty()) answer.descriptor = std::move(received.descriptors[0]);
  const bool needs_descriptor =
      answer.frame.body != BodyKind::none && answer.frame.body != BodyKind::inline_bytes;
  if (needs_descriptor && !answer.descriptor) {
    throw Error::failed("frame.malformed", "malformed frame: the body's descriptor is missing");
  }
  const std::uint64_t id = answer.frame.id;
  settle(id, std::move(answer), std::nullopt);
}

void DaemonLink::settle(std::uint64_t id, std::optional<Answer> answer,
                        std::optional<Refusal> refusal) {
  auto found = open_.find(id);
  if (found == open_.end()) return;  // abandoned meanwhile
  std::shared_ptr<Exchange> exchange = found->second;
  open_.erase(found);
  exchange->answer_ = std::move(answer);
  exchange->refusal_ = std::move(refusal);
  exchange->settled_.set();
  if (exchange->failed() && exchange->on_failure_) exchange->on_failure_();
}

void DaemonLink::on_disconnected() {
  channel_ = nullptr;
  std::vector<std::uint64_t> lost;
  for (auto& [id, exchange] : open_) {
    if (!exchange->sent_) continue;
    if (!exchange->repeatable_) {
      lost.push_back(id);
      continue;
    }
    exchange->sent_ = false;
    exchange->expires_ = clock_.boot_time() + daemon_wait;
  }
  for (std::uint64_t id : lost) settle(id, std::nullopt, interrupted());
}

void DaemonLink::abandon(const std::shared_ptr<Exchange>& exchange) {
  if (exchange->settled()) return;
  exchange->abandoned_ = true;
  open_.erase(exchange->id_);
  exchange->settled_.set();
  if (exchange->sent_ && channel_) {
    cancels_.spawn("cancelling a request", send_cancel(channel_, exchange->id_));
  }
}

void DaemonLink::sweep(sys::BootTime now) {
  if (channel_) return;
  std::vector<std::uint64_t> late;
  for (const auto& [id, exchange] : open_) {
    if (now > exchange->expires_) late.push_back(id);
  }
  for (std::uint64_t id : late) settle(id, std::nullopt, no_daemon());
}

}  // namespace posada::front
