#include "worker/rrd_file.h"

#include <dlfcn.h>
#include <rrd.h>

#include "base/error.h"

namespace posada::worker {

struct RrdFiles::Library {
  Library() {
    handle = dlopen("librrd.so.8", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      throw Error::failed("history.library",
                          "cannot load librrd (Debian package librrd8): " + std::string(dlerror()));
    }
    load(create, "rrd_create_r");
    load(update, "rrd_update_r");
    load(last, "rrd_last_r");
    load(fetch, "rrd_fetch_r");
    load(free_memory, "rrd_freemem");
    load(get_error, "rrd_get_error");
    load(clear_error, "rrd_clear_error");
  }
  // Never unloaded: its own dependencies do not bear it.

  template <class Function>
  void load(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    if (function == nullptr) {
      throw Error::failed("history.library", "librrd lacks " + std::string(name));
    }
  }

  [[noreturn]] void fail() const {
    const char* text = get_error();
    const Error error = Error::failed("history.file", text != nullptr ? text : "librrd failed");
    clear_error();
    throw error;
  }

  void* handle = nullptr;
  decltype(&rrd_create_r) create = nullptr;
  decltype(&rrd_update_r) update = nullptr;
  decltype(&rrd_last_r) last = nullptr;
  decltype(&rrd_fetch_r) fetch = nullptr;
  decltype(&rrd_freemem) free_memory = nullptr;
  decltype(&rrd_get_error) get_error = nullptr;
  decltype(&rrd_clear_error) clear_error = nullptr;
};

namespace {

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> result;
  for (const std::string& text : texts) result.push_back(text.c_str());
  return result;
}

}  // namespace

RrdFiles::RrdFiles() : library_(std::make_unique<Library>()) {}
RrdFiles::~RrdFiles() = default;

void RrdFiles::create(const std::string& file, unsigned long step, std::time_t start,
                      const std::vector<std::string>& definitions) {
  std::vector<const char*> arguments = pointers(definitions);
  if (library_->create(file.c_str(), step, start, static_cast<int>(arguments.size()),
                       arguments.data()) != 0) {
    library_->fail();
  }
}

void RrdFiles::update(const std::string& file, const std::vector<std::string>& samples) {
  std::vector<const char*> arguments = pointers(samples);
  if (library_->update(file.c_str(), nullptr, static_cast<int>(arguments.size()),
                       arguments.data()) != 0) {
    library_->fail();
  }
}

std::time_t RrdFiles::last_update(const std::string& file) {
  const std::time_t last = library_->last(file.c_str());
  if (last < 0) library_->fail();
  return last;
}

RrdFiles::Rows RrdFiles::fetch(const std::string& file, const std::string& function,
                               std::time_t start, std::time_t end, unsigned long step) {
  Rows rows;
  unsigned long sources = 0;
  char** names = nullptr;
  rrd_value_t* values = nullptr;
  if (library_->fetch(file.c_str(), function.c_str(), &start, &end, &step, &sources, &names,
                      &values) != 0) {
    library_->fail();
  }
  rows.step = step;
  // librrd gives the moment before the first row; each row is named after its end.
  rows.start = start + static_cast<std::time_t>(step);
  for (unsigned long i = 0; i < sources; ++i) {
    rows.names.emplace_back(names[i]);
    library_->free_memory(names[i]);
  }
  library_->free_memory(names);
  const std::size_t count = step == 0 ? 0 : static_cast<std::size_t>(end - start) / step;
  rows.values.assign(values, values + count * sources);
  library_->free_memory(values);
  return rows;
}

}  // namespace posada::worker
