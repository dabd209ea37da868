#include "tests/integration/sentinel/sentinels.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "tests/support/eventually.h"

namespace keyhole::test {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{1};

}  // namespace

Sentinels::Sentinels() {
  char path[] = "/tmp/keyhole-sentinel-XXXXXX";
  if (mkdtemp(path) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = path;
  const std::vector<std::string> config = {"repl-diskless-sync-delay 0"};
  master_ = std::make_unique<RedisServer>(config);
  replica_ = std::make_unique<RedisServer>(std::vector<std::string>{
      "repl-diskless-sync-delay 0", "replicaof 127.0.0.1 " + std::to_string(master_->port())});
  RawClient master = RawClient::Connect(master_->port());
  // Sentinels look every ten seconds only, so there has to be something to see.
  Await(master, {"INFO", "replication"}, "state=online", seconds(20));
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

void Sentinels::StartSentinel(size_t number) {
  ports_[number] = FreePort();
  const std::string config = (folder_ / (std::to_string(number) + ".conf")).string();
  std::ofstream(config) << "port " << ports_[number] << "\nbind 127.0.0.1\ndir " << folder_.string()
                        << "\nsentinel monitor mymaster 127.0.0.1 " << master_->port()
                        << " 2\nsentinel down-after-milliseconds mymaster 500\n"
                           "sentinel failover-timeout mymaster 3000\n";
  sentinels_.push_back(std::make_unique<ChildProcess>(
      std::vector<std::string>{"redis-server", config, "--sentinel"}));
  sentinels_.back()->WaitForOut("+monitor");
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
  for (const uint16_t port : ports_) {
    hosts += (hosts.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(port);
  }
  return "redis+sentinel://" + hosts + "/" + name;
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
