// What the CLIENT commands and HELLO share about names, types and addresses.
#pragma once

#include <string_view>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// True if `text` has visible ASCII only, as names must, lest they break the lines of CLIENT LIST.
bool IsPlainName(std::string_view text);

// Sets the client's name; an empty one removes it. False if it is not allowed; then that is the
// reply.
bool SetName(Call& call, std::string_view name);

enum class ClientType { kNormal, kListener, kReplication };
ClientType TypeOf(const Client& client);
// Reads a client type. False if there is no such; then that is the reply.
bool ParseClientType(Call& call, size_t index, ClientType* type);

// Where clients connect to, as CLIENT LIST shows it.
std::string OwnAddress(const Engine& engine);

}  // namespace keyhole::store
