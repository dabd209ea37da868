#include "proxy/program/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace keyhole::program {
namespace {

constexpr uint64_t kForLinks = 256;   // at least
constexpr uint64_t kForOthers = 700;  // 544 of them for HTTP, see acceptor.cc

}  // namespace

DescriptorPlan PlanDescriptors(const DescriptorNeeds& needs, uint64_t soft, uint64_t hard) {
  const uint64_t links = needs.has_upstream ? std::max(needs.clients, kForLinks) : 0;
  const uint64_t wanted = needs.clients + links + kForOthers;
  DescriptorPlan plan{std::max(soft, std::min(wanted, hard)), needs.clients, ""};
  const uint64_t apart = kForOthers + (needs.has_upstream ? kForLinks : 0);
  if (plan.limit >= needs.clients + apart) return plan;
  // With very few a part of them is for clients all the same.
  plan.clients =
      std::max({plan.limit > apart ? plan.limit - apart : 0, plan.limit / 4, uint64_t{1}});
  plan.clients = std::min(plan.clients, needs.clients);
  plan.warning = "--max-clients is " + std::to_string(plan.clients) + " instead of " +
                 std::to_string(needs.clients) + ", as this process may open only " +
                 std::to_string(plan.limit) + " files; raise the hard limit (ulimit -Hn, or " +
                 "LimitNOFILE= of systemd) to " + std::to_string(wanted);
  return plan;
}

DescriptorPlan ReserveDescriptors(const DescriptorNeeds& needs) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {0, needs.clients, ""};
  DescriptorPlan plan = PlanDescriptors(needs, limit.rlim_cur, limit.rlim_max);
  if (plan.limit == limit.rlim_cur) return plan;
  const rlimit raised{plan.limit, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return plan;
  return PlanDescriptors(needs, limit.rlim_cur, limit.rlim_cur);
}

}  // namespace keyhole::program
