// Who may log in to the proxy itself, from --users and --requirepass, and what nobody may do, from
// --deny and --read-only.
//
// Thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/config/config.h"
#include "proxy/config/config_values.h"

namespace keyhole::core {

// Makes config->users from users_file and requirepass, where the proxy itself asks for passwords.
// Gives what is wrong, without any password, or none.
std::optional<std::string> LoadUsers(Config* config);

// One word of --deny: "flushall", "config set" or "config|set", "config *", "@dangerous".
Problem ParseDenied(std::string_view text, std::string* out);

// Makes config->allowed of what is denied.
void DenyCommands(Config* config);

}  // namespace keyhole::core
