#include "tests/integration/sentinel/sentinels.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "tests/support/eventually.h"

namespace keyhole::test {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{1};
// A Sentinel that was held up for two seconds does nothing for thirty (TILT).
constexpr seconds kLongest{60};

void AwaitListening(uint16_t port) {
  const auto listens = [port] {
    try {
      RawClient::Connect(port);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  };
  if (!Eventually(
          listens, [](bool does) { return does; }, seconds(20), kPause)) {
    throw std::runtime_error("a Sentinel does not start");
  }
}

}  // namespace

Sentinels::Sentinels(const std::vector<std::string>& config, const Certificates* tls) : tls_(tls) {
  char path[] = "/tmp/keyhole-sentinel-XXXXXX";
  if (mkdtemp(path) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = path;
  for (Node& node : nodes_) StartRedis(node, config);
  RawClient second = RawClient::Connect(replica().port());
  second.Ask({"REPLICAOF", "127.0.0.1", std::to_string(cable(0).port())});
  RawClient first = RawClient::Connect(master().port());
  // Sentinels look every ten seconds only, so there has to be something to see.
  Await(first, {"INFO", "replication"}, "state=online", seconds(20));
  for (size_t i = 0; i < ports_.size(); ++i) StartSentinel(i);
  for (const uint16_t port : ports_) {
    RawClient sentinel = RawClient::Connect(port);
    Await(sentinel, {"INFO", "sentinel"}, "slaves=1,sentinels=3", seconds(20));
  }
}

Sentinels::~Sentinels() {
  sentinels_.clear();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Sentinels::StartRedis(Node& node, const std::vector<std::string>& config) {
  std::vector<std::string> lines = {"repl-diskless-sync-delay 0", "replica-announce-ip 127.0.0.1",
                                    "replica-announce-port " + std::to_string(node.cable.port())};
  lines.insert(lines.end(), config.begin(), config.end());
  const uint16_t tls_port = tls_ == nullptr ? uint16_t{0} : FreePort();
  for (const std::string& line : TlsLines(tls_port)) lines.push_back(line);
  node.redis = std::make_unique<RedisServer>(lines);
  node.cable.LeadTo(tls_ == nullptr ? node.redis->port() : tls_port);
}

// With them they are reached by TLS at this port, and speak it to each other.
std::vector<std::string> Sentinels::TlsLines(uint16_t port) const {
  if (tls_ == nullptr) return {};
  std::vector<std::string> lines = tls_->RedisConfig(port);
  lines.emplace_back("tls-replication yes");
  return lines;
}

// A Redis is down when it has not answered for 1.5 s: less would take one that waits for a busy
// machine's processor for dead.
void Sentinels::StartSentinel(size_t number) {
  ports_[number] = FreePort();
  const std::string config = (folder_ / (std::to_string(number) + ".conf")).string();
  std::ofstream file(config);
  file << "port " << ports_[number] << "\nbind 127.0.0.1\ndir " << folder_.string() << "\nlogfile "
       << number << ".log"  // nobody reads a pipe meanwhile
       << "\nsentinel monitor mymaster 127.0.0.1 " << cable(0).port()
       << " 2\nsentinel down-after-milliseconds mymaster 1500\n"
          "sentinel failover-timeout mymaster 3000\n";
  if (tls_ != nullptr) tls_ports_[number] = FreePort();
  for (const std::string& line : TlsLines(tls_ports_[number])) file << line << "\n";
  file.close();
  sentinels_.push_back(std::make_unique<ChildProcess>(
      std::vector<std::string>{"redis-server", config, "--sentinel"}));
  AwaitListening(ports_[number]);
}

void Sentinels::AskForPassword(const std::string& password) {
  const std::string secret = ">" + password;
  for (const uint16_t port : ports_) {
    RawClient sentinel = RawClient::Connect(port);
    sentinel.Ask({"SENTINEL", "CONFIG", "SET", "sentinel-pass", password});
    sentinel.Ask({"ACL", "SETUSER", "default", "resetpass", secret});
  }
}

void Sentinels::Await(RawClient& client, std::vector<std::string_view> request,
                      const std::string& answer, seconds limit) {
  const auto has = [&](const std::string& reply) { return reply.find(answer) != reply.npos; };
  const std::string reply = Eventually(
      [&] {
        client.SendCommand(request);
        return client.ReadReply();
      },
      has, limit, kPause);
  if (!has(reply)) throw std::runtime_error("no '" + answer + "' in " + reply);
}

std::string Sentinels::Url(const std::string& name) const {
  std::string hosts;
  for (const uint16_t port : tls_ == nullptr ? ports_ : tls_ports_) {
    hosts += (hosts.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  }
  return "redis+sentinel://" + hosts + "/" + name + (tls_ == nullptr ? "" : "?tls");
}

// They look at a replica every ten seconds, and at once where the master has changed.
void Sentinels::Follow(size_t replica, size_t master) {
  const std::string port = std::to_string(cable(master).port());
  RawClient follower = RawClient::Connect(redis(replica).port());
  follower.Ask({"REPLICAOF", "127.0.0.1", port});
  Await(follower, {"INFO", "replication"}, "master_link_status:up", kLongest);
  for (const uint16_t at : ports_) {
    RawClient sentinel = RawClient::Connect(at);
    Await(sentinel, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"}, port, kLongest);
    Await(sentinel, {"SENTINEL", "MASTER", "mymaster"}, "$5\r\nflags\r\n$6\r\nmaster\r\n",
          kLongest);
    Await(sentinel, {"SENTINEL", "REPLICAS", "mymaster"}, "$5\r\nflags\r\n$5\r\nslave\r\n",
          kLongest);
    Await(sentinel, {"SENTINEL", "REPLICAS", "mymaster"},
          "$18\r\nmaster-link-status\r\n$2\r\nok\r\n", kLongest);
  }
}

std::string Sentinels::Logs() const {
  std::string all;
  for (size_t i = 0; i < ports_.size(); ++i) {
    std::ifstream file(folder_ / (std::to_string(i) + ".log"));
    const std::string log{std::istreambuf_iterator<char>(file), {}};
    all += log.substr(log.size() - std::min<size_t>(log.size(), 3000)) + "\n";
  }
  return all;
}

// A Sentinel that promotes a Redis closes the connections of all its clients.
void Sentinels::AwaitMaster(const RedisServer& redis) {
  const auto until = Clock::now() + seconds(30);
  while (Clock::now() < until) {
    try {
      RawClient client = RawClient::Connect(redis.port());
      return Await(client, {"ROLE"}, "$6\r\nmaster", seconds(30));
    } catch (const std::runtime_error&) {
      std::this_thread::sleep_for(kPause);
    }
  }
  throw std::runtime_error("nobody is promoted");
}

}  // namespace keyhole::test
