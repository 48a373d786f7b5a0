#include "app/cli/config.h"

#include <cstdio>
#include <iostream>
#include <iterator>
#include <map>
#include <set>

#include "app/cli/client.h"
#include "store/texts_folder.h"
#include "sys/editor.h"
#include "sys/file.h"

namespace posada::app {
namespace {

constexpr const char* usage =
    "usage: posada config ls                list the texts by their keys\n"
    "       posada config get KEY           print a text\n"
    "       posada config put KEY [FILE]    replace a text by a file's or by standard input\n"
    "       posada config edit KEY          edit a text with $EDITOR\n"
    "       posada config export DIR        write all texts below a folder\n"
    "       posada config import DIR        put all texts below a folder in; all or none\n";

std::vector<std::string> keys_of(Client& client) {
  std::vector<std::string> keys;
  CallResult result = client.call(api::Verb::get, {"config"}, {});
  for (const json::value& key : result.data().as_array()) keys.push_back(text_of(key));
  return keys;
}

json::object read(Client& client, const std::string& key) {
  return client.call(api::Verb::get, {"config", "text"}, {{"key", key}}).data().as_object();
}

void write(Client& client, const std::string& key, const std::string& text,
           const std::string& digest) {
  json::object parameters{{"key", key}, {"text", text}};
  if (!digest.empty()) parameters["digest"] = digest;
  client.call(api::Verb::put, {"config", "text"}, std::move(parameters));
}

// Until the text is accepted or left as it was; a refused one is not lost.
int edit(Client& client, const std::string& key) {
  const json::object before = read(client, key);
  const std::string old = text_of(before.at("text"));
  const std::string text = sys::edit_text(client.loop(), old);
  if (text == old) {
    std::puts("nothing changed");
    return 0;
  }
  try {
    write(client, key, text, text_of(before.at("digest")));
  } catch (const Error&) {
    const std::string kept = "rejected-" + sys::random_uuid().substr(0, 8) + ".conf";
    sys::write_file(kept, text, 0600);
    std::fprintf(stderr, "your text is kept in ./%s\n", kept.c_str());
    throw;
  }
  return 0;
}

}  // namespace

int run_config(const std::vector<std::string>& words) {
  const std::string action = words.empty() ? "" : words[0];
  const std::string name = words.size() > 1 ? words[1] : "";
  const bool needs_name = action != "ls";
  static const std::set<std::string> known = {"ls", "get", "put", "edit", "export", "import"};
  if (!known.contains(action) || (needs_name && name.empty())) {
    std::fputs(usage, stderr);
    return 2;
  }
  Client client(load_settings({.root = find_root("")}));
  if (action == "ls") {
    for (const std::string& key : keys_of(client)) std::puts(key.c_str());
  } else if (action == "get") {
    std::fputs(text_of(read(client, name).at("text")).c_str(), stdout);
  } else if (action == "put") {
    const std::string text =
        words.size() > 2 ? sys::read_file(words[2])
                         : std::string(std::istreambuf_iterator<char>(std::cin), {});
    write(client, name, text, "");
  } else if (action == "edit") {
    return edit(client, name);
  } else if (action == "export") {
    std::map<std::string, std::string> texts;
    for (const std::string& key : keys_of(client)) {
      texts[key] = text_of(read(client, key).at("text"));
    }
    store::write_texts(name, texts);
    std::printf("%zu texts written below %s\n", texts.size(), name.c_str());
  } else {
    json::object texts;
    for (auto& [key, text] : store::read_texts(name)) texts[key] = text;
    const std::size_t count = texts.size();
    client.call(api::Verb::post, {"config", "import"}, {{"texts", json::serialize(texts)}});
    std::printf("%zu texts put in\n", count);
  }
  return 0;
}

}  // namespace posada::app
