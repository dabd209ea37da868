#include "proxy/config/reload.h"

#include "proxy/config/config_options.h"
#include "proxy/config/sources.h"
#include "proxy/users/users.h"

namespace keyhole::core {
namespace {

std::string Shown(const Option& option, const Config& config) {
  const std::string text = option.show(config);
  return text.empty() ? "not given" : text;
}

// Credentials differ, and no line may show how.
bool IsHidden(const Option& option, const Config& running, const Config& wanted) {
  return option.secret || option.show(running) == option.show(wanted);
}

std::string Changed(const Option& option, const Config& running, const Config& wanted) {
  const std::string flag(option.flag);
  if (option.secret) return flag + " is another one now";
  if (IsHidden(option, running, wanted)) return flag + " has other credentials now";
  return flag + " is " + Shown(option, wanted) + " now, it was " + Shown(option, running);
}

std::string Waiting(const Option& option, const Config& running, const Config& wanted,
                    std::string_view why) {
  std::string line(option.flag);
  if (!IsHidden(option, running, wanted)) line += " " + Shown(option, wanted);
  line += " needs a restart";
  if (!why.empty()) line.append(", as ").append(why);
  if (IsHidden(option, running, wanted)) return line + "; the old one stays";
  return line + "; until then it is " + Shown(option, running);
}

bool SameUsers(const Config& a, const Config& b) {
  if (a.users == nullptr || b.users == nullptr) return a.users == b.users;
  return *a.users == *b.users;
}

}  // namespace

Problem PlanReload(const Config& running, const Config& wanted, ReloadPlan* plan) {
  *plan = {.config = running, .changed = {}, .waiting = {}};
  for (const Option& option : Options()) {
    if (option.apply == nullptr || option.same(running, wanted)) continue;
    std::string_view why;
    if (option.obstacle != nullptr) why = option.obstacle(running, wanted);
    if (option.change == Change::kLive && why.empty()) {
      option.take(wanted, &plan->config);
      plan->changed.push_back(Changed(option, running, wanted));
    } else {
      plan->waiting.push_back(Waiting(option, running, wanted, why));
    }
  }
  plan->config.users = nullptr;
  if (Problem problem = CompleteConfig(&plan->config)) {
    return *problem + (plan->waiting.empty() ? "" : " (with what needs a restart left as it is)");
  }
  const bool same_file = running.users_file == plan->config.users_file;
  if (SameUsers(running, plan->config)) {
    plan->config.users = running.users;  // who is logged in stays who it is
  } else if (same_file && running.requirepass == plan->config.requirepass) {
    plan->changed.push_back("--users: the file " + running.users_file + " has other users now");
  }
  return std::nullopt;
}

}  // namespace keyhole::core
