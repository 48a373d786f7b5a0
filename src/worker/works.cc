#include "worker/works.h"

namespace posada::worker {

const Works& all_works() {
  static const Works works = {{"upload", upload},       {"download", download},
                              {"query-url", query_url}, {"copy", copy},
                              {"copy-tree", copy_tree}, {"unpack", unpack}};
  return works;
}

}  // namespace posada::worker
