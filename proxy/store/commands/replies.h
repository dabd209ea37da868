// Error texts and replies that several commands share. The texts are those of Redis 7.0.15.
#pragma once

#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "resp/error_text.h"

namespace keyhole::store {

inline constexpr std::string_view kSyntaxError = resp::kSyntaxError;
inline constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";
inline constexpr std::string_view kWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kNoDatabase = "ERR DB index is out of range";
inline constexpr std::string_view kOutOfMemory =
    "OOM command not allowed when used memory > 'maxmemory'.";
inline constexpr std::string_view kDebugNotAllowed =
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you "
    "can "
    "run it from a local connection, otherwise you need to set this option in the configuration "
    "file, and then restart the server.";
inline constexpr std::string_view kBusyScript =
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
inline constexpr std::string_view kBusyFunction =
    "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
inline constexpr std::string_view kNoAuth = resp::kNoAuthError;
inline constexpr std::string_view kWrongPassword =
    "WRONGPASS invalid username-password pair or user is disabled.";

using resp::kMaxQuoted;

void WrongArity(Call& call);
// "ERR unknown subcommand or wrong number of arguments for 'x'. Try PUBSUB HELP."; command: PUBSUB
void WrongSubcommand(Call& call, std::string_view command);
// "ERR invalid expire time in 'set' command"
void InvalidExpire(Call& call);

// Reads argument `index`. False if it is no integer; then that is the reply.
bool IntegerArgument(Call& call, size_t index, int64_t* value);

// Reads the number of a database. False if there is none such; then that is the reply.
bool DatabaseArgument(Call& call, size_t index, int* database);

// True if there is a key here that is not of the type; then that is the reply. Not for hashes.
bool IsWrongType(Call& call, const Entry* slot, ValueType type);

// Looks for a key of this type: *entry is it, or false if there is none, counted as Call::Read().
// False if there is one of another type; then that is the reply.
bool ReadAs(Call& call, std::string_view key, ValueType type, Entry* entry);
// The same for commands that write: *slot, or null.
bool FindAs(Call& call, std::string_view key, ValueType type, Entry** slot);

// Removes the fields of a hash that have ended by their own time. *slot: null if none is left.
void EndFields(Call& call, Entry** slot);

// As OBJECT ENCODING of Redis 7.0 calls it.
std::string_view ShownEncoding(const Entry& entry);

// What HELP answers: the frame, and `lines` in between.
void Help(Call& call, std::span<const std::string_view> lines);

// As printf reads a string: up to the first zero byte. Redis' error texts are cut there.
std::string_view UpToNul(std::string_view text);

}  // namespace keyhole::store
