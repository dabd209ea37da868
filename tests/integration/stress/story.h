// What one client of the stress test does, and what it must be told: random steps over keys of its
// own, so that every reply is known beforehand to the last byte.
//
//     Story story(7, seed);
//     Batch batch = story.Next(10);      // requests of ten steps, and the replies to them
//
// A step is a request, or a small conversation: a transaction, something that blocks, a
// subscription, a change of database, protocol, user or name.
//
// Thread: one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::test {

struct Expected {
  std::string bytes;
  bool more = false;  // only the beginning is known
};

struct Batch {
  std::string requests;
  std::vector<Expected> replies;  // one for each reply or push
};

// redis.conf lines for the users that stories log in as.
std::vector<std::string> StoryUsers();

class Story {
 public:
  // number: nobody else's; it is part of all keys and values.
  Story(int number, unsigned seed);

  Batch Next(int steps);

  // The database that it is in, after all batches so far.
  int database() const { return db_; }
  // Lookups with an answer, in all batches so far.
  uint64_t hits() const { return hits_; }
  uint64_t misses() const { return misses_; }

 private:
  using Args = std::vector<std::string>;
  static constexpr int kDatabases = 3;

  void Step();
  void Transaction();
  void Block();
  void Subscribe();
  void Skip();
  void Hello();
  void LogIn();
  void Reset();

  Args Invent();
  std::string Run(const Args& args);
  std::string Lookup(const std::string& key);
  std::map<std::string, std::string>& strings() { return data_[static_cast<size_t>(db_)]; }

  void Ask(const Args& args, std::string reply, bool more = false);
  std::string Array(size_t count) const;
  std::string Push(const Args& parts, int64_t number) const;
  std::string Null() const { return resp3_ ? "_\r\n" : "$-1\r\n"; }
  std::string NullArray() const { return resp3_ ? "_\r\n" : "*-1\r\n"; }
  std::string Key() { return tag_ + "k" + std::to_string(Below(5)); }
  std::string Token() { return tag_ + std::to_string(++said_); }
  int Below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  const std::string tag_;
  std::minstd_rand random_;
  Batch batch_;
  std::array<std::map<std::string, std::string>, kDatabases> data_;
  int db_ = 0;
  bool resp3_ = false;
  std::string user_ = "default";
  std::string name_;
  int said_ = 0;
  uint64_t hits_ = 0;
  uint64_t misses_ = 0;
};

}  // namespace keyhole::test
