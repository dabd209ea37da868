#include "proxy/program/listen_fds.h"

#include <unistd.h>

#include <cstdint>
#include <optional>

#include "proxy/base/digits.h"

namespace keyhole::program {
namespace {

constexpr int kFirst = 3;
constexpr uint64_t kMost = 64;

}  // namespace

std::vector<int> ListenDescriptors(const char* pid, const char* count) {
  if (pid == nullptr || count == nullptr) return {};
  const std::optional<uint64_t> whose = core::ParseDigits(pid);
  const std::optional<uint64_t> many = core::ParseDigits(count);
  if (!whose || !many || *many > kMost || *whose != static_cast<uint64_t>(::getpid())) return {};
  std::vector<int> descriptors;
  for (int i = 0; i < static_cast<int>(*many); ++i) descriptors.push_back(kFirst + i);
  return descriptors;
}

}  // namespace keyhole::program
