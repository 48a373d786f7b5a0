#include "host/volumes.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/text.h"

namespace posada::host {
namespace {

std::uint64_t bytes_of(const json::object& row, std::string_view name) {
  const auto number = to_integer(trim(text_member(row, name).value_or("")));
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, number.value_or(0)));
}

double decimal(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::uint64_t share_of(std::uint64_t whole, const json::object& row, std::string_view name) {
  return static_cast<std::uint64_t>(static_cast<double>(whole) *
                                    decimal(text_member(row, name).value_or("0")) / 100);
}

// The rows of {"report": [{NAME: [row, …]}]}.
const json::array& report_rows(const json::value& report, std::string_view name) {
  return report.at("report").as_array().at(0).as_object().at(name).as_array();
}

}  // namespace

std::vector<VolumeGroup> parse_volume_groups(std::string_view json_text) {
  std::vector<VolumeGroup> groups;
  const json::value report = json::parse(json_text);
  for (const json::value& value : report_rows(report, "vg")) {
    const json::object& row = value.as_object();
    const std::string name = text_member(row, "vg_name").value_or("");
    if (name.empty()) continue;  // a volume that belongs to no group yet
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const VolumeGroup& one) { return one.name == name; });
    if (group == groups.end()) {
      groups.push_back({name, bytes_of(row, "vg_size"), bytes_of(row, "vg_free"), {}});
      group = groups.end() - 1;
    }
    group->volumes.push_back({text_member(row, "pv_name").value_or(""), bytes_of(row, "pv_size"),
                              bytes_of(row, "pv_free")});
  }
  return groups;
}

std::vector<ThinPool> parse_thin_pools(std::string_view json_text) {
  std::vector<ThinPool> pools;
  const json::value report = json::parse(json_text);
  for (const json::value& value : report_rows(report, "lv")) {
    const json::object& row = value.as_object();
    if (!text_member(row, "lv_attr").value_or("").starts_with('t')) continue;
    ThinPool pool;
    pool.name = text_member(row, "lv_name").value_or("");
    pool.group = text_member(row, "vg_name").value_or("");
    pool.size = bytes_of(row, "lv_size");
    pool.metadata_size = bytes_of(row, "lv_metadata_size");
    pool.used = share_of(pool.size, row, "data_percent");
    pool.metadata_used = share_of(pool.metadata_size, row, "metadata_percent");
    pools.push_back(std::move(pool));
  }
  return pools;
}

std::vector<ZfsPool> parse_zfs_pools(std::string_view text) {
  std::vector<ZfsPool> pools;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() < 7) continue;
    const auto number = [&](std::size_t i) {
      return static_cast<std::uint64_t>(
          std::max<std::int64_t>(0, to_integer(fields[i]).value_or(0)));
    };
    pools.push_back({fields[0], fields[6], number(1), number(2), number(3),
                     static_cast<std::int64_t>(number(4)), decimal(fields[5])});
  }
  return pools;
}

sys::Async<std::vector<VolumeGroup>> volume_groups(Host& host) {
  Run run{.arguments = {"vgs", "--reportformat", "json", "--units", "b", "--nosuffix", "--options",
                        "vg_name,vg_size,vg_free,pv_name,pv_size,pv_free"}};
  co_return parse_volume_groups(co_await output_of(host.programs, std::move(run)));
}

sys::Async<std::vector<ThinPool>> thin_pools(Host& host) {
  Run run{.arguments = {"lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "--options",
                        "lv_name,vg_name,lv_attr,lv_size,lv_metadata_size,data_percent,"
                        "metadata_percent"}};
  co_return parse_thin_pools(co_await output_of(host.programs, std::move(run)));
}

sys::Async<std::vector<ZfsPool>> zfs_pools(Host& host) {
  Run run{
      .arguments = {"zpool", "list", "-H", "-p", "-o", "name,size,alloc,free,frag,dedup,health"}};
  co_return parse_zfs_pools(co_await output_of(host.programs, std::move(run)));
}

}  // namespace posada::host
