#include "proxy/store/types/integers.h"

#include <cstring>
#include <limits>

namespace keyhole::store {

namespace {

size_t WidthOf(std::string_view block) {
  return static_cast<uint8_t>(block[0]);
}

template <typename T>
bool Fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

size_t WidthFor(int64_t value) {
  return Fits<int16_t>(value) ? 2 : Fits<int32_t>(value) ? 4 : 8;
}

template <typename T>
int64_t Load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

void AppendInteger(int64_t value, size_t width, std::string* block) {
  const auto narrow = static_cast<int16_t>(value);
  const auto medium = static_cast<int32_t>(value);
  const char* bytes = reinterpret_cast<const char*>(&value);
  if (width == sizeof(narrow)) bytes = reinterpret_cast<const char*>(&narrow);
  if (width == sizeof(medium)) bytes = reinterpret_cast<const char*>(&medium);
  block->append(bytes, width);
}

// The index of the first that is not less.
size_t LowerBound(std::string_view block, int64_t value) {
  size_t low = 0;
  size_t high = CountIntegers(block);
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (IntegerAt(block, middle) < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

void Widen(std::string* block, size_t width) {
  std::string wider(1, static_cast<char>(width));
  const size_t count = CountIntegers(*block);
  for (size_t i = 0; i < count; ++i) AppendInteger(IntegerAt(*block, i), width, &wider);
  block->swap(wider);
}

}  // namespace

size_t CountIntegers(std::string_view block) {
  return block.empty() ? 0 : (block.size() - 1) / WidthOf(block);
}

int64_t IntegerAt(std::string_view block, size_t index) {
  const size_t width = WidthOf(block);
  const char* const bytes = block.data() + 1 + index * width;
  return width == 2   ? Load<int16_t>(bytes)
         : width == 4 ? Load<int32_t>(bytes)
                      : Load<int64_t>(bytes);
}

bool HasInteger(std::string_view block, int64_t value) {
  const size_t at = LowerBound(block, value);
  return at < CountIntegers(block) && IntegerAt(block, at) == value;
}

bool AddInteger(std::string* block, int64_t value) {
  const size_t width = WidthFor(value);
  if (block->empty()) block->push_back(static_cast<char>(width));
  if (width > WidthOf(*block)) Widen(block, width);
  const size_t at = LowerBound(*block, value);
  if (at < CountIntegers(*block) && IntegerAt(*block, at) == value) return false;
  std::string bytes;
  AppendInteger(value, WidthOf(*block), &bytes);
  block->insert(1 + at * WidthOf(*block), bytes);
  return true;
}

bool RemoveInteger(std::string* block, int64_t value) {
  if (!HasInteger(*block, value)) return false;
  block->erase(1 + LowerBound(*block, value) * WidthOf(*block), WidthOf(*block));
  if (block->size() == 1) block->clear();
  return true;
}

}  // namespace keyhole::store
