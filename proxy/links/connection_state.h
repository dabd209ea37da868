// The state of a Redis connection that is a plain value: where it can be had again by saying the
// same words to another connection. It lets sessions share links and change them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "resp/wire.h"

namespace keyhole::core {

struct SessionState {
  // Who AUTH or HELLO said this is, in their words: a password alone is not the same as one of the
  // user "default". Both empty: nobody has said anything, the connection is what Redis makes of it.
  std::string user;
  std::string password;
  int db = 0;
  resp::Protocol protocol = resp::Protocol::kResp2;
  std::string name;             // CLIENT SETNAME
  std::string library;          // CLIENT SETINFO LIB-NAME
  std::string library_version;  // CLIENT SETINFO LIB-VER

  // What a connection is on which nobody has said anything, but for names.
  bool is_plain() const { return !has_identity() && db == 0 && protocol == resp::Protocol::kResp2; }
  bool has_identity() const { return !user.empty() || !password.empty(); }

  // Two sessions for which this is true may use one shared link. What a client calls itself is not
  // part of it: it changes no reply but that of CLIENT commands, which get a private link.
  bool SharesWith(const SessionState& other) const {
    return db == other.db && protocol == other.protocol && SameIdentity(other);
  }
  bool SameIdentity(const SessionState& other) const {
    return user == other.user && password == other.password;
  }
};

// What one request would change of it: SELECT 3, HELLO 3 AUTH u p. Changes of several requests in
// flight are applied one by one, as each succeeds.
struct StateChange {
  struct Identity {
    std::string user;
    std::string password;
  };
  std::optional<Identity> identity;
  std::optional<int> db;
  std::optional<resp::Protocol> protocol;
  std::optional<std::string> name;
  std::optional<std::string> library;
  std::optional<std::string> library_version;
  // HELLO 3 AUTH u p AUTH v wrong: if it is refused, nobody knows who the connection is.
  bool ambiguous = false;
  // HELLO 3 AUTH u p NONSENSE: Redis refuses it when it comes to the nonsense, but what stands
  // before it has been carried out.
  bool half_done = false;
  // HELLO 3 SETNAME n AUTH u wrong: the same.
  std::optional<std::string> name_before_auth;
  // CLIENT PAUSE: no state of the connection, but Redis holds requests of all for so long. Zero:
  // CLIENT UNPAUSE.
  std::optional<std::chrono::milliseconds> pause;

  // It is about what a client calls itself.
  bool names() const {
    return name.has_value() || library.has_value() || library_version.has_value();
  }
  // With this reply nobody can tell how much of it has been carried out: versions of Redis differ,
  // and what we took for nonsense may be a word to them.
  bool LeavesDoubt(bool is_error, std::string_view text) const {
    return is_error ? ambiguous || (half_done && text.starts_with("ERR ")) : half_done;
  }
  // What has been carried out although the reply is this error.
  StateChange CarriedOut(std::string_view error) const {
    if (half_done && error.starts_with("ERR ")) return *this;
    StateChange change;
    const bool began = error.starts_with("WRONGPASS ") || error.starts_with("NOAUTH ");
    if (began) change.name = name_before_auth;
    return change;
  }

  SessionState AppliedTo(SessionState state) const {
    if (identity.has_value()) {
      state.user = identity->user;
      state.password = identity->password;
    }
    if (db.has_value()) state.db = *db;
    if (protocol.has_value()) state.protocol = *protocol;
    if (name.has_value()) state.name = *name;
    if (library.has_value()) state.library = *library;
    if (library_version.has_value()) state.library_version = *library_version;
    return state;
  }
};

}  // namespace keyhole::core
