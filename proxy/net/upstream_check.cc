#include "proxy/net/upstream_check.h"

#include <hiredis/hiredis.h>

#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/links/upstream/greeting.h"
#include "proxy/links/upstream/handshake.h"
#include "resp/command_table.h"
#include "resp/reply_scanner.h"

namespace keyhole::net {
namespace {

using resp::CommandId;

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Context = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

std::string_view Word(CommandId id) {
  return resp::Spec(id).name;
}

timeval ToTimeval(std::chrono::milliseconds duration) {
  return {.tv_sec = duration.count() / 1000, .tv_usec = duration.count() % 1000 * 1000};
}

Context Connect(const core::Config& config, const core::Endpoint& endpoint) {
  const timeval timeout = ToTimeval(config.links.connect_timeout);
  Context context(endpoint.kind == core::Endpoint::Kind::kUnix
                      ? redisConnectUnixWithTimeout(endpoint.path.c_str(), timeout)
                      : redisConnectWithTimeout(endpoint.host.c_str(), endpoint.port, timeout));
  if (context != nullptr && context->err == 0) redisSetTimeout(context.get(), timeout);
  return context;
}

// Null if the connection is lost.
Reply Ask(redisContext* context, std::initializer_list<std::string_view> words) {
  std::vector<const char*> bytes;
  std::vector<size_t> sizes;
  for (const std::string_view word : words) {
    bytes.push_back(word.data());
    sizes.push_back(word.size());
  }
  return Reply(static_cast<redisReply*>(
      redisCommandArgv(context, static_cast<int>(words.size()), bytes.data(), sizes.data())));
}

std::string_view Text(const Reply& reply) {
  return {reply->str, reply->len};
}

bool IsError(const Reply& reply) {
  return reply->type == REDIS_REPLY_ERROR;
}

// The value of "name:" in INFO's text.
std::string Field(std::string_view info, std::string_view name) {
  const size_t at = info.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view value = info.substr(at + name.size());
  return std::string(value.substr(0, value.find('\r')));
}

// What a reply is to a handshake: whether it is an error, and which.
resp::ReplyHead HeadOf(const Reply& reply) {
  resp::ReplyHead head;
  head.type = IsError(reply) ? resp::ReplyType::kError : resp::ReplyType::kSimpleString;
  head.text = Text(reply);
  return head;
}

// Says a greeting and hears the replies.
void Talk(redisContext* context, core::Greeting greeting, core::Handshake* handshake) {
  handshake->Begin(std::move(greeting));
  const std::string_view bytes = handshake->PrepareWrite();
  if (!bytes.empty()) redisAppendFormattedCommand(context, bytes.data(), bytes.size());
  handshake->CommitWrite(bytes.size());
  while (handshake->state() == core::Handshake::State::kTalking) {
    void* reply = nullptr;
    if (redisGetReply(context, &reply) != REDIS_OK) return handshake->OnLost();
    handshake->OnReply(HeadOf(Reply(static_cast<redisReply*>(reply))));
  }
}

bool LogIn(redisContext* context, const core::Upstream& upstream, UpstreamReport* report) {
  core::Greeting greeting;
  greeting.LogIn(core::StateFor(upstream));
  core::Handshake handshake;
  Talk(context, std::move(greeting), &handshake);
  if (handshake.state() == core::Handshake::State::kDone) return true;
  const bool lost = handshake.failure() == core::Handshake::Failure::kLost;
  report->problem = lost ? "the connection is lost" : handshake.error();
  return false;
}

void AskCluster(redisContext* context, UpstreamReport* report) {
  const Reply info = Ask(context, {Word(CommandId::kCluster), Word(CommandId::kClusterInfo)});
  if (info == nullptr || info->type != REDIS_REPLY_STRING) return;
  report->masters = Field(Text(info), "cluster_size:");
  report->nodes = Field(Text(info), "cluster_known_nodes:");
  report->slots = Field(Text(info), "cluster_slots_ok:");
}

UpstreamReport CheckNode(const core::Config& config, const core::Endpoint& endpoint) {
  UpstreamReport report;
  const Context context = Connect(config, endpoint);
  if (context == nullptr || context->err != 0) {
    report.problem = context == nullptr ? "out of memory" : context->errstr;
    return report;
  }
  report.reachable = true;
  core::Greeting ping;
  ping.Ping();
  core::Handshake handshake;
  Talk(context.get(), std::move(ping), &handshake);
  if (handshake.failure() == core::Handshake::Failure::kLost) {
    report.reachable = false;
    report.problem = context->errstr;
    return report;
  }
  report.asks_password = handshake.asks_password().value_or(false);
  if (!LogIn(context.get(), *config.upstream, &report)) return report;
  const Reply info = Ask(context.get(), {Word(CommandId::kInfo), "server"});
  if (info != nullptr && info->type == REDIS_REPLY_STRING) {
    report.version = Field(Text(info), "redis_version:");
    report.cluster = Field(Text(info), "redis_mode:").starts_with('c');
  }
  if (report.cluster) AskCluster(context.get(), &report);
  return report;
}

}  // namespace

// Of a cluster one node is enough.
UpstreamReport CheckUpstream(const core::Config& config) {
  const core::Upstream& upstream = *config.upstream;
  if (!upstream.is_cluster()) return CheckNode(config, upstream.endpoint);
  UpstreamReport report;
  for (const core::Endpoint& seed : upstream.seeds) {
    report = CheckNode(config, seed);
    if (report.reachable) break;
  }
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
         "give redis://" +
         config.upstream->endpoint.ToString();
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
  if (report.asks_password) text += ", it asks for a password";
  if (report.cluster && !whole) {
    text +=
        "; it is a node of a cluster, and will send clients to other nodes, past this proxy; "
        "--upstream redis+cluster://" +
        config.upstream->endpoint.ToString() + " puts all of the cluster behind it";
  }
  return text;
}

}  // namespace keyhole::net
