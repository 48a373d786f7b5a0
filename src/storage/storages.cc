// Definitions, backends and their status.
#include "base/digest.h"
#include "base/error.h"
#include "base/text.h"
#include "storage/directory_layout.h"
#include "storage/options.h"
#include "storage/state.h"
#include "store/texts.h"
#include "sys/log.h"
#include "task/journal.h"

namespace posada::storage {
namespace {

constexpr sys::Milliseconds refresh_interval{10'000};
constexpr int most_attempts = 20;

Definition built_in_local(const std::string& path) {
  return {"local",
          "dir",
          {{"path", path},
           {"content", "backup,images,import,iso,rootdir,snippets,vztmpl"},
           {"prune-backups", "keep-all=1"}}};
}

Error unknown(const std::string& name) {
  return Error::failed("storage.unknown", "storage '" + name + "' does not exist",
                       {{"storage", name}});
}

std::string write(const std::vector<Definition>& definitions) {
  std::vector<Section> sections;
  for (const Definition& definition : definitions) sections.push_back(section_from(definition));
  return write_sections(sections, storage_section_rules());
}

}  // namespace

Storages::State::State(Settings settings_, store::Mirror& mirror_, sys::Clock& clock_,
                       sys::Executor executor_, task::Workers& workers_)
    : settings(std::move(settings_)),
      mirror(mirror_),
      clock(clock_),
      executor(executor_),
      workers(workers_),
      scope(executor_) {}

std::string Storages::State::text() const {
  const store::Entry* entry = mirror.find(definitions_key);
  return entry ? entry->value : "";
}

void Storages::State::reload() {
  std::vector<std::string> warnings;
  std::vector<Definition> found;
  bool has_local = false;
  for (const Section& section : parse_sections(text(), storage_section_rules(), &warnings)) {
    Definition definition = definition_from(section);
    if (!is_storage_type(definition.type) || !is_storage_name(definition.name)) {
      warnings.push_back("section '" + section.type + ": " + section.id + "' is not known");
      continue;
    }
    if (definition.name == "local") {
      // `local` is the node's own folder, whatever else was written.
      if (definition.type != "dir") definition = built_in_local(settings.local_path);
      definition.options["path"] = settings.local_path;
      definition.options.erase("nodes");
      has_local = true;
    }
    found.push_back(std::move(definition));
  }
  if (!has_local) found.insert(found.begin(), built_in_local(settings.local_path));
  for (const std::string& warning : warnings) sys::log_warning("storage.cfg: {}", warning);
  definitions = std::move(found);

  std::map<std::string, std::shared_ptr<Backend>> next;
  for (const Definition& definition : definitions) {
    if (!definition.enabled() || !definition.on_node(settings.node)) continue;
    const auto old = backends.find(definition.name);
    const bool same = old != backends.end() && old->second->definition().type == definition.type &&
                      old->second->definition().options == definition.options;
    next[definition.name] =
        same ? old->second : std::make_shared<Backend>(definition, clock, executor);
    if (!same) scope.spawn("probe " + definition.name, next[definition.name]->probe());
  }
  backends = std::move(next);
}

Definition Storages::State::usable(const std::string& name, std::optional<Content> content) const {
  for (const Definition& definition : definitions) {
    if (definition.name != name) continue;
    if (!definition.enabled())
      throw Error::failed("storage.disabled", "storage '" + name + "' is disabled",
                          {{"storage", name}});
    if (!definition.on_node(settings.node))
      throw Error::failed("storage.not-here",
                          "storage '" + name + "' is not available on node '" + settings.node + "'",
                          {{"storage", name}, {"node", settings.node}});
    if (content && !definition.holds(*content))
      throw Error::failed("storage.content",
                          "storage '" + name + "' does not support content-type '" +
                              std::string(storage::text(*content)) + "'",
                          {{"storage", name}, {"content", std::string(storage::text(*content))}});
    return definition;
  }
  throw unknown(name);
}

std::shared_ptr<Backend> Storages::State::backend(const std::string& name) const {
  usable(name, std::nullopt);
  const auto found = backends.find(name);
  if (found == backends.end()) throw unknown(name);
  return found->second;
}

sys::Async<void> Storages::State::refresh() {
  for (;;) {
    co_await clock.sleep(refresh_interval);
    for (const auto& [name, backend] : backends) scope.spawn("probe " + name, backend->probe());
  }
}

Storages::Storages(Settings settings, store::Mirror& mirror, sys::Clock& clock,
                   sys::Executor executor, task::Workers& workers)
    : state_(std::make_unique<State>(std::move(settings), mirror, clock, executor, workers)) {}

Storages::~Storages() = default;

sys::Async<void> Storages::start() {
  State* state = state_.get();
  state->reload();
  state->subscription = state->mirror.subscribe(std::string(definitions_key),
                                                [state](const store::Change&) { state->reload(); });
  // `local` must answer before anything else begins; others may take their time.
  if (const auto local = state->backends.find("local"); local != state->backends.end())
    co_await local->second->run([](Driver& driver) { driver.activate(); });
  state->scope.spawn("storage status", state->refresh());
}

sys::Async<void> Storages::stop() {
  state_->subscription.reset();
  state_->scope.stop();
  co_await state_->scope.join();
  for (const auto& [name, backend] : state_->backends) co_await backend->stop();
  state_->backends.clear();
}

std::vector<Definition> Storages::definitions() const {
  return state_->definitions;
}

Definition Storages::definition(const std::string& name) const {
  for (const Definition& definition : state_->definitions) {
    if (definition.name == name) return definition;
  }
  throw unknown(name);
}

std::string Storages::digest() const {
  return sha1_hex(state_->text());
}

Definition Storages::usable(const std::string& name, std::optional<Content> content) const {
  return state_->usable(name, content);
}

StorageStatus Storages::status(const std::string& storage) const {
  const auto found = state_->backends.find(storage);
  if (found == state_->backends.end()) return {};
  return found->second->status();
}

namespace {

// Applies `change` to the definitions and commits the text, again when another writer came
// between. `change` throws to refuse.
sys::Async<void> edit(store::Mirror& mirror, const std::vector<Definition>& current,
                      std::function<void(std::vector<Definition>&)> change) {
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    std::vector<Definition> definitions = current;
    change(definitions);
    store::Transaction transaction;
    const store::Entry* entry = mirror.find(definitions_key);
    if (entry) {
      transaction.require_modified(std::string(definitions_key), entry->modified);
    } else {
      transaction.require_absent(std::string(definitions_key));
    }
    transaction.put(std::string(definitions_key), write(definitions));
    if (co_await mirror.try_commit(std::move(transaction))) co_return;
  }
  throw Error::failed("storage.busy", "storage.cfg is being changed by others, try again");
}

}  // namespace

sys::Async<void> Storages::create(Definition definition) {
  if (!is_storage_name(definition.name))
    throw Error::parameter("storage", "invalid format - storage ID '" + definition.name +
                                          "' contains illegal characters\n");
  if (is_storage_type(definition.type) && !make_driver(definition))
    throw Error::parameter("type", "storages of type '" + definition.type +
                                       "' cannot be used yet, only 'dir'; let the machine mount "
                                       "it and add the folder: pvesm add dir " +
                                       definition.name + " --path FOLDER --is_mountpoint 1");
  check_definition(definition);
  co_await edit(state_->mirror, state_->definitions, [definition](std::vector<Definition>& all) {
    for (const Definition& other : all) {
      if (other.name == definition.name)
        throw Error::failed(
            "storage.exists",
            "create storage failed: storage ID '" + definition.name + "' already defined",
            {{"storage", definition.name}});
    }
    all.push_back(definition);
  });
}

sys::Async<void> Storages::change(std::string name, std::map<std::string, std::string> set,
                                  std::vector<std::string> unset, std::string digest) {
  State* state = state_.get();
  co_await edit(state->mirror, state->definitions, [&](std::vector<Definition>& all) {
    if (!digest.empty() && digest != sha1_hex(state->text()))
      throw Error::failed("storage.digest",
                          "detected modified configuration - file changed by other "
                          "user? Try again.");
    for (Definition& definition : all) {
      if (definition.name != name) continue;
      for (const std::string& key : unset) {
        if (!definition.options.erase(key) && set.contains(key))
          throw Error::parameter(key, "cannot be set and deleted in one request");
      }
      for (const auto& [key, value] : set) definition.options[key] = value;
      check_definition(definition);
      return;
    }
    throw unknown(name);
  });
}

sys::Async<void> Storages::erase(std::string name) {
  State* state = state_.get();
  co_await edit(state->mirror, state->definitions, [&](std::vector<Definition>& all) {
    if (std::erase_if(all, [&](const Definition& other) { return other.name == name; }) == 0)
      throw Error::failed("storage.unknown",
                          "delete storage failed: storage '" + name + "' does not exist",
                          {{"storage", name}});
  });
}

namespace {

// Counted from 1: the first line that begins with `word` behind its indent, in the section, or
// anywhere when none is given.
std::string line_of(std::string_view text, const Section& section, std::string_view word) {
  const std::vector<std::string> lines = split(text, '\n');
  bool inside = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = trim(lines[i]);
    const bool header = !lines[i].empty() && lines[i].front() != ' ' && lines[i].front() != '\t';
    if (header) {
      const std::size_t colon = line.find(':');
      inside = line.substr(0, colon) == section.type && colon != std::string_view::npos &&
               trim(line.substr(colon + 1)) == section.id;
      if (inside && word.empty()) return std::to_string(i + 1);
    } else if (inside && line.substr(0, line.find_first_of(" \t")) == word) {
      return std::to_string(i + 1);
    }
  }
  return "";
}

// Strict, as nobody reads the warnings of a text that was accepted. The caller (store/texts.h)
// puts the text's name before the sentence.
void check_text(std::string_view, std::string_view text) {
  std::vector<std::string> warnings;
  std::set<std::string> names;
  for (const Section& section : parse_sections(text, storage_section_rules(), &warnings)) {
    const auto refuse = [&](const std::string& reason, const std::string& key) {
      Error::Texts arguments;
      if (const std::string line = line_of(text, section, key); !line.empty())
        arguments["line"] = line;
      throw Error::failed("text.malformed",
                          "section '" + section.type + ": " + section.id + "': " + reason,
                          arguments);
    };
    if (!is_storage_name(section.id)) refuse("illegal storage ID", "");
    if (!names.insert(section.id).second) refuse("the storage ID is used twice", "");
    for (const auto& [key, value] : section.values) {
      if (!is_option(key)) refuse("there is no option '" + key + "'", key);
    }
    try {
      check_definition(definition_from(section));
    } catch (const Error& error) {
      if (error.parameters().empty()) refuse(error.wire(), "");
      const auto& [key, fault] = *error.parameters().begin();
      refuse(key + ": " + fault, section.find(key) ? key : "");
    }
  }
  if (!warnings.empty()) throw Error::failed("text.malformed", warnings.front());
}

}  // namespace

void Storages::register_texts(store::Texts& texts) {
  texts.add({.pattern = std::string(definitions_key), .check = check_text, .accompany = {}});
}

void Storages::register_undo(task::UndoHandlers& handlers) {
  State* state = state_.get();
  handlers.add("storage.volume",
               [state](json::object details) { return state->undo_volume(std::move(details)); });
  handlers.add("storage.rename",
               [state](json::object details) { return state->undo_rename(std::move(details)); });
}

}  // namespace posada::storage
