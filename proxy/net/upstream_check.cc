#include "proxy/net/upstream_check.h"

#include <array>
#include <string_view>
#include <utility>

#include "proxy/base/digits.h"
#include "proxy/links/upstream/greeting.h"
#include "proxy/links/upstream/handshake.h"
#include "proxy/net/dialogue.h"
#include "resp/command_table.h"
#include "resp/reply_reader.h"
#include "resp/reply_writer.h"

namespace keyhole::net {
namespace {

// The value of "name:" in INFO's text.
std::string Field(std::string_view info, std::string_view name) {
  const size_t at = info.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view value = info.substr(at + name.size());
  return std::string(value.substr(0, value.find('\r')));
}

std::string Scheme(const core::Config& config) {
  return config.upstream->endpoint.tls ? "rediss://" : "redis://";
}

// Says a greeting and hears the replies.
void Talk(Dialogue& dialogue, core::Greeting greeting, core::Handshake* handshake) {
  handshake->Begin(std::move(greeting));
  const std::string_view bytes = handshake->PrepareWrite();
  if (!dialogue.Say(bytes)) return handshake->OnLost();
  handshake->CommitWrite(bytes.size());
  while (handshake->state() == core::Handshake::State::kTalking) {
    if (!dialogue.Hear().has_value()) return handshake->OnLost();
    handshake->OnReply(dialogue.head());
  }
}

bool LogIn(Dialogue& dialogue, const core::Upstream& upstream, UpstreamReport* report) {
  core::Greeting greeting;
  greeting.LogIn(core::StateFor(upstream));
  core::Handshake handshake;
  Talk(dialogue, std::move(greeting), &handshake);
  if (handshake.state() == core::Handshake::State::kDone) return true;
  const bool lost = handshake.failure() == core::Handshake::Failure::kLost;
  report->problem = lost ? "the connection is lost" : handshake.error();
  return false;
}

// The text of a report, or none.
std::optional<std::string> AskText(Dialogue& dialogue,
                                   const std::array<std::string_view, 2>& words) {
  std::string request;
  resp::AppendRequest(words, &request);
  if (!dialogue.Say(request)) return std::nullopt;
  std::optional<std::string> reply = dialogue.Hear();
  if (!reply.has_value() || dialogue.head().is_error()) return std::nullopt;
  return reply;
}

void AskCluster(Dialogue& dialogue, UpstreamReport* report) {
  const auto info = AskText(dialogue, {resp::Spec(resp::CommandId::kCluster).name,
                                       resp::Spec(resp::CommandId::kClusterInfo).name});
  if (!info.has_value()) return;
  report->masters = Field(*info, "cluster_size:");
  report->nodes = Field(*info, "cluster_known_nodes:");
  report->slots = Field(*info, "cluster_slots_ok:");
}

// The master, as the Sentinel at this endpoint knows it. None: report->problem says why, and
// report->hopeless whether it will stay like that.
std::optional<core::Endpoint> AskSentinel(const core::Config& config, const core::Endpoint& at,
                                          const TlsContext::Pointer& tls, UpstreamReport* report) {
  const core::Sentinels& sentinels = *config.upstream->sentinels;
  const std::string who = "the Sentinel " + at.ToString();
  Dialogue dialogue(config.links.connect_timeout);
  core::SessionState us;
  us.user = sentinels.user;
  us.password = sentinels.password;
  core::Greeting greeting;
  greeting.LogIn(us);
  std::string request(greeting.bytes);
  const std::array<std::string_view, 3> words{resp::Spec(resp::CommandId::kSentinel).name,
                                              "get-master-addr-by-name", sentinels.master};
  resp::AppendRequest(words, &request);
  std::optional<std::string> reply;
  bool said = dialogue.Connect(at, tls) && dialogue.Say(request);
  for (int i = 0; said && i <= greeting.replies; ++i) {
    reply = dialogue.Hear();
    said = reply.has_value() && (i == greeting.replies || !dialogue.head().is_error());
  }
  if (!reply.has_value()) {
    report->problem = who + ": " + dialogue.problem();
    return std::nullopt;
  }
  core::ReplyReader reader(*reply);
  reader.Next();
  const std::optional<core::ReplyElement> host = reader.Next();
  const std::optional<core::ReplyElement> port = reader.Next();
  const auto number = port.has_value() ? core::ParseDigits(port->text) : std::nullopt;
  if (host.has_value() && number.has_value() && *number <= 65535) {
    core::Endpoint master =
        core::Endpoint::Tcp(std::string(host->text), static_cast<uint16_t>(*number));
    master.tls = at.tls;
    return master;
  }
  report->hopeless = true;
  if (dialogue.head().is_null) {
    report->problem = who + " knows no master '" + sentinels.master +
                      "'; give the name that sentinel.conf has behind \"sentinel monitor\"";
  } else {
    report->problem = who + " answers with " + std::string(dialogue.head().text) +
                      "; is it a Sentinel, and are --sentinel-user and --sentinel-password right?";
  }
  return std::nullopt;
}

// Where the master is: what the first Sentinel says that knows.
std::optional<core::Endpoint> FindMaster(const core::Config& config, const TlsContext::Pointer& tls,
                                         UpstreamReport* report) {
  for (const core::Endpoint& at : config.upstream->sentinels->endpoints) {
    if (auto master = AskSentinel(config, at, tls, report)) return master;
  }
  return std::nullopt;
}

UpstreamReport CheckNode(const core::Config& config, const core::Endpoint& endpoint,
                         const TlsContext::Pointer& tls) {
  UpstreamReport report;
  Dialogue dialogue(config.links.connect_timeout);
  if (!dialogue.Connect(endpoint, tls)) {
    report.problem = dialogue.problem();
    return report;
  }
  report.reachable = true;
  core::Greeting ping;
  ping.Ping();
  core::Handshake handshake;
  Talk(dialogue, std::move(ping), &handshake);
  if (handshake.failure() == core::Handshake::Failure::kLost) {
    report.reachable = false;
    report.problem = dialogue.problem();
    return report;
  }
  report.asks_password = handshake.asks_password().value_or(false);
  if (!LogIn(dialogue, *config.upstream, &report)) return report;
  const auto info = AskText(dialogue, {resp::Spec(resp::CommandId::kInfo).name, "server"});
  if (info.has_value()) {
    report.version = Field(*info, "redis_version:");
    report.cluster = Field(*info, "redis_mode:").starts_with('c');
  }
  if (report.cluster) AskCluster(dialogue, &report);
  return report;
}

// Of a cluster one node is enough.
UpstreamReport CheckCluster(const core::Config& config, const TlsContext::Pointer& tls) {
  UpstreamReport report;
  for (const core::Endpoint& seed : config.upstream->seeds) {
    report = CheckNode(config, seed, tls);
    if (report.reachable) break;
  }
  return report;
}

}  // namespace

UpstreamReport CheckUpstream(const core::Config& config, const TlsContext::Pointer& tls) {
  const core::Upstream& upstream = *config.upstream;
  if (upstream.is_cluster()) return CheckCluster(config, tls);
  if (!upstream.sentinels.has_value()) return CheckNode(config, upstream.endpoint, tls);
  UpstreamReport report;
  const std::optional<core::Endpoint> master = FindMaster(config, tls, &report);
  if (!master.has_value()) return report;
  report = CheckNode(config, *master, tls);
  report.master = master->ToString();
  return report;
}

std::optional<std::string> ProtectionProblem(const core::Config& config,
                                             const UpstreamReport* upstream) {
  const bool passes_on = !config.LendsIdentity() && config.users == nullptr;
  if (upstream != nullptr && upstream->asks_password && passes_on) return std::nullopt;
  return core::ProtectionProblem(config);
}

std::optional<std::string> KindProblem(const core::Config& config, const UpstreamReport& report) {
  if (!config.upstream->is_cluster() || report.version.empty() || report.cluster)
    return std::nullopt;
  return "--upstream " + config.upstream->ToString() +
         ": that is a Redis without cluster support; "
         "give " +
         Scheme(config) + config.upstream->endpoint.ToString();
}

std::string Describe(const core::Config& config, const UpstreamReport& report) {
  if (!report.reachable) {
    return "upstream is away (" + report.problem + "); requests wait for it";
  }
  const bool whole = config.upstream->is_cluster();
  std::string text = whole ? "upstream is a Redis Cluster" : "upstream is Redis";
  if (!report.version.empty()) text += (whole ? ", version " : " ") + report.version;
  if (whole && !report.slots.empty()) {
    text += ": " + report.masters + " masters, " + report.nodes + " nodes, " + report.slots +
            " of 16384 slots covered";
  }
  if (!report.problem.empty())
    text += ", and rejected the login or the database in --upstream: " + report.problem;
  if (!report.master.empty()) text += ", at " + report.master + " as Sentinel says";
  if (report.asks_password) text += ", it asks for a password";
  if (report.cluster && !whole) {
    text +=
        "; it is a node of a cluster, and will send clients to other nodes, past this proxy; "
        "--upstream redis" +
        std::string(config.upstream->endpoint.tls ? "s" : "") + "+cluster://" +
        config.upstream->endpoint.ToString() + " puts all of the cluster behind it";
  }
  return text;
}

}  // namespace keyhole::net
