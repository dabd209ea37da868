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

bool Config::ListensWithTls() const {
  const auto has_tls = [](const Endpoint& endpoint) { return endpoint.tls; };
  return std::any_of(listen.begin(), listen.end(), has_tls) || (http.listen && http.listen->tls) ||
         (http.metrics && http.metrics->tls);
}

bool Config::ServesItems() const {
  if (http.items != HttpItems::kAuto) return http.items == HttpItems::kOn;
  if (!upstream.has_value()) return true;
  if (upstream->sentinels) return false;  // the master may be anywhere
  return upstream->endpoint.IsLocal() &&
         std::all_of(upstream->seeds.begin(), upstream->seeds.end(),
                     [](const Endpoint& seed) { return seed.IsLocal(); });
}

std::optional<std::string> ProtectionProblem(const Config& config) {
  if (config.allow_unprotected || config.AsksPassword()) return std::nullopt;
  // Where clients must have a certificate, nobody else comes in.
  const bool tls_is_safe =
      !config.tls.client_ca.empty() && config.tls.clients == net::ClientCertificates::kRequired;
  std::vector<std::pair<std::string_view, Endpoint>> open;
  for (const Endpoint& endpoint : config.listen) {
    if (!endpoint.IsLocal() && !(endpoint.tls && tls_is_safe))
      open.emplace_back("--listen ", endpoint);
  }
  const std::optional<Endpoint>& http = config.http.listen;
  if (http && !http->IsLocal() && !(http->tls && tls_is_safe)) open.emplace_back("--http ", *http);
  if (open.empty()) return std::nullopt;
  return std::string(open[0].first) + open[0].second.ToString() +
         " lets other machines read and write all data without a password" +
         (config.LendsIdentity() ? ", under the credentials in --upstream" : "") +
         "; listen on 127.0.0.1, make clients log in (KEYHOLE_REQUIREPASS or --users), or accept "
         "it with --allow-unprotected";
}

std::vector<std::string> StartWarnings(const Config& config) {
  std::vector<std::string> warnings;
  if (config.upstream_tls.insecure && config.ConnectsWithTls()) {
    warnings.push_back(
        "--upstream-tls-insecure: the certificate of the upstream is NOT CHECKED, so whoever is "
        "between here and there can read and change all data; give --upstream-tls-ca instead");
  }
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
