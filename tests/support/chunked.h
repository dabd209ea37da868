// The same bytes, cut in different ways: as a socket may hand them over.
//
//     for (const Splitting& splitting : Splittings(bytes)) {
//       SCOPED_TRACE(splitting.name);
//       for (std::string_view chunk : splitting.chunks) parser.Feed(chunk);
//     }
#pragma once

#include <cstddef>
#include <random>
#include <string_view>
#include <vector>

namespace keyhole::test {

struct Splitting {
  std::string_view name;
  std::vector<std::string_view> chunks;  // views into the bytes given
};

// Cut into chunks of 1 to `longest` bytes. The same bytes are cut at the same places every time.
inline std::vector<std::string_view> RandomChunks(std::string_view bytes, size_t longest) {
  std::minstd_rand random(static_cast<unsigned>(bytes.size()) + 1);
  std::vector<std::string_view> chunks;
  for (size_t pos = 0; pos < bytes.size(); pos += chunks.back().size()) {
    chunks.push_back(bytes.substr(pos, 1 + random() % longest));
  }
  return chunks;
}

// Whole, byte by byte, and in random chunks. Of very long inputs the chunks are not that short.
inline std::vector<Splitting> Splittings(std::string_view bytes) {
  const size_t shortest = 1 + bytes.size() / 100'000;
  return {{"whole", {bytes}},
          {"byte by byte", RandomChunks(bytes, shortest)},
          {"in short random chunks", RandomChunks(bytes, 7 * shortest)},
          {"in long random chunks", RandomChunks(bytes, 1000 * shortest)}};
}

}  // namespace keyhole::test
