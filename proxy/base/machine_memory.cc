#include "proxy/base/machine_memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "proxy/base/digits.h"

namespace keyhole::core {

namespace {

constexpr uint64_t kNone = std::numeric_limits<uint64_t>::max();

// A file that holds one number; a word such as "max" means no limit.
uint64_t NumberIn(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  file >> text;
  return ParseDigits(text).value_or(kNone);
}

uint64_t TotalOfMachine(const std::string& root) {
  std::ifstream file(root + "/proc/meminfo");
  std::string word;
  uint64_t kilobytes = 0;
  while (file >> word) {
    if (word == "MemTotal:" && file >> kilobytes) return kilobytes * 1024;
  }
  return kNone;
}

// The smallest limit of a group and of those around it. Seen from inside a container the path may
// be that of the host, of which there is only the top.
uint64_t LimitOf(const std::string& mount, std::string group, const std::string& file) {
  uint64_t limit = NumberIn(mount + "/" + file);
  while (group.size() > 1) {
    limit = std::min(limit, NumberIn(mount + group + "/" + file));
    group.resize(group.rfind('/'));
  }
  return limit;
}

// A line is "0::/GROUP" for version 2, "4:memory:/GROUP" or "4:cpu,memory:/GROUP" for version 1.
uint64_t LimitOfLine(const std::string& root, std::string_view line) {
  const size_t first = line.find(':');
  const size_t second = line.find(':', first + 1);
  if (second == std::string_view::npos) return kNone;
  const std::string controllers =
      "," + std::string(line.substr(first + 1, second - first - 1)) + ",";
  const std::string group(line.substr(second + 1));
  if (controllers == ",,") return LimitOf(root + "/sys/fs/cgroup", group, "memory.max");
  if (controllers.find(",memory,") == std::string::npos) return kNone;
  return LimitOf(root + "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
}

}  // namespace

uint64_t MachineMemory(const std::string& root) {
  uint64_t memory = TotalOfMachine(root);
  std::ifstream groups(root + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    memory = std::min(memory, LimitOfLine(root, line));
  }
  return memory == kNone ? 0 : memory;
}

}  // namespace keyhole::core
