#include "proxy/store/process.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace keyhole::store {

namespace {

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Source: proc(5), /proc/[pid]/stat: utime and stime are the 12th and 13th after the name.
CpuTime CpuOf(const char* path) {
  constexpr int kFieldsBefore = 11;
  constexpr double kTicks = 100;  // a second, as Linux shows it to programs
  const std::string line = FirstLine(path);
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  size_t at = name_end + 1;
  for (int i = 0; i < kFieldsBefore && at != std::string::npos; ++i) at = line.find(' ', at + 1);
  if (at == std::string::npos) return {};
  uint64_t user = 0;
  uint64_t system = 0;
  for (uint64_t* const value : {&user, &system}) {
    for (++at; at < line.size() && line[at] != ' '; ++at) {
      *value = *value * 10 + static_cast<uint64_t>(line[at] - '0');
    }
  }
  return {static_cast<double>(system) / kTicks, static_cast<double>(user) / kTicks};
}

}  // namespace

uint64_t ProcessId() {
  std::ifstream file("/proc/self/stat");
  uint64_t id = 0;
  file >> id;
  return id;
}

std::string ProgramPath() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

std::string SystemName() {
#if defined(__x86_64__)
  constexpr const char* kMachine = "x86_64";
#elif defined(__aarch64__)
  constexpr const char* kMachine = "aarch64";
#else
  constexpr const char* kMachine = "unknown";
#endif
  return FirstLine("/proc/sys/kernel/ostype") + " " + FirstLine("/proc/sys/kernel/osrelease") +
         " " + kMachine;
}

uint64_t ProcessResident() {
  constexpr uint64_t kPage = 4096;
  std::ifstream file("/proc/self/statm");
  uint64_t all = 0;
  uint64_t resident = 0;
  file >> all >> resident;
  return resident * kPage;
}

CpuTime ProcessCpu() {
  return CpuOf("/proc/self/stat");
}

CpuTime ThreadCpu() {
  return CpuOf("/proc/thread-self/stat");
}

}  // namespace keyhole::store
