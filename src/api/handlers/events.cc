// The stream of events for pages: what the board shows, and how tasks go on. Text events as the
// EventSource of browsers reads them; `id` is EPOCH:SEQUENCE of the board, by which a lost
// connection resumes.
#include "access/permissions.h"
#include "api/handlers/handlers.h"
#include "api/handlers/resource_rows.h"
#include "api/handlers/task_rows.h"
#include "api/request/posada.h"
#include "store/mirror.h"
#include "sys/channel.h"
#include "sys/stream_writer.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

constexpr sys::Milliseconds patience(1000);
constexpr int silent_rounds_before_ping = 15;

struct Stream {
  const Services& services;
  Identity identity;
  sys::StreamWriter out;
  std::map<std::string, task::Info> tasks;  // by UPID: news that were not sent yet

  bool sees_task(const task::Info& info) const {
    return info.upid.user.user == identity.user ||
           services.permissions->may(identity, "/nodes/" + services.node,
                                     access::Privilege::sys_audit);
  }
  std::string text(const telemetry::Row& row) const {
    return row_text(row, sight(services, identity, row.values));
  }
};

// `data` is JSON.
std::string event(std::string_view name, std::string_view id, std::string_view data) {
  std::string text;
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  text.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
  return text;
}

// With the length of its log: whoever reads it need not ask whether it has grown.
json::object task_row(const task::Info& info) {
  json::object row = cluster_task_row(info);
  if (info.lines != 0) row["lines"] = info.lines;
  return row;
}

json::array recent_tasks(const Stream& stream) {
  task::Filter filter;
  filter.source = "all";
  filter.limit = 100;
  json::array rows;
  for (const task::Info& info :
       stream.services.tasks->list(filter, [&](const task::Info& i) { return stream.sees_task(i); })
           .tasks) {
    rows.push_back(task_row(info));
  }
  return rows;
}

std::string update_text(const Stream& stream, const telemetry::Update& update) {
  if (update.snapshot) {
    std::string data = R"({"resources":[)";
    for (const telemetry::Row* row : update.rows) {
      if (row != update.rows.front()) data += ',';
      data += stream.text(*row);
    }
    data += R"(],"tasks":)" + json::serialize(recent_tasks(stream)) + "}";
    return event("snapshot", update.event_id, data);
  }
  std::string text;
  for (const telemetry::Row* row : update.rows) {
    text += event("resource", update.event_id, stream.text(*row));
  }
  for (const std::string& id : update.gone) {
    text +=
        event("resource", update.event_id, json::serialize(json::object{{"id", id}, {"gone", 1}}));
  }
  return text;
}

sys::Async<void> send_events(std::shared_ptr<Stream> stream, std::string last_id) {
  const auto filter = [services = &stream->services,
                       identity = stream->identity](std::string_view id) {
    const telemetry::Row* row = services->board->find(id);
    return !row || sight(*services, identity, row->values) != Sight::nothing;
  };
  telemetry::Board::Subscriber subscriber = stream->services.board->subscribe(filter, last_id);
  const std::shared_ptr<void> following = stream->services.tasks->subscribe(
      [stream = stream.get(), &subscriber](const task::Info& info) {
        if (!stream->sees_task(info)) return;
        stream->tasks.insert_or_assign(info.upid.text(), info);
        // Somebody waits for an end; progress may take a moment.
        if (!info.running) subscriber.interrupt();
      });
  // Whose rights change sees at once what they may see now.
  const std::shared_ptr<void> rights =
      stream->services.mirror->subscribe("access/", [&subscriber](const store::Change& change) {
        if (!change.key.starts_with("access/pool-")) subscriber.resynchronize();
      });
  for (int silent = 0;;) {
    const std::optional<telemetry::Update> update = co_await subscriber.next(patience);
    std::string text;
    if (update) text = update_text(*stream, *update);
    for (const auto& [upid, info] : std::exchange(stream->tasks, {})) {
      text += event("task", "", json::serialize(task_row(info)));
    }
    silent = text.empty() ? silent + 1 : 0;
    if (silent == silent_rounds_before_ping) {
      text = event("ping", "", "{}");
      silent = 0;
    }
    if (!text.empty() && !co_await stream->out.write(std::move(text))) co_return;
  }
}

sys::Async<Answer> get_events(Call& call, posada::Events) {
  auto [ours, theirs] = sys::socket_pair();
  auto stream = std::make_shared<Stream>(
      Stream{call.services,
             call.identity,
             sys::StreamWriter(call.services.scope->executor(), std::move(ours)),
             {}});
  call.services.scope->spawn("event stream", send_events(stream, call.last_event_id));
  co_return Answer::stream("text/event-stream;charset=UTF-8", std::move(theirs));
}

}  // namespace

void register_events(Router& router) {
  router.on<posada::Events>(get_events);
}

}  // namespace posada::api
