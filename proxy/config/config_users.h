// Who may log in to the proxy itself, from --users and --requirepass.
//
// Thread: any.
#pragma once

#include <optional>
#include <string>

#include "proxy/config/config.h"

namespace keyhole::core {

// Makes config->users from users_file and requirepass, where the proxy itself asks for passwords.
// Gives what is wrong, without any password, or none.
std::optional<std::string> LoadUsers(Config* config);

}  // namespace keyhole::core
