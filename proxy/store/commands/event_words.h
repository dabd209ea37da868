// Redis' words for what happens to keys: the second argument of Call::Emit(). Many are also names
// of commands.
#pragma once

#include <string_view>

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

inline constexpr std::string_view kDelEvent = "del";                    // layering: not a command
inline constexpr std::string_view kExpireEvent = "expire";              // layering: not a command
inline constexpr std::string_view kPersistEvent = "persist";            // layering: not a command
inline constexpr std::string_view kSetEvent = "set";                    // layering: not a command
inline constexpr std::string_view kIncrbyEvent = "incrby";              // layering: not a command
inline constexpr std::string_view kIncrbyfloatEvent = "incrbyfloat";    // layering: not a command
inline constexpr std::string_view kAppendEvent = "append";              // layering: not a command
inline constexpr std::string_view kSetrangeEvent = "setrange";          // layering: not a command
inline constexpr std::string_view kHsetEvent = "hset";                  // layering: not a command
inline constexpr std::string_view kHdelEvent = "hdel";                  // layering: not a command
inline constexpr std::string_view kHincrbyEvent = "hincrby";            // layering: not a command
inline constexpr std::string_view kHincrbyfloatEvent = "hincrbyfloat";  // layering: not a command
inline constexpr std::string_view kHexpireEvent = "hexpire";            // layering: not a command
inline constexpr std::string_view kHpersistEvent = "hpersist";          // layering: not a command
inline constexpr std::string_view kSaddEvent = "sadd";                  // layering: not a command
inline constexpr std::string_view kSremEvent = "srem";                  // layering: not a command
inline constexpr std::string_view kSpopEvent = "spop";                  // layering: not a command

// Removes a key that a command was asked to remove. The slot is gone afterwards.
inline void EraseAndTell(const Call& call, Entry* slot, std::string_view key) {
  call.db().Erase(slot);
  call.Emit(EventClass::kGeneric, kDelEvent, key);
}
// The same for the command's first key.
inline void EraseAndTell(const Call& call, Entry* slot) {
  EraseAndTell(call, slot, call.args[1]);
}

}  // namespace keyhole::store
