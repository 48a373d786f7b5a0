// The few functions of librrd that the history needs, with its errors as Errors.
//
// The library is loaded when the first of these objects is made: it brings in forty others (fonts,
// drawing), which every start of a worker would pay for with 20 ms.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace posada::worker {

class RrdFiles {
 public:
  RrdFiles();  // throws Error when librrd cannot be loaded
  ~RrdFiles();

  void create(const std::string& file, unsigned long step, std::time_t start,
              const std::vector<std::string>& definitions);
  // "TIME:V:V:…", oldest first; values are in the order of the file's sources.
  void update(const std::string& file, const std::vector<std::string>& samples);
  std::time_t last_update(const std::string& file);

  struct Rows {
    std::time_t start = 0;  // of the first row
    unsigned long step = 0;
    std::vector<std::string> names;
    std::vector<double> values;  // row by row; NaN: unknown
  };
  Rows fetch(const std::string& file, const std::string& function, std::time_t start,
             std::time_t end, unsigned long step);

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace posada::worker
