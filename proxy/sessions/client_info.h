// What there is to say of one client, for people.
//
// Thread: any; a plain value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace keyhole::core {

struct ClientInfo {
  std::string address;
  int worker = 0;
  std::string name;     // CLIENT SETNAME
  std::string user;     // who it has logged in as; empty: nobody
  std::string library;  // CLIENT SETINFO, "redis-py 5.0.1"
  int database = 0;
  int protocol = 2;
  uint64_t in_flight = 0;     // requests without a reply
  uint64_t output_bytes = 0;  // replies that it has not taken
  std::string private_link;   // why it has a link of its own; empty: it has none
  std::chrono::milliseconds idle{0};
};

}  // namespace keyhole::core
