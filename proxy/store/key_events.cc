#include "proxy/store/key_events.h"

namespace keyhole::store {

namespace {

struct Letter {
  char letter;
  EventClass kind;
};
// In the order in which CONFIG GET shows them.
constexpr Letter kAll[] = {{'g', EventClass::kGeneric}, {'$', EventClass::kString},
                           {'l', EventClass::kList},    {'s', EventClass::kSet},
                           {'h', EventClass::kHash},    {'z', EventClass::kSortedSet},
                           {'x', EventClass::kExpired}, {'e', EventClass::kEvicted},
                           {'t', EventClass::kStream},  {'d', EventClass::kModule}};
constexpr Letter kNew = {'n', EventClass::kNew};
constexpr Letter kOthers[] = {
    {'K', EventClass::kByKey}, {'E', EventClass::kByEvent}, {'m', EventClass::kMiss}};

constexpr uint32_t Bit(EventClass kind) {
  return static_cast<uint32_t>(kind);
}

constexpr uint32_t kWholeA = [] {
  uint32_t bits = 0;
  for (const Letter& one : kAll) bits |= Bit(one.kind);
  return bits;
}();

uint32_t BitsOf(char letter) {
  if (letter == 'A') return kWholeA;
  if (letter == kNew.letter) return Bit(kNew.kind);
  for (const Letter& one : kAll) {
    if (one.letter == letter) return Bit(one.kind);
  }
  for (const Letter& one : kOthers) {
    if (one.letter == letter) return Bit(one.kind);
  }
  return 0;
}

}  // namespace

std::optional<uint32_t> ParseEventClasses(std::string_view letters) {
  uint32_t classes = 0;
  for (const char letter : letters) {
    const uint32_t bits = BitsOf(letter);
    if (bits == 0) return std::nullopt;
    classes |= bits;
  }
  return classes;
}

std::string EventClassLetters(uint32_t classes) {
  std::string letters;
  if ((classes & kWholeA) == kWholeA) {
    letters = "A";  // which hides an n, in Redis 7.0
  } else {
    for (const Letter& one : kAll) {
      if ((classes & Bit(one.kind)) != 0) letters.push_back(one.letter);
    }
    if ((classes & Bit(kNew.kind)) != 0) letters.push_back(kNew.letter);
  }
  for (const Letter& one : kOthers) {
    if ((classes & Bit(one.kind)) != 0) letters.push_back(one.letter);
  }
  return letters;
}

void KeyEvents::Configure(uint32_t classes) {
  classes_ = classes;
  const uint32_t channels = Bit(EventClass::kByKey) | Bit(EventClass::kByEvent);
  wanted_ = (classes & channels) != 0 ? classes & ~channels : 0;
}

void KeyEvents::Add(int database, std::string_view event, std::string_view key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  queue_.push_back({database, std::string(event), std::string(key)});
  due_.store(true, std::memory_order_relaxed);
}

}  // namespace keyhole::store
