// What is said to a connection to Redis before its first request: who it is, in which protocol and
// database, what it is called, and what else it is to be. The one place that knows these words;
// handshake.h says them and judges what comes back.
//
// Thread: any; a plain value.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "proxy/links/connection_state.h"
#include "proxy/links/upstream/options.h"
#include "resp/command_table.h"

namespace keyhole::core {

struct Greeting {
  using Words = std::initializer_list<std::string_view>;
  static constexpr int kMost = 32;  // requests

  std::string bytes;
  int replies = 0;     // one to each request
  uint32_t musts = 0;  // a bit for each, from the lowest: this reply must not be an error
  uint32_t roles = 0;  // the same: this reply must be that of ROLE by a master

  // Of a new connection that is to get into `state`.
  static Greeting For(const SessionState& state);
  // The same for a user who may not SELECT, and whose client did before it logged in: RESET, and
  // the identity last.
  static Greeting Otherwise(const SessionState& state);

  // REQUIRES: replies < kMost.
  void Add(Words args, bool must_succeed);
  // HELLO if the protocol needs it, AUTH if there is an identity.
  void LogIn(const SessionState& state);
  void SelectDatabase(int db);
  // Where a connection is called as in `before`, and is to be called as in `state`.
  void Introduce(const SessionState& state, const SessionState& before);
  // CLIENT TRACKING of what is asked for, see near_link.h. REQUIRES: RESP3.
  void Track();
  // See LinkNeed::kFenced and ForEachFence().
  void Fence();
  // Is it a master?
  void AskRole();
  // A replica in a cluster is to answer reads. Who may not say so is sent to the master.
  void ReadOnly();
  // Says a client's request as it came.
  void Pass(std::string_view request);
  // A transaction, or one that a request has been refused in: EXEC fails then.
  void BeginTransaction(bool failed);
  // Is it a Redis that answers? Does it let in those who give no password?
  void Ping();
};

// The state of a connection on which nobody has said anything but what the options say.
SessionState StateFor(const Upstream& upstream);

// The requests of Greeting::Introduce(), one by one.
void ForEachIntroduction(const SessionState& state, const SessionState& before,
                         const std::function<void(Greeting::Words)>& say);
// The requests of Greeting::Fence(), one by one.
void ForEachFence(const std::function<void(Greeting::Words)>& say);

}  // namespace keyhole::core
