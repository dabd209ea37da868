// Passes TCP connections on to a port of this machine, as a network does, until it is cut: then
// nothing passes and nothing is lost, connections stay open and new ones get no answer. Once it is
// whole again all that has waited passes, late.
//
//     Cable cable;
//     cable.LeadTo(redis.port());     clients connect to cable.port()
//     cable.Cut();                    Redis goes on, and nobody hears of it
//     cable.Heal();
//
// Thread: any; it has one of its own. Failures of sockets throw std::runtime_error at the start,
// and end a connection later.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace keyhole::test {

class Cable {
 public:
  Cable();
  ~Cable();
  Cable(const Cable&) = delete;
  Cable& operator=(const Cable&) = delete;

  uint16_t port() const { return port_; }
  // Where connections that are made from now on go.
  void LeadTo(uint16_t to) { to_ = to; }
  void Cut() { SetState(State::kCut); }
  void Heal() { SetState(State::kWhole); }

 private:
  enum class State : uint8_t { kWhole, kCut, kOver };
  // One direction of a connection.
  struct Way {
    std::string bytes;  // read and not written yet
    bool ended =
        false;  // the reading side has, and the writing side has been told if no bytes wait
  };
  struct Pair {
    int fds[2];  // of the client, of the server
    Way ways[2];
    bool over = false;
  };

  void SetState(State state);
  void Run();
  void Accept();
  static void Move(Pair& pair, size_t from);

  std::atomic<uint16_t> to_{0};
  uint16_t port_ = 0;
  int listener_ = -1;
  int wake_ = -1;  // an eventfd
  std::atomic<State> state_{State::kWhole};
  std::vector<std::unique_ptr<Pair>> pairs_;  // of the thread
  std::thread thread_;
};

}  // namespace keyhole::test
