// Random traffic of one client, and a model of what is to be counted of it.
//
// The model knows nothing of the proxy: it looks at what it asked and what it was told, and says
// which keys were found and which were not.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/counting/resp_value.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {

struct HitsAndMisses {
  double hits = 0;
  double misses = 0;
  friend bool operator==(const HitsAndMisses&, const HitsAndMisses&) = default;
};

// By key.
using Tally = std::map<std::string, HitsAndMisses>;

void Add(const Tally& from, Tally* to);
HitsAndMisses SumOf(const Tally& tally);

using Args = std::vector<std::string>;

// Adds what one request and its reply tell.
void Judge(const Args& args, const RespValue& reply, Tally* tally);

// Keys of 0 to 5000 bytes of all kinds, no two alike.
std::vector<std::string> StrangeKeys(size_t count);

class Traffic {
 public:
  // The keys must outlive this. large_values: now and then one that does not fit a buffer.
  Traffic(uint16_t port, const std::vector<std::string>& keys, unsigned seed, bool large_values);

  // Sends so many random batches and reads all replies.
  void Run(int batches);

  const Tally& tally() const { return tally_; }
  double requests() const { return requests_; }

 private:
  // A request with how many replies it will have: 0 or 1.
  struct Asked {
    Args args;
    bool answered;
  };

  void RunBatch();
  void Push(Args args, bool answered = true);
  void PushSomething();
  void PushTransaction();
  void PushState();
  Args Lookup();
  Args Write();
  Args Nonsense();
  void Note(const Args& args, const RespValue& reply);

  size_t Below(size_t n) { return random_() % n; }
  const std::string& Key() { return keys_[Below(keys_.size())]; }
  std::string Field() { return "f" + std::to_string(Below(4)); }
  std::string Value();

  const std::vector<std::string>& keys_;
  const bool large_values_;
  std::mt19937 random_;
  RawClient client_;
  std::string bytes_;         // of the batch
  std::vector<Asked> asked_;  // in the batch
  std::vector<Args> queued_;  // since MULTI
  bool in_transaction_ = false;
  Tally tally_;
  double requests_ = 0;
};

}  // namespace keyhole::test
