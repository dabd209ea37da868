#include "proxy/net/upstream_check.h"

#include <array>
#include <string_view>
#include <utility>

#include "proxy/links/upstream/greeting.h"
#include "proxy/links/upstream/handshake.h"
#include "proxy/net/dialogue.h"
#include "resp/command_table.h"
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

// The text of INFO, or none.
std::optional<std::string> AskInfo(Dialogue& dialogue) {
  std::string request;
  const std::array<std::string_view, 2> words{resp::Spec(resp::CommandId::kInfo).name, "server"};
  resp::AppendRequest(words, &request);
  if (!dialogue.Say(request)) return std::nullopt;
  const std::optional<std::string> reply = dialogue.Hear();
  if (!reply.has_value() || dialogue.head().is_error()) return std::nullopt;
  return reply;
}

}  // namespace

UpstreamReport CheckUpstream(const core::Config& config, const TlsContext::Pointer& tls) {
  UpstreamReport report;
  Dialogue dialogue(config.links.connect_timeout);
  if (!dialogue.Connect(config.upstream->endpoint, tls)) {
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
  if (const std::optional<std::string> info = AskInfo(dialogue)) {
    report.version = Field(*info, "redis_version:");
    report.cluster = Field(*info, "redis_mode:").starts_with('c');
  }
  return report;
}

std::optional<std::string> ProtectionProblem(const core::Config& config,
                                             const UpstreamReport* upstream) {
  const bool passes_on = !config.LendsIdentity() && config.users == nullptr;
  if (upstream != nullptr && upstream->asks_password && passes_on) return std::nullopt;
  return core::ProtectionProblem(config);
}

std::string Describe(const UpstreamReport& report) {
  if (!report.reachable) {
    return "upstream is away (" + report.problem + "); requests wait for it";
  }
  std::string text = "upstream is Redis";
  if (!report.version.empty()) text += " " + report.version;
  if (!report.problem.empty())
    text += ", and rejected the login or the database in --upstream: " + report.problem;
  if (report.asks_password) text += ", it asks for a password";
  if (report.cluster) {
    text += "; it is a node of a cluster, and will send clients to other nodes, past this proxy";
  }
  return text;
}

}  // namespace keyhole::net
