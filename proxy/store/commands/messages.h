// Messages to those who listen to a channel.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// Whose command sends the message: its own copy comes where it is in its output, before the reply.
struct Sender {
  const Client* client = nullptr;  // null: nobody's
  resp::ByteQueue* out = nullptr;
};

void SendWords(const Sender& sender, const std::vector<Client*>& listeners,
               std::initializer_list<std::string_view> words);

// To all who listen to the channel, or to a pattern of it. Returns how many.
int64_t PublishMessage(Engine& engine, const Sender& sender, std::string_view channel,
                       std::string_view message);

}  // namespace keyhole::store
