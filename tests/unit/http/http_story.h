// One HTTP request, told without sockets: what is asked of Redis for it, and the answer.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "proxy/http/http_exchange.h"

namespace keyhole::core {

inline constexpr const char* kJson = "application/json";

class Http : public testing::Test {
 protected:
  HttpStep Ask(std::string_view method, std::string_view target, std::string_view body = {},
               std::string_view accept = {}) {
    return exchange_.Begin({.method = method,
                            .target = target,
                            .content_type = "text/plain",
                            .accept = accept,
                            .body = body});
  }

  // Sends a request that is answered at once and gives the status.
  int Status(std::string_view method, std::string_view target, std::string_view body = {}) {
    EXPECT_EQ(Ask(method, target, body), HttpStep::kRespond) << method << " " << target;
    return exchange_.response().status;
  }

  int Reply(std::string_view reply) {
    EXPECT_EQ(exchange_.OnReply(reply), HttpStep::kRespond);
    return exchange_.response().status;
  }

  const std::string& body() { return exchange_.response().body; }
  const std::string& type() { return exchange_.response().content_type; }
  const std::vector<std::string>& command() { return exchange_.command(); }

  HttpExchange exchange_;
};

}  // namespace keyhole::core
