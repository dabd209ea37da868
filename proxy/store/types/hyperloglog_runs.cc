#include "proxy/store/types/hyperloglog_runs.h"

namespace keyhole::store::hll {

namespace {

constexpr uint8_t kMaxCount = 32;  // that a run can say
constexpr size_t kMaxEqual = 4;    // registers in a run that are not 0
constexpr size_t kMaxShortZeros = 64;

char ValueRun(uint8_t count, size_t length) {
  return static_cast<char>(
      static_cast<uint8_t>(0x80U | static_cast<unsigned>(count - 1) << 2 | (length - 1)));
}

void AppendValues(uint8_t count, size_t length, std::string* runs) {
  if (length > 0) runs->push_back(ValueRun(count, length));
}

// The run that covers a register.
struct Found {
  Run run;
  size_t at;      // where it begins
  size_t before;  // where the one before it begins, or the same
  size_t first;   // its first register
};

// False if no run does.
bool FindRun(std::string_view bytes, size_t begin, size_t index, Found* found) {
  *found = {{}, begin, begin, 0};
  while (found->at < bytes.size()) {
    found->run = FirstRun(bytes.substr(found->at));
    if (index < found->first + found->run.length) return true;
    found->before = found->at;
    found->at += found->run.size;
    found->first += found->run.length;
  }
  return false;
}

// Neighbours with the same value become one, among the five runs from `at` on. After a join the
// joined run is looked at again, which counts as one of the five.
void JoinRuns(std::string* bytes, size_t at) {
  for (int looks = 0; looks < 5 && at < bytes->size(); ++looks) {
    const Run run = FirstRun(std::string_view(*bytes).substr(at));
    const size_t next_at = at + run.size;
    if (run.count > 0 && next_at < bytes->size()) {
      const Run next = FirstRun(std::string_view(*bytes).substr(next_at));
      if (next.count == run.count && run.length + next.length <= kMaxEqual) {
        (*bytes)[next_at] = ValueRun(run.count, run.length + next.length);
        bytes->erase(at, 1);
        continue;
      }
    }
    at = next_at;
  }
}

}  // namespace

void AppendZeros(size_t length, std::string* runs) {
  if (length == 0) return;
  const size_t bits = length - 1;
  if (length > kMaxShortZeros) {
    runs->push_back(static_cast<char>(static_cast<uint8_t>(0x40U | bits >> 8)));
  }
  runs->push_back(static_cast<char>(static_cast<uint8_t>(bits)));
}

// The run is split into what is before the register, the register, and what is behind it.
RunChange SetInRuns(std::string* bytes, size_t begin, size_t index, uint8_t count, size_t most) {
  if (count > kMaxCount) return RunChange::kDoesNotFit;
  Found found{};
  if (!FindRun(*bytes, begin, index, &found)) return RunChange::kCorrupt;
  const Run run = found.run;
  if (run.count >= count) return RunChange::kNone;
  std::string split;
  const size_t before = index - found.first;
  const size_t behind = run.length - before - 1;
  if (run.count == 0) {
    AppendZeros(before, &split);
    AppendValues(count, 1, &split);
    AppendZeros(behind, &split);
  } else {
    AppendValues(run.count, before, &split);
    AppendValues(count, 1, &split);
    AppendValues(run.count, behind, &split);
  }
  if (split.size() > run.size && bytes->size() + split.size() - run.size > most) {
    return RunChange::kDoesNotFit;
  }
  bytes->replace(found.at, run.size, split);
  JoinRuns(bytes, found.before);
  return RunChange::kDone;
}

}  // namespace keyhole::store::hll
