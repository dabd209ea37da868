// The parameters of a target, "sort=misses&limit=50", percent-encoded, where only known ones are
// taken: a misspelt one is told, and not ignored.
//
// Thread: any; a plain value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::core {

class Query {
 public:
  // Gives what is wrong, for the client, or none: a name that is not known, with the known one that
  // it is nearest to, one that is given twice, a wrong percent-encoding.
  std::optional<std::string> Read(std::string_view text,
                                  const std::vector<std::string_view>& known);

  // The value of a parameter; null: it is not given.
  const std::string* Find(std::string_view name) const;

  // A whole number from `least` to `most`; *out stays as it is where it is not given.
  std::optional<std::string> ReadNumber(std::string_view name, uint64_t least, uint64_t most,
                                        uint64_t* out) const;
  // One of these words; *out is its place among them.
  std::optional<std::string> ReadWord(std::string_view name,
                                      const std::vector<std::string_view>& words,
                                      size_t* out) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace keyhole::core
