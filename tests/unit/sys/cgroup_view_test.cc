// Control groups as the kernel shows them in version 2, on a tree of files: what this machine's
// kernel mounts may be version 1.
#include "sys/cgroup_view.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "sys/file.h"

namespace posada::sys {
namespace {

struct Tree {
  Tree() {
    char shape[] = "/tmp/posada-cgroup-XXXXXX";
    root = ::mkdtemp(shape);
  }
  ~Tree() { remove_tree(root); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  void put(const std::string& path, const std::string& text) const {
    const std::string whole = root + "/sys/fs/cgroup/" + path;
    make_directories(whole.substr(0, whole.rfind('/')));
    write_file(whole, text);
  }
  std::string get(const std::string& path) const {
    return read_file_if_exists(root + "/sys/fs/cgroup/" + path).value_or("(absent)");
  }
  std::string root;
};

TEST(CgroupView, ReadsTheFiguresOfVersion2) {
  const Tree tree;
  tree.put("cgroup.controllers", "cpuset cpu io memory pids\n");
  tree.put("posada/a/ct-1/guest/cpu.stat", "usage_usec 2500\nuser_usec 2000\nsystem_usec 500\n");
  tree.put("posada/a/ct-1/guest/memory.current", "9000\n");
  tree.put("posada/a/ct-1/guest/memory.stat", "anon 1000\ninactive_file 4000\n");
  tree.put("posada/a/ct-1/guest/memory.swap.current", "70\n");
  tree.put("posada/a/ct-1/guest/io.stat",
           "8:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2\n");
  const CgroupView view(tree.root);
  EXPECT_TRUE(view.version2());
  EXPECT_TRUE(view.has_controller("memory"));
  EXPECT_FALSE(view.has_controller("hugetlb"));
  const auto figures = view.figures("posada/a/ct-1/guest");
  ASSERT_TRUE(figures.has_value());
  EXPECT_EQ(figures->cpu_nanoseconds, 2'500'000U);
  EXPECT_EQ(figures->memory, 5000U);
  EXPECT_EQ(figures->swap, 70U);
  EXPECT_EQ(figures->read_bytes, 101U);
  EXPECT_EQ(figures->written_bytes, 202U);
  EXPECT_FALSE(view.figures("posada/a/ct-2/guest").has_value());
}

TEST(CgroupView, SetsAndFreezesInVersion2) {
  const Tree tree;
  tree.put("cgroup.controllers", "cpu memory\n");
  tree.put("g/guest/memory.max", "max\n");
  tree.put("g/guest/cgroup.freeze", "0\n");
  const CgroupView view(tree.root);
  EXPECT_TRUE(view.set("g/guest", "memory", "memory.max", "1024"));
  EXPECT_TRUE(tree.get("g/guest/memory.max").starts_with("1024"));
  EXPECT_FALSE(view.set("g/guest", "cpuset", "cpuset.cpus", "0")) << "no such controller here";
  EXPECT_FALSE(view.frozen("g/guest"));
  EXPECT_TRUE(view.freeze("g/guest", true));
  EXPECT_TRUE(view.frozen("g/guest"));
  EXPECT_FALSE(view.freeze("absent", true));
}

TEST(CgroupView, FindsEachControllerOfVersion1ByItsMount) {
  const Tree tree;
  make_directories(tree.root + "/proc/self");
  write_file(tree.root + "/proc/self/mounts",
             "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n"
             "cgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0\n"
             "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n");
  tree.put("freezer/g/freezer.state", "THAWED\n");
  tree.put("cpu,cpuacct/g/cgroup.procs", "12\n11\n");
  tree.put("unified/g/below/cgroup.procs", "13\n11\n");
  const CgroupView view(tree.root);
  EXPECT_FALSE(view.version2());
  EXPECT_TRUE(view.has_controller("cpu"));
  EXPECT_EQ(view.processes("g"), (std::vector<int>{11, 12, 13}));
  EXPECT_TRUE(view.freeze("g", true));
  EXPECT_TRUE(tree.get("freezer/g/freezer.state").starts_with("FROZEN"));
}

}  // namespace
}  // namespace posada::sys
