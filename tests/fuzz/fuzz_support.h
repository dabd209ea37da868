// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

namespace keyhole::fuzz {

// A property that must hold for every input; a fuzzer counts an abort as a finding.
inline void Check(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "broken property: %s\n", property);
  std::abort();
}

// Ways to cut an input: whole, byte by byte, and at random places. Random means the same places
// for the same input, so that a finding can be repeated.
inline std::vector<std::vector<std::string_view>> Splittings(std::string_view in) {
  std::vector<std::vector<std::string_view>> all(1, {in});
  std::mt19937_64 random(std::hash<std::string_view>{}(in));
  for (const size_t longest : {size_t{1}, size_t{5}, size_t{64}}) {
    std::vector<std::string_view>& chunks = all.emplace_back();
    for (size_t pos = 0; pos < in.size(); pos += chunks.back().size()) {
      chunks.push_back(in.substr(pos, 1 + random() % longest));
    }
  }
  return all;
}

// A copy that fills its allocation exactly, so that AddressSanitizer sees a read past the end.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view bytes) : data_(new char[bytes.size()]), size_(bytes.size()) {
    bytes.copy(data_.get(), size_);
  }
  std::string_view view() const { return {data_.get(), size_}; }

 private:
  std::unique_ptr<char[]> data_;
  size_t size_;
};

}  // namespace keyhole::fuzz
