#include "proxy/store/commands/client_words.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/store/commands/replies.h"

namespace keyhole::store {

bool IsPlainName(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool SetName(Call& call, std::string_view name) {
  if (!IsPlainName(name)) {
    call.reply.Error("ERR Client names cannot contain spaces, newlines or special characters.");
    return false;
  }
  call.client.name = name;
  return true;
}

bool ParseClientType(Call& call, size_t index, ClientType* type) {
  constexpr std::pair<std::string_view, ClientType> kTypes[] = {
      {"NORMAL", ClientType::kNormal},
      {"MASTER", ClientType::kReplication},
      {"REPLICA", ClientType::kReplication},
      {"SLAVE", ClientType::kReplication},
      {"PUBSUB", ClientType::kListener}};
  for (const auto& [name, known] : kTypes) {
    if (!call.Is(index, name)) continue;
    *type = known;
    return true;
  }
  call.reply.Error(
      std::string("ERR Unknown client type '").append(UpToNul(call.args[index])).append("'"));
  return false;
}

ClientType TypeOf(const Client& client) {
  return client.subscribed() ? ClientType::kListener : ClientType::kNormal;
}

std::string OwnAddress(const Engine& engine) {
  return "127.0.0.1:" + engine.settings.text(Setting::kPort);
}

}  // namespace keyhole::store
