// What a command does to the connection it runs on: a column of commands.def, decoded here and
// nowhere else. Who wants to know what an effect means reads its traits.
//
// Thread: any; everything here is constant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace keyhole::resp {

enum class Effect : uint8_t {
  kNone,         // nothing
  kPrivateOnce,  // holds the connection until it is answered (BLPOP)
  kWait,         // WAIT, WAITAOF: about the writes of its own connection
  kPin,          // leaves state in the connection that we do not follow (CLIENT TRACKING, unknown
                 // subcommands)
  kTaint,        // the same, even if it is refused: what stands before the error may have been done
  kFreshLink,    // must not queue behind others' requests (SCRIPT KILL)
  kScript,       // may run for ever, and what is behind it on its connection waits
  kPause,        // Redis holds requests of all connections: CLIENT PAUSE
  kUnpause,      // and goes on; must not queue behind what is held
  // Simple state: a value of the connection, which can be had again by the same words.
  kSelect,
  kHello,
  kAuth,
  kSetName,
  kSetInfo,
  // Transactions.
  kMulti,
  kExec,
  kDiscard,
  kWatch,
  kUnwatch,
  // Pub/sub: in, and out again.
  kSubscribe,
  kPsubscribe,
  kSsubscribe,
  kUnsubscribe,
  kPunsubscribe,
  kSunsubscribe,
  kMonitor,      // endless stream of lines
  kReplication,  // SYNC, PSYNC: what follows is not RESP
  kClientReply,  // CLIENT REPLY ON|OFF|SKIP: changes how many replies there are
  kQuit,
  kReset,
  kShutdown,
  kHangUp,    // POST, Host: somebody's HTTP; Redis drops the connection
  kSentinel,  // SENTINEL: where the master is, which the proxy can be told to answer itself
};
inline constexpr int kEffectCount = static_cast<int>(Effect::kSentinel) + 1;

// Which link a request may run on.
enum class LinkNeed : uint8_t {
  kAny,      // a shared one will do
  kScripts,  // a shared one that only scripts are sent to
  kOwn,      // one that nobody else uses
  kFenced,   // the same, behind all earlier writes of the session
  kAtOnce,   // the same, that answers even while Redis is busy with a script
};

// What pub/sub does with it.
enum class Listens : uint8_t { kNo, kBegins, kEnds };

struct EffectTraits {
  LinkNeed need = LinkNeed::kAny;
  bool waits = false;      // may be answered much later, when something happens
  bool untracked = false;  // leaves state behind that nobody follows, unless it is refused
  bool sets = false;       // changes a value of the connection or of its server
  Listens listens = Listens::kNo;

  // Confirmed once per channel.
  constexpr bool confirmed() const { return listens != Listens::kNo; }
};

namespace effect_detail {

constexpr EffectTraits Make(Effect effect) {
  constexpr LinkNeed kOwn = LinkNeed::kOwn;
  switch (effect) {
    case Effect::kNone:
    // Without MULTI or WATCH before them these change nothing; with, the session has its own link.
    case Effect::kExec:
    case Effect::kDiscard:
    case Effect::kUnwatch:
      return {};
    case Effect::kSelect:
    case Effect::kHello:
    case Effect::kAuth:
    case Effect::kSetName:
    case Effect::kSetInfo:
      return {.sets = true};
    case Effect::kPrivateOnce:
    case Effect::kSentinel:
      return {.need = kOwn, .waits = true};
    case Effect::kWait:
      return {.need = LinkNeed::kFenced, .waits = true, .untracked = true};
    case Effect::kFreshLink:
      return {.need = LinkNeed::kAtOnce};
    case Effect::kScript:
      return {.need = LinkNeed::kScripts};
    case Effect::kPause:
      return {.sets = true};
    case Effect::kUnpause:
      return {.need = LinkNeed::kAtOnce, .sets = true};
    case Effect::kPin:
    case Effect::kTaint:
    case Effect::kMonitor:
    case Effect::kReplication:
    case Effect::kClientReply:
      return {.need = kOwn, .untracked = true};
    case Effect::kSubscribe:
    case Effect::kPsubscribe:
    case Effect::kSsubscribe:
      return {.need = kOwn, .listens = Listens::kBegins};
    case Effect::kUnsubscribe:
    case Effect::kPunsubscribe:
    case Effect::kSunsubscribe:
      return {.need = kOwn, .listens = Listens::kEnds};
    case Effect::kMulti:
    case Effect::kWatch:
    case Effect::kQuit:
    case Effect::kReset:
    case Effect::kShutdown:
    case Effect::kHangUp:
      return {.need = kOwn};
  }
  return {.need = kOwn, .untracked = true};
}

inline constexpr auto kTraits = [] {
  std::array<EffectTraits, kEffectCount> traits{};
  for (size_t i = 0; i < traits.size(); ++i) traits[i] = Make(static_cast<Effect>(i));
  return traits;
}();

}  // namespace effect_detail

constexpr const EffectTraits& TraitsOf(Effect effect) {
  return effect_detail::kTraits[static_cast<size_t>(effect)];
}

}  // namespace keyhole::resp
