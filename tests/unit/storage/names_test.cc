// Volume ids, names, paths and backup names, against the conformance cases and against what an
// attacker would send.
#include <cstdlib>
#include <ctime>

#include <gtest/gtest.h>

#include "base/error.h"
#include "storage/backup_name.h"
#include "storage/definition.h"
#include "storage/directory_layout.h"
#include "storage/volume_id.h"
#include "support/conformance.h"

namespace posada::storage {
namespace {

Definition definition_of(const json::object& storage) {
  Definition definition{"local", "dir", {}};
  if (const auto path = text_member(storage, "path")) definition.options["path"] = *path;
  if (const auto* folders = storage.if_contains("content-dirs")) {
    std::string text;
    for (const auto& entry : folders->as_object()) {
      if (!text.empty()) text += ",";
      text += std::string(entry.key()) + "=" + std::string(entry.value().as_string());
    }
    definition.options["content-dirs"] = text;
  }
  return definition;
}

// What the operation of a case gives, in the words of the cases; an Error leaves.
json::value archive_info(const std::string& input) {
  const auto name = parse_backup_name(input.substr(input.rfind('/') + 1));
  if (!name)
    throw Error::failed("backup", "ERROR: couldn't determine archive info from '" + input + "'");
  json::object out{{"filename", name->file},
                   {"format", name->format},
                   {"is_std_name", name->is_standard ? 1 : 0},
                   {"type", name->guest_kind},
                   {"compression", name->compression}};
  if (name->created) out["ctime"] = *name->created;
  if (name->guest) out["vmid"] = name->guest->number;
  return out;
}

json::value parsed_name(const std::string& input) {
  const VolumeName name = parse_volume_name(input);
  json::object out{{"vtype", std::string(text(name.content))},
                   {"name", name.file},
                   {"format", name.format},
                   {"is_base", name.is_base},
                   {"vmid", nullptr},
                   {"base_vmid", nullptr},
                   {"base_name", nullptr}};
  if (name.owner) out["vmid"] = name.owner->text();
  if (name.base_owner) {
    out["base_vmid"] = name.base_owner->text();
    out["base_name"] = name.base_file;
  }
  return out;
}

json::value perform(const json::object& test) {
  const std::string op(test.at("op").as_string());
  const std::string input = text_member(test, "input").value_or("");
  const json::object* storage =
      test.contains("storage") ? &test.at("storage").as_object() : nullptr;
  if (op == "archive_info") return archive_info(input);
  if (op == "parse_volname") return parsed_name(input);
  if (op == "content_dir") {
    const Definition definition = definition_of(*storage);
    return json::value(definition.path() + (definition.path().empty() ? "" : "/") +
                       definition.folder(*content_from(input)));
  }
  if (op == "filesystem_path") {
    const Definition definition = definition_of(*storage);
    const VolumeName name = parse_volume_name(input);
    json::object out{{"path", definition.path() + "/" + relative_path(definition, name)},
                     {"vtype", std::string(text(name.content))},
                     {"vmid", nullptr}};
    if (name.owner) out["vmid"] = name.owner->text();
    return out;
  }
  // path_to_volid
  Definition definition{"local", "dir", {{"path", "@DIR@"}}};
  const auto located = locate(definition, input);
  if (!located) return nullptr;
  return json::object{{"volid", "local:" + located->name},
                      {"vtype", std::string(text(located->content))}};
}

// Compares the members that both sides speak of; numbers and their texts are the same thing.
void expect_like(const json::value& expected, const json::value& actual, const std::string& id) {
  if (!expected.is_object()) {
    EXPECT_EQ(text_of(expected), text_of(actual)) << id;
    return;
  }
  ASSERT_TRUE(actual.is_object()) << id;
  for (const auto& entry : expected.as_object()) {
    const json::value* member = actual.as_object().if_contains(entry.key());
    if (member == nullptr) continue;  // names of the peer's own functions
    const bool absent = entry.value().is_null() && member->is_null();
    EXPECT_TRUE(absent || text_of(entry.value()) == text_of(*member))
        << id << ": " << entry.key() << " is " << *member << ", wanted " << entry.value();
  }
}

TEST(StorageNames, agree_with_the_conformance_cases) {
  const auto cases = testing::conformance("storage_names");
  if (!cases) GTEST_SKIP() << "conformance/storage_names.json is not here";
  setenv("TZ", "UTC", 1);
  tzset();
  for (const json::value& value : cases->at("cases").as_array()) {
    const json::object& test = value.as_object();
    const std::string op(test.at("op").as_string());
    if (op == "list_volumes") continue;  // tests/contract/storage lists real folders
    if (test.contains("snapshot") && !test.at("snapshot").is_null()) continue;
    const std::string id = op + " " + text_member(test, "input").value_or("");
    const json::object& expect = test.at("expect").as_object();
    try {
      const json::value result = perform(test);
      if (expect.contains("none")) {
        EXPECT_TRUE(result.is_null()) << id << " gave " << result;
      } else if (expect.contains("error")) {
        ADD_FAILURE() << id << " gave " << result << ", wanted error " << expect.at("error");
      } else {
        expect_like(expect.at("value"), result, id);
      }
    } catch (const Error& error) {
      ASSERT_TRUE(expect.contains("error")) << id << ": " << error.wire();
      EXPECT_EQ(error.wire(), std::string(expect.at("error").as_string())) << id;
    }
  }
}

TEST(VolumeIds, that_could_leave_their_storage_are_refused) {
  using namespace std::string_literals;
  for (const std::string& text :
       {"local:../etc/passwd"s, "local:iso/../../x.iso"s, "local:iso/..\0.iso"s,
        "local:iso/a\nb.iso"s, "local:/etc/x.iso"s, "local:iso//x.iso"s, "local:iso/x.iso/"s,
        "local:"s, "local"s, ""s, "../x:iso/y.iso"s, "lo cal:iso/y.iso"s, "l:iso/y.iso"s,
        "/etc/passwd"s, "local:./iso/x.iso"s, "local:iso/\x7f.iso"s,
        "local:iso/"s + std::string(300, 'a') + ".iso"}) {
    EXPECT_THROW(parse_volume_id(text), Error) << text;
    EXPECT_FALSE(try_parse_volume_id(text)) << text;
  }
  EXPECT_EQ(parse_volume_id("local:iso/ü - x.iso").name, "iso/ü - x.iso");
}

TEST(VolumeIds, an_error_about_one_is_a_single_line) {
  try {
    parse_volume_id("local:iso/a\r\nSet-Cookie: x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.wire(), "unable to parse volume ID 'local:iso/a%0D%0ASet-Cookie: x'");
  }
}

TEST(VolumeNames, of_any_accepted_text_stay_below_their_folder) {
  const Definition definition{"local", "dir", {{"path", "/srv"}}};
  for (const char* name : {"iso/..iso", "iso/...iso", "snippets/..a", "iso/a..iso"}) {
    const auto parsed = try_parse_volume_name(name);
    if (!parsed) continue;
    const std::string path = relative_path(definition, *parsed);
    EXPECT_TRUE(is_safe_name(path)) << path;
  }
  EXPECT_FALSE(try_parse_volume_name("snippets/.."));
  EXPECT_FALSE(try_parse_volume_name("100/vm-100-disk-0.raw/x"));
  EXPECT_FALSE(try_parse_volume_name("100/vm-100-../../x.raw"));
}

TEST(Definitions, content_dirs_may_not_lead_outside) {
  for (const char* folder : {"../x", "/etc", "a/../../b", ""}) {
    const Definition definition{
        "local", "dir", {{"path", "/srv"}, {"content-dirs", std::string("iso=") + folder}}};
    EXPECT_THROW(definition.folder(Content::iso), Error) << folder;
  }
}

TEST(Definitions, each_wrong_option_is_named) {
  const Definition definition{
      "x", "dir", {{"path", "relative"}, {"content", "images,films"}, {"format", "vhd"}}};
  try {
    check_definition(definition);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.parameters().size(), 3U);
    EXPECT_EQ(error.parameters().at("content"), "storage does not support content type 'films'");
  }
}

TEST(Definitions, the_text_is_read_and_written_as_it_was) {
  const std::string text =
      "dir: local\n\tdisable\n\tpath /var/lib/vz\n\tcontent iso,images\n\tshared\n\n"
      "nfs: far\n\texport /x\n\tpath /mnt/pve/far\n\tserver a.example\n\tcontent images\n\n";
  EXPECT_EQ(write_sections(parse_sections(text, storage_section_rules()), storage_section_rules()),
            text);
}

}  // namespace
}  // namespace posada::storage
