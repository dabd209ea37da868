#include "proxy/store/subscriptions.h"

namespace keyhole::store {

const std::vector<Client*>* Subscriptions::Find(Listening kind, std::string_view name) const {
  const Names& names = All(kind);
  const auto it = names.find(name);
  return it == names.end() ? nullptr : &it->second;
}

void Subscriptions::Add(Listening kind, std::string_view name, Client* client) {
  names_[static_cast<size_t>(kind)][std::string(name)].push_back(client);
}

void Subscriptions::Remove(Listening kind, std::string_view name, Client* client) {
  Names& names = names_[static_cast<size_t>(kind)];
  const auto it = names.find(name);
  if (it == names.end()) return;
  std::erase(it->second, client);
  if (it->second.empty()) names.erase(it);
}

}  // namespace keyhole::store
