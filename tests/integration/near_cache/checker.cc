#include "tests/integration/near_cache/checker.h"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

namespace keyhole::test {
namespace {

constexpr int kWriters = 4;
constexpr size_t kHistory = 256;

std::string Near(int name) {
  return "near:" + std::to_string(name);
}
std::string Far(int name) {
  return "far:" + std::to_string(name);
}

// -1: there is none.
int64_t VersionIn(const std::string& reply) {
  if (reply.starts_with("$-1") || reply.starts_with("_")) return -1;
  if (!reply.starts_with("$")) throw std::runtime_error("unexpected reply " + reply);
  return std::stoll(reply.substr(reply.find('\n') + 1));
}

bool IsError(const std::string& reply) {
  return reply.starts_with('-');
}

}  // namespace

// ---- Ledger ----

void Ledger::Acknowledge(int name, int64_t version) {
  const std::lock_guard lock(mutex_);
  auto& history = history_[name];
  history.push_back({version, Clock::now()});
  if (history.size() > 2 * kHistory) {
    history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(kHistory));
  }
  ++writes;
}

int64_t Ledger::NewestBefore(int name, Clock::time_point time) const {
  const std::lock_guard lock(mutex_);
  const auto& history = history_[name];
  for (auto it = history.rbegin(); it != history.rend(); ++it) {
    if (it->when <= time) return it->number;
  }
  return 0;
}

void Ledger::Report(const std::string& problem) {
  const std::lock_guard lock(mutex_);
  if (problems_.size() < 5) problems_.push_back(problem);
}

std::vector<std::string> Ledger::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

// ---- Writer ----

Writer::Writer(Ledger& ledger, const Workload& work, int number, unsigned seed)
    : ledger_(ledger), work_(work), number_(number), random_(seed) {}

void Writer::Run() {
  while (!ledger_.stop) {
    try {
      RawClient proxy = RawClient::Connect(work_.proxy);
      RawClient redis = RawClient::Connect(work_.redis);
      proxy.set_deadline(std::chrono::seconds(30));
      redis.set_deadline(std::chrono::seconds(30));
      Session(proxy, redis);
    } catch (const std::exception& error) {
      if (!work_.losses) return ledger_.Report(std::string("a writer: ") + error.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

void Writer::Session(RawClient& proxy, RawClient& redis) {
  while (!ledger_.stop) {
    if (work_.empties && Random(200) == 0) Empty(proxy, redis);
    const auto mine = Random(Ledger::kNames / kWriters);
    Write(proxy, redis, number_ + kWriters * static_cast<int>(mine));
    // Readers are many, writers are few.
    std::this_thread::sleep_for(std::chrono::microseconds(Random(2000)));
  }
}

void Writer::Write(RawClient& proxy, RawClient& redis, int name) {
  const int64_t version = ++version_;
  const std::string value = std::to_string(version);
  const bool through = !work_.direct || Random(2) == 0;
  RawClient& to = through ? proxy : redis;
  Set(to, name, value, through);
  // Whoever sees this one must see the other one.
  if (IsError(to.Ask({"SET", Far(name), value}))) return;
  ledger_.Acknowledge(name, version);
  if (through) CheckOwn(proxy, name, version);
}

void Writer::Set(RawClient& to, int name, const std::string& value, bool is_proxy) {
  const std::string key = Near(name);
  const std::string spare = "spare:" + std::to_string(name);
  switch (Random(work_.empties ? 7 : 5)) {
    case 0:
      to.Ask({"EVAL", "return redis.call('set', 'near:' .. ARGV[1], ARGV[2])", "0",
              std::to_string(name), value});
      break;
    case 1:
      to.Send("MULTI\r\nSET " + key + " " + value + "\r\nEXEC\r\n");
      for (int i = 0; i < 3; ++i) to.ReadReply();
      break;
    case 2:
      to.Ask({"SET", spare, value});
      to.Ask({"RENAME", spare, key});
      break;
    case 3:
      to.Ask({"MSET", spare, value, key, value});
      break;
    case 5:
      to.Ask({"SET", key, value, "PX", std::to_string(1 + Random(40))});
      break;
    case 6:
      to.Ask({"DEL", key});
      // Nobody else writes it: to the one who deleted it it is gone.
      if (is_proxy && VersionIn(to.Ask({"GET", key})) != -1) {
        ledger_.Report("a writer reads what it has deleted");
      }
      to.Ask({"SET", key, value});
      break;
    default:
      to.Ask({"SET", key, value});
      break;
  }
}

// The other database is emptied some time before it is swapped in, so both leave nothing. Of SWAPDB
// Redis tells nobody, so it has to pass through the proxy.
void Writer::Empty(RawClient& proxy, RawClient& redis) {
  if (number_ != 0 || Random(2) == 0) {
    proxy.Ask({"FLUSHDB"});
    return;
  }
  redis.Send("SELECT 1\r\nFLUSHDB\r\nSELECT 0\r\n");
  for (int i = 0; i < 3; ++i) redis.ReadReply();
  for (int i = 0; i < 20; ++i) Write(proxy, redis, 0);
  proxy.Ask({"SWAPDB", "0", "1"});
}

void Writer::CheckOwn(RawClient& proxy, int name, int64_t version) {
  const int64_t read = VersionIn(proxy.Ask({"GET", Near(name)}));
  ++ledger_.reads;
  if (read == version || (read == -1 && work_.empties)) return;
  ledger_.Report("a writer reads version " + std::to_string(read) + " of its own " + Near(name) +
                 " after it has written " + std::to_string(version));
}

// ---- Reader ----

Reader::Reader(Ledger& ledger, const Workload& work, unsigned seed)
    : ledger_(ledger), work_(work), random_(seed) {}

void Reader::Run() {
  while (!ledger_.stop) {
    try {
      RawClient client = RawClient::Connect(work_.proxy);
      client.set_deadline(std::chrono::seconds(30));
      Session(client);
    } catch (const std::exception& error) {
      if (!work_.losses) return ledger_.Report(std::string("a reader: ") + error.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

void Reader::Session(RawClient& client) {
  // What other sessions were told is not promised to this one.
  told_.clear();
  for (int i = 0; i < 2000 && !ledger_.stop; ++i) Batch(client);
}

void Reader::Batch(RawClient& client) {
  const size_t size = random_() % 4 == 0 ? 1 + random_() % 8 : 1;
  struct Asked {
    bool far;
    int name;
    int64_t must;
  };
  std::vector<Asked> asked;
  std::string requests;
  for (size_t i = 0; i < size; ++i) {
    const bool far = random_() % 16 == 0;
    // Some are much more popular than others.
    const auto name = static_cast<int>(random_() % (1 + random_() % Ledger::kNames));
    asked.push_back({far, name, ledger_.NewestBefore(name, Clock::now() - work_.bound)});
    requests += "GET " + (far ? Far(name) : Near(name)) + "\r\n";
  }
  client.Send(requests);
  for (const Asked& one : asked) Take(one.far, one.name, client.ReadReply(), one.must);
  ledger_.reads += size;
}

void Reader::Take(bool far, int name, const std::string& reply, int64_t must) {
  if (IsError(reply) && work_.losses) throw std::runtime_error("Redis is not ready");
  const int64_t version = VersionIn(reply);
  const std::string key = far ? Far(name) : Near(name);
  Told& told = told_[{far, name}];
  if (version == -1) {
    if (!work_.empties && told.newest > 0) ledger_.Report(key + " was there and is missing");
    told.gone = true;
    return;
  }
  const std::string read = "a session reads version " + std::to_string(version) + " of " + key;
  const bool back = version < told.newest || (version == told.newest && told.gone);
  if (work_.check_order && back) {
    ledger_.Report(read + " after " + std::to_string(told.newest) + (told.gone ? ", deleted" : ""));
  }
  if (version < must) {
    ledger_.Report(read + ", which has been " + std::to_string(must) +
                   " for longer than the bound");
  }
  if (!far && work_.check_order && version < told_[{true, name}].newest) {
    ledger_.Report(read + " after version " + std::to_string(told_[{true, name}].newest) + " of " +
                   Far(name) + ", which was written later");
  }
  told = {version, false};
}

}  // namespace keyhole::test
