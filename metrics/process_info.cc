#include "metrics/process_info.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace keyhole::metrics {
namespace {

// The numbers of /proc/self/stat we want; proc(5) counts the fields from 1.
struct StatFields {
  uint64_t user_ticks = 0;      // 14
  uint64_t system_ticks = 0;    // 15
  uint64_t start_ticks = 0;     // 22, since boot
  uint64_t virtual_bytes = 0;   // 23
  uint64_t resident_pages = 0;  // 24
};

StatFields ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  // Field 2 is the program's name in parentheses and may hold anything, so begin behind it.
  const size_t end_of_name = line.rfind(')');
  if (end_of_name == line.npos) return {};
  std::istringstream rest(line.substr(end_of_name + 1));
  StatFields fields;
  std::string word;
  for (int field = 3; field <= 24 && rest >> word; ++field) {
    const auto number = [&word] { return std::stoull(word); };
    if (field == 14) fields.user_ticks = number();
    if (field == 15) fields.system_ticks = number();
    if (field == 22) fields.start_ticks = number();
    if (field == 23) fields.virtual_bytes = number();
    if (field == 24) fields.resident_pages = number();
  }
  return fields;
}

// When the machine was started, in seconds since 1970.
double BootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (word != "btime") {
      file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      continue;
    }
    double seconds = 0;
    file >> seconds;
    return seconds;
  }
  return 0;
}

uint64_t CountOpenFds() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  uint64_t entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  return entries - 3;  // ".", ".." and the one we were reading with
}

}  // namespace

ProcessInfo ReadProcessInfo() {
  const StatFields stat = ReadStat();
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto seconds = [=](uint64_t ticks) {
    return static_cast<double>(ticks) / ticks_per_second;
  };
  ProcessInfo info;
  info.cpu_seconds = seconds(stat.user_ticks + stat.system_ticks);
  info.resident_bytes = stat.resident_pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  info.virtual_bytes = stat.virtual_bytes;
  info.open_fds = CountOpenFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) info.max_fds = limit.rlim_cur;
  info.start_time_seconds = BootTime() + seconds(stat.start_ticks);
  return info;
}

}  // namespace keyhole::metrics
