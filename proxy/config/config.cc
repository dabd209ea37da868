#include "proxy/config/config.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "proxy/users/users.h"

namespace keyhole::core {

bool Config::AsksPassword() const {
  return users != nullptr ? users->initial() == nullptr : !upstream && !requirepass.empty();
}

bool Config::LendsIdentity() const {
  return upstream && !(upstream->user.empty() && upstream->password.empty());
}

bool Config::ServesItems() const {
  if (http.items != HttpItems::kAuto) return http.items == HttpItems::kOn;
  if (!upstream.has_value()) return true;
  return upstream->endpoint.IsLocal() &&
         std::all_of(upstream->seeds.begin(), upstream->seeds.end(),
                     [](const Endpoint& seed) { return seed.IsLocal(); });
}

std::optional<std::string> ProtectionProblem(const Config& config) {
  if (config.allow_unprotected || config.AsksPassword()) return std::nullopt;
  std::vector<std::pair<std::string_view, Endpoint>> open;
  for (const Endpoint& endpoint : config.listen) {
    if (!endpoint.IsLocal()) open.emplace_back("--listen ", endpoint);
  }
  if (config.http.listen && !config.http.listen->IsLocal())
    open.emplace_back("--http ", *config.http.listen);
  if (open.empty()) return std::nullopt;
  return std::string(open[0].first) + open[0].second.ToString() +
         " lets other machines read and write all data without a password" +
         (config.LendsIdentity() ? ", under the credentials in --upstream" : "") +
         "; listen on 127.0.0.1, make clients log in (KEYHOLE_REQUIREPASS or --users), or accept "
         "it with --allow-unprotected";
}

std::vector<std::string> StartWarnings(const Config& config) {
  std::vector<std::string> warnings;
  if (config.keys.labels != metrics::KeyLabels::kOn) return warnings;
  const auto warn = [&warnings](std::string_view option, const Endpoint& endpoint) {
    if (endpoint.IsLocal()) return;
    warnings.push_back(std::string(option) + " " + endpoint.ToString() +
                       " shows the names of keys to other machines, and to all that keep the "
                       "metrics; --key-labels hash hides the names");
  };
  if (config.http.listen) warn("--http", *config.http.listen);
  if (config.http.metrics) warn("--metrics", *config.http.metrics);
  return warnings;
}

}  // namespace keyhole::core
