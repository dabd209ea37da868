// What is said to a connection to Redis before its first request: who it is, in which protocol and
// database, and what it is called.
//
// Thread: any; a plain value.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "proxy/links/connection_state.h"
#include "resp/command_table.h"

namespace keyhole::core {

struct Greeting {
  using Words = std::initializer_list<std::string_view>;

  std::string bytes;
  int replies = 0;
  int musts = 0;  // the first so many replies must not be errors

  // Of a new connection that is to get into `state`.
  static Greeting For(const SessionState& state);

  void Add(Words args, bool must_succeed);
  void SelectDatabase(int db);
  // Where a connection is called as in `before`, and is to be called as in `state`.
  void Introduce(const SessionState& state, const SessionState& before);
  // See LinkNeed::kFenced.
  void Fence();
};

// The requests of Greeting::Introduce(), one by one.
void ForEachIntroduction(const SessionState& state, const SessionState& before,
                         const std::function<void(Greeting::Words)>& say);

}  // namespace keyhole::core
