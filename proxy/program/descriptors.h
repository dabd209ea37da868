// How many sockets and files this process may have open, and who has a share of them:
//
//     limit of the process   | clients | links to the upstream | HTTP, listeners, log: kForOthers |
//                              <= --max-clients     at least kForLinks
//
// Redis does the same for maxclients: it raises the soft limit, and where the hard one is too low
// it serves fewer clients and says so.
//
// Thread: any; before others are started.
#pragma once

#include <cstdint>
#include <string>

namespace keyhole::program {

struct DescriptorNeeds {
  uint64_t clients = 0;      // --max-clients
  bool has_upstream = true;  // a client may need a link of its own, so as many again
};

struct DescriptorPlan {
  uint64_t limit = 0;    // that the soft limit is to have
  uint64_t clients = 0;  // that may connect; > 0
  std::string warning;   // one line, if they are fewer than wanted; else empty

  bool operator==(const DescriptorPlan&) const = default;
};

// soft, hard: the limits now.
DescriptorPlan PlanDescriptors(const DescriptorNeeds& needs, uint64_t soft, uint64_t hard);

// Raises the soft limit of the process by that plan, as far as it lets itself be raised.
DescriptorPlan ReserveDescriptors(const DescriptorNeeds& needs);

}  // namespace keyhole::program
