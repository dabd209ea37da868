// The chunks of a large list. Each input is a list of operations on one, and a std::deque says what
// must be there, read from both ends; what it says of its size and memory must be true.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "proxy/store/types/list_object.h"
#include "tests/fuzz/fuzz_support.h"

namespace keyhole::fuzz {
namespace {

using store::ListEnd;
using store::ListLimits;
using store::ListObject;
using store::PackedReader;

class Game {
 public:
  explicit Game(std::string_view input)
      : in_(input), list_(ListLimits::Of(static_cast<int8_t>(Byte()))) {}

  void Play() {
    while (!in_.empty()) {
      Move();
      Compare();
    }
  }

 private:
  uint8_t Byte() {
    if (in_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(in_.front());
    in_.remove_prefix(1);
    return byte;
  }
  // An integer, a piece of the input, or one byte many times.
  std::string Text() {
    const uint8_t kind = Byte();
    if (kind < 80) return std::to_string(int64_t{static_cast<int8_t>(Byte())} << (kind % 56));
    if (kind < 160) {
      const std::string text(in_.substr(0, Byte()));
      in_.remove_prefix(std::min(in_.size(), text.size()));
      return text;
    }
    return std::string(size_t{Byte()} << (kind % 6), 'x');
  }
  size_t Below(size_t size) { return size == 0 ? 0 : (size_t{Byte()} << 3 | Byte() % 8) % size; }

  void Move() {
    const size_t size = model_.size();
    const auto at = [this](size_t i) { return model_.begin() + static_cast<ptrdiff_t>(i); };
    switch (Byte() % 7) {
      case 0: {
        const std::string text = Text();
        list_.Push(ListEnd::kBack, text);
        model_.push_back(text);
        break;
      }
      case 1: {
        const std::string text = Text();
        list_.Push(ListEnd::kFront, text);
        model_.push_front(text);
        break;
      }
      case 2: {
        const size_t index = Below(size + 1);
        const std::string text = Text();
        list_.Insert(index, text);
        model_.insert(at(index), text);
        break;
      }
      case 3: {
        if (size == 0) break;
        const size_t index = Below(size);
        const std::string text = Text();
        list_.Replace(index, text);
        model_[index] = text;
        break;
      }
      case 4: {
        const size_t first = Below(size);
        const size_t count = Below(size - first + 1);
        list_.Erase(first, count);
        model_.erase(at(first), at(first + count));
        break;
      }
      case 5:
        Remove(size == 0 ? Text() : model_[Below(size)], Byte());
        break;
      default: {
        const auto copy = list_.Clone(store::MallocHeap());
        Check(static_cast<const ListObject&>(*copy).size() == size, "a copy has as many");
        size_t budget = Byte();
        (void)copy->FreeSome(&budget);
      }
    }
  }

  void Remove(const std::string& text, size_t most) {
    const bool front = most % 2 == 0;
    size_t expected = 0;
    for (; expected < most; ++expected) {
      auto it = std::find(model_.begin(), model_.end(), text);
      if (!front) {
        const auto last = std::find(model_.rbegin(), model_.rend(), text);
        it = last == model_.rend() ? model_.end() : std::next(last).base();
      }
      if (it == model_.end()) break;
      model_.erase(it);
    }
    const ListEnd from = front ? ListEnd::kFront : ListEnd::kBack;
    Check(list_.Remove(text, most, from) == expected, "Remove() says how many it has removed");
    Check(list_.Has(text) == (std::find(model_.begin(), model_.end(), text) != model_.end()),
          "Has() finds what is there");
  }

  void Compare() {
    Check(list_.size() == model_.size(), "size() is the number of elements");
    if (model_.empty()) return Check(list_.chunk_count() == 0, "no chunk is empty");
    ListObject::Place place = list_.At(0);
    for (size_t i = 0; i < model_.size(); ++i) {
      if (i > 0) place = list_.Next(place);
      Check(TextAt(place) == model_[i], "each element is where it must be");
    }
    for (size_t i = model_.size(); i-- > 0;) {
      Check(TextAt(place) == model_[i], "each element is where it must be");
      if (i > 0) place = list_.Previous(place);
    }
    Check(list_.memory() >= list_.bytes(), "the blocks have room for the elements");
  }

  std::string TextAt(ListObject::Place place) const {
    return std::string(PackedReader(list_.From(place)).Next());
  }

  std::string_view in_;
  ListObject list_;
  std::deque<std::string> model_;
};

}  // namespace
}  // namespace keyhole::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMostBytes = 512;  // each move looks at all elements
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(size, kMostBytes));
  keyhole::fuzz::Game(bytes).Play();
  return 0;
}
