// Who listens to what: channels, patterns of channels, and shard channels, each with its listeners
// in the order of their coming.
//
// Thread: under the store's lock. Clients must be removed before they are gone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::store {

struct Client;

enum class Listening : uint8_t { kChannel, kPattern, kShard };

class Subscriptions {
 public:
  // The listeners of one name; null if there are none. Valid until the next change.
  const std::vector<Client*>* Find(Listening kind, std::string_view name) const;
  // Of all names of one kind, sorted.
  using Names = std::map<std::string, std::vector<Client*>, std::less<>>;
  const Names& All(Listening kind) const { return names_[static_cast<size_t>(kind)]; }

  void Add(Listening kind, std::string_view name, Client* client);
  void Remove(Listening kind, std::string_view name, Client* client);

 private:
  std::array<Names, 3> names_;
};

}  // namespace keyhole::store
