// What the commands for fields of hashes that end by a time of their own have in common. Source of
// the order of checks and of the error texts: redis 7.4 and 8, t_hash.c.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/store/commands/expiry.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/collection_edit.h"

namespace keyhole::store {

// What HEXPIRE and its kin reply for a field.
inline constexpr int64_t kNoField = -2;
inline constexpr int64_t kNoExpiry = -1;
inline constexpr int64_t kNotDone = 0;
inline constexpr int64_t kDone = 1;
inline constexpr int64_t kDeleted = 2;

inline constexpr ExpiryUnit kSeconds = {.seconds = true, .absolute = false};
inline constexpr ExpiryUnit kMillis = {.seconds = false, .absolute = false};
inline constexpr ExpiryUnit kUnixSeconds = {.seconds = true, .absolute = true};
inline constexpr ExpiryUnit kUnixMillis = {.seconds = false, .absolute = true};

inline constexpr std::string_view kWrongFieldCount =
    "ERR Number of fields must be a positive integer";

// Reads when fields are to end. False if that is wrong; then that is the reply.
bool EndArgument(Call& call, size_t index, ExpiryUnit unit, UnixMillis* end);

// Reads FIELDS n name..., up to the last argument. False if that is wrong; then that is the reply.
bool FieldsArgument(Call& call, size_t index, std::string_view wrong_count,
                    std::span<const std::string_view>* fields);

// When a field ends; kNever: it does not. REQUIRES: the hash has it.
UnixMillis EndOf(Entry hash, std::string_view field);

// Only fields for which this is true get another end.
enum class EndCondition { kNone, kNx, kXx, kGt, kLt };

// Gives the fields of the hash that is the command's first key other ends, or removes them, and
// tells of that.
class FieldEnds {
 public:
  FieldEnds(Call& call, Entry* slot);

  // As HEXPIRE replies; a field whose end is past is removed.
  int64_t Set(std::string_view field, UnixMillis end, EndCondition condition = EndCondition::kNone);
  // As HPERSIST replies.
  int64_t Persist(std::string_view field);
  // False if it was not there.
  bool Remove(std::string_view field);
  // To be called last, once: the slot may be gone.
  void Finish();

 private:
  Call& call_;
  Entry* slot_;
  CollectionEdit edit_;
  int64_t set_ = 0;
  int64_t persisted_ = 0;
  int64_t removed_ = 0;
};

}  // namespace keyhole::store
