#include "proxy/store/types/hyperloglog.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "proxy/store/types/hyperloglog_runs.h"

namespace keyhole::store::hll {

namespace {

constexpr std::string_view kMagic = "HYLL";
constexpr size_t kEncodingAt = 4;
constexpr size_t kCountAt = 8;
constexpr size_t kTopOfCount = 15;
constexpr char kDense = 0;
constexpr char kSparse = 1;
constexpr unsigned kIndexBits = 14;
constexpr size_t kMaxRun = 64 - kIndexBits;  // zeros that a hash can have after its index

// How many registers have which value.
using Histogram = std::array<uint32_t, 64>;

uint64_t LoadWord(const char* at, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

// MurmurHash64A, A. Appleby, public domain.
uint64_t Hash(std::string_view bytes) {
  constexpr uint64_t kFactor = 0xc6a4a7935bd1e995;
  constexpr uint64_t kSeed = 0xadc83b19;
  constexpr unsigned kShift = 47;
  uint64_t hash = kSeed ^ (bytes.size() * kFactor);
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word = LoadWord(at, 8) * kFactor;
    word = (word ^ word >> kShift) * kFactor;
    hash = (hash ^ word) * kFactor;
  }
  if (left > 0) hash = (hash ^ LoadWord(at, left)) * kFactor;
  hash = (hash ^ hash >> kShift) * kFactor;
  return hash ^ hash >> kShift;
}

struct Place {
  size_t index;
  uint8_t count;
};

// Where an element belongs, and the zeros after that in its hash, with the one that ends them.
Place PlaceOf(std::string_view element) {
  const uint64_t hash = Hash(element);
  const uint64_t rest = hash >> kIndexBits | uint64_t{1} << kMaxRun;
  return {static_cast<size_t>(hash) & (kRegisters - 1),
          static_cast<uint8_t>(std::countr_zero(rest) + 1)};
}

uint8_t ByteAt(const char* bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

// `registers`: those of a dense value.
uint8_t LoadRegister(const char* registers, size_t index) {
  const size_t at = index * 6 / 8;
  const auto shift = static_cast<unsigned>(index * 6 % 8);
  unsigned bits = ByteAt(registers, at);
  if (shift > 2) bits |= static_cast<unsigned>(ByteAt(registers, at + 1)) << 8;
  return bits >> shift & 63;
}

void StoreRegister(char* registers, size_t index, uint8_t value) {
  const size_t at = index * 6 / 8;
  const auto shift = static_cast<unsigned>(index * 6 % 8);
  const unsigned mask = 63U << shift;
  const unsigned bits = static_cast<unsigned>(value) << shift;
  registers[at] = static_cast<char>((ByteAt(registers, at) & ~mask) | bits);
  if (shift <= 2) return;
  registers[at + 1] = static_cast<char>((ByteAt(registers, at + 1) & ~(mask >> 8)) | bits >> 8);
}

// Four registers are three bytes. Calls f(index, value).
template <typename F>
void ForEachDense(std::string_view value, F&& f) {
  const char* at = value.data() + kHeader;
  for (size_t i = 0; i < kRegisters; i += 4, at += 3) {
    const unsigned bits = ByteAt(at, 0) | static_cast<unsigned>(ByteAt(at, 1)) << 8 |
                          static_cast<unsigned>(ByteAt(at, 2)) << 16;
    f(i, static_cast<uint8_t>(bits & 63));
    f(i + 1, static_cast<uint8_t>(bits >> 6 & 63));
    f(i + 2, static_cast<uint8_t>(bits >> 12 & 63));
    f(i + 3, static_cast<uint8_t>(bits >> 18));
  }
}

// The series of Ertl's estimator, each until it changes no more.
double Sigma(double x) {
  if (x == 1.0) return std::numeric_limits<double>::infinity();
  double weight = 1;
  double sum = x;
  for (double before = -1; before != sum;) {
    x *= x;
    before = sum;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

double Tau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double weight = 1;
  double sum = 1 - x;
  for (double before = -1; before != sum;) {
    x = std::sqrt(x);
    before = sum;
    weight *= 0.5;
    sum -= (1 - x) * (1 - x) * weight;
  }
  return sum / 3;
}

uint64_t Estimate(const Histogram& histogram) {
  constexpr double kAlpha = 0.721347520444481703680;  // 0.5 / ln 2
  constexpr auto kAll = static_cast<double>(kRegisters);
  double z = kAll * Tau((kAll - histogram[kMaxRun + 1]) / kAll);
  for (size_t i = kMaxRun; i >= 1; --i) z = (z + histogram[i]) * 0.5;
  z += kAll * Sigma(histogram[0] / kAll);
  return static_cast<uint64_t>(std::llround(kAlpha * kAll * kAll / z));
}

}  // namespace

bool IsSketch(std::string_view value) {
  if (value.size() < kHeader || !value.starts_with(kMagic)) return false;
  const auto encoding = static_cast<uint8_t>(value[kEncodingAt]);
  return encoding == kSparse || (encoding == kDense && value.size() == kDenseSize);
}

bool IsDense(std::string_view value) {
  return value[kEncodingAt] == kDense;
}

std::string Empty() {
  std::string value(kMagic);
  value.append({kSparse, 0, 0, 0}).append(kHeader - kCountAt, '\0');
  AppendZeros(kRegisters, &value);
  return value;
}

Added AddToDense(char* value, std::string_view element) {
  const auto [index, count] = PlaceOf(element);
  if (LoadRegister(value + kHeader, index) >= count) return Added::kNothing;
  StoreRegister(value + kHeader, index, count);
  return Added::kChanged;
}

Added AddToSparse(std::string* value, std::string_view element, size_t most) {
  if (IsDense(*value)) return AddToDense(value->data(), element);
  const auto [index, count] = PlaceOf(element);
  return SetSparse(value, index, count, most);
}

Added SetSparse(std::string* value, size_t index, uint8_t count, size_t most) {
  const RunChange change = SetInRuns(value, kHeader, index, count, most);
  if (change == RunChange::kCorrupt) return Added::kCorrupt;
  if (change == RunChange::kNone) return Added::kNothing;
  if (change == RunChange::kDoesNotFit) {
    if (!MakeDense(value)) return Added::kCorrupt;
    StoreRegister(value->data() + kHeader, index, count);
    return Added::kChanged;
  }
  ForgetCount(value->data());
  return Added::kChanged;
}

bool MakeDense(std::string* value) {
  if (IsDense(*value)) return true;
  Registers registers{};
  if (!MergeInto(*value, &registers)) return false;
  value->resize(kHeader);
  value->resize(kDenseSize);
  (*value)[kEncodingAt] = kDense;
  StoreDense(registers, value->data());
  return true;
}

bool MergeInto(std::string_view value, Registers* registers) {
  if (IsDense(value)) {
    ForEachDense(value, [registers](size_t i, uint8_t count) {
      (*registers)[i] = std::max((*registers)[i], count);
    });
    return true;
  }
  size_t index = 0;
  ForEachRun(value.substr(kHeader), [&](Run run) {
    if (run.count > 0 && index + run.length > kRegisters) return false;
    for (size_t i = index; run.count > 0 && i < index + run.length; ++i) {
      (*registers)[i] = std::max((*registers)[i], run.count);
    }
    index += run.length;
    return true;
  });
  return index == kRegisters;
}

void StoreDense(const Registers& registers, char* value) {
  char* at = value + kHeader;
  for (size_t i = 0; i < kRegisters; i += 4, at += 3) {
    const unsigned bits = registers[i] | static_cast<unsigned>(registers[i + 1]) << 6 |
                          static_cast<unsigned>(registers[i + 2]) << 12 |
                          static_cast<unsigned>(registers[i + 3]) << 18;
    for (unsigned j = 0; j < 3; ++j) at[j] = static_cast<char>(static_cast<uint8_t>(bits >> 8 * j));
  }
}

bool KeptCount(std::string_view value, uint64_t* count) {
  std::memcpy(count, value.data() + kCountAt, sizeof(*count));
  return *count >> 63 == 0;
}

void KeepCount(char* value, uint64_t count) {
  std::memcpy(value + kCountAt, &count, sizeof(count));
}

void ForgetCount(char* value) {
  value[kTopOfCount] = static_cast<char>(ByteAt(value, kTopOfCount) | 0x80);
}

// Four histograms, so that the counts of neighbours do not wait for each other.
bool Count(std::string_view value, uint64_t* count) {
  std::array<Histogram, 4> parts{};
  size_t seen = 0;
  if (IsDense(value)) {
    ForEachDense(value,
                 [&parts](size_t i, uint8_t register_value) { ++parts[i % 4][register_value]; });
    seen = kRegisters;
    for (size_t i = 0; i < parts[0].size(); ++i) {
      parts[0][i] += parts[1][i] + parts[2][i] + parts[3][i];
    }
  } else {
    ForEachRun(value.substr(kHeader), [&](Run run) {
      parts[0][run.count] += static_cast<uint32_t>(run.length);
      seen += run.length;
      return true;
    });
  }
  *count = seen == kRegisters ? Estimate(parts[0]) : 0;
  return seen == kRegisters;
}

uint64_t Count(const Registers& registers) {
  Histogram histogram{};
  for (const uint8_t count : registers) ++histogram[count];
  return Estimate(histogram);
}

std::string Describe(std::string_view value) {
  std::string text;
  ForEachRun(value.substr(kHeader), [&text](Run run) {
    if (!text.empty()) text += ' ';
    text.append(run.count > 0 ? "v:" : run.size == 1 ? "z:" : "Z:");
    if (run.count > 0) text.append(std::to_string(run.count)).append(",");
    text.append(std::to_string(run.length));
    return true;
  });
  return text;
}

}  // namespace keyhole::store::hll
