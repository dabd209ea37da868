// What a proxy with users of its own, or with credentials in --upstream, is configured with.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/users/users.h"
#include "tests/support/core_harness.h"

namespace keyhole::test {

inline std::shared_ptr<const core::Users> UsersOf(const std::string& text) {
  auto users = std::make_shared<core::Users>();
  EXPECT_EQ(users->Parse(text).value_or(""), "");
  return users;
}

inline core::Config WithUsers(core::Config config = Harness::WithUpstream()) {
  config.users = UsersOf(
      "user default on >secret ~* &* +@all\n"
      "user alice on >apass ~a:* &a:* +@all\n"
      "user reader on >rpass ~* &* +@read +@connection +acl|whoami\n");
  return config;
}

inline core::Config Borrowed() {
  core::Config config = Harness::WithUpstream();
  config.upstream->password = "up";
  return config;
}

}  // namespace keyhole::test
