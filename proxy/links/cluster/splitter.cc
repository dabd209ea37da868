#include "proxy/links/cluster/splitter.h"

#include <absl/container/flat_hash_map.h>

#include <algorithm>

#include "resp/reply_writer.h"

namespace keyhole::core {

std::vector<SlotRequest> SplitBySlot(const resp::CommandSpec& spec,
                                     std::span<const std::string_view> args) {
  const auto first = static_cast<size_t>(spec.keys.first);
  const auto step = static_cast<size_t>(spec.keys.step);
  struct Words {
    std::vector<std::string_view> args;
    std::vector<uint32_t> places;
    Slot slot;
  };
  std::vector<Words> all;
  absl::flat_hash_map<Slot, size_t> index;
  uint32_t place = 0;
  for (size_t i = first; i < args.size(); i += step, ++place) {
    const Slot slot = SlotOf(args[i]);
    const auto [at, is_new] = index.try_emplace(slot, all.size());
    if (is_new) all.push_back({{args.begin(), args.begin() + spec.keys.first}, {}, slot});
    Words& words = all[at->second];
    const auto key = args.begin() + static_cast<std::ptrdiff_t>(i);
    const size_t count = std::min(step, args.size() - i);
    words.args.insert(words.args.end(), key, key + static_cast<std::ptrdiff_t>(count));
    words.places.push_back(place);
  }
  std::vector<SlotRequest> requests;
  for (Words& words : all) {
    SlotRequest& request = requests.emplace_back();
    request.slot = words.slot;
    request.places = std::move(words.places);
    resp::AppendRequest(words.args, &request.bytes);
  }
  return requests;
}

}  // namespace keyhole::core
