#include "proxy/base/machine_memory.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace keyhole::core {
namespace {

// A tree of files like the kernel's.
class MachineMemoryTest : public testing::Test {
 protected:
  MachineMemoryTest() {
    std::string name = testing::TempDir() + "/keyhole-XXXXXX";
    root_ = mkdtemp(name.data());
    Write("/proc/meminfo", "MemTotal:       24683000 kB\nMemFree:        1000 kB\n");
  }
  ~MachineMemoryTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  uint64_t Ask() const { return MachineMemory(root_); }

  std::string root_;
};

constexpr uint64_t kMachine = 24683000ULL * 1024;

TEST_F(MachineMemoryTest, OfTheMachine) {
  EXPECT_EQ(Ask(), kMachine);
  Write("/proc/self/cgroup", "0::/user.slice\n");
  EXPECT_EQ(Ask(), kMachine);
  Write("/sys/fs/cgroup/user.slice/memory.max", "max\n");
  EXPECT_EQ(Ask(), kMachine);
}

TEST_F(MachineMemoryTest, OfTheContainer) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/memory.max", "536870912\n");
  EXPECT_EQ(Ask(), 512U << 20);
}

TEST_F(MachineMemoryTest, TheSmallestOfAGroupAndThoseAroundIt) {
  Write("/proc/self/cgroup", "0::/a/b\n");
  Write("/sys/fs/cgroup/a/b/memory.max", "3000\n");
  Write("/sys/fs/cgroup/a/memory.max", "2000\n");
  EXPECT_EQ(Ask(), 2000U);
  Write("/sys/fs/cgroup/a/b/memory.max", "1000\n");
  EXPECT_EQ(Ask(), 1000U);
}

TEST_F(MachineMemoryTest, OfAContainerOfVersionOne) {
  Write("/proc/self/cgroup", "5:cpuset:/x\n4:cpu,memory:/docker/abc\n1:name=systemd:/\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Ask(), kMachine);
  Write("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "1000000\n");
  EXPECT_EQ(Ask(), 1000000U);
}

TEST_F(MachineMemoryTest, NothingTells) {
  std::filesystem::remove_all(root_ + "/proc");
  EXPECT_EQ(Ask(), 0U);
}

TEST(MachineMemory, OfThisMachine) {
  EXPECT_GT(MachineMemory(), 1U << 20);
}

}  // namespace
}  // namespace keyhole::core
