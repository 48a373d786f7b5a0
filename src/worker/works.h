// The works that this program knows. A new one is a function here and a line in works.cc.
#pragma once

#include "worker/job.h"

namespace posada::worker {

json::object upload(Job& job);
json::object download(Job& job);
json::object query_url(Job& job);
json::object copy(Job& job);
json::object copy_tree(Job& job);
json::object unpack(Job& job);

const Works& all_works();

}  // namespace posada::worker
