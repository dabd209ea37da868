// What two or three clients do who wait for each other, and what each must be told: one is in BLPOP
// and another pushes; one watches and another writes; one queues a transaction and another must not
// see it yet.
//
//     for (const Meeting::Turn& turn : Meeting(tag, random).turns()) ...
//
// Turns are in order: a client sends, or reads replies. What one has been told is done when another
// sends the next. Nothing in it is a lookup that is counted.
//
// Thread: one.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyhole::test {

class Meeting {
 public:
  static constexpr size_t kClients = 3;

  struct Turn {
    size_t who;
    std::string send;
    std::string told;  // as many bytes, then
  };

  // tag: nobody else's; it is part of all keys, channels and values.
  Meeting(std::string tag, std::minstd_rand& random);

  const std::vector<Turn>& turns() const { return turns_; }

 private:
  using Words = std::vector<std::string>;

  void Pop();
  void PassOn();
  void ReadStream();
  void ReadGroup();
  void Listen();
  void Watch();
  void Isolate();
  void SeeAll();

  void Send(size_t who, const Words& words);
  void Hear(size_t who, std::string bytes) { turns_.push_back({who, {}, std::move(bytes)}); }
  void Ask(size_t who, const Words& words, std::string reply) {
    Send(who, words);
    Hear(who, std::move(reply));
  }

  const std::string tag_;
  std::minstd_rand& random_;
  std::vector<Turn> turns_;
};

}  // namespace keyhole::test
