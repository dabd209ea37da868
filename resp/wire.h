// The bytes of RESP (REdis Serialization Protocol, versions 2 and 3) and the limits of Redis 7.0.
//
// A request is an array of bulk strings, or one inline line:
//
//     *2\r\n $3\r\n GET\r\n $3\r\n foo\r\n          GET foo\r\n
//     |      |      |                               |
//     count  length bytes                           words, quoted as in a shell
//
// A reply starts with one type byte; see ReplyType. Source:
// https://redis.io/docs/reference/protocol-spec and redis 7.0.15 src/networking.c for what the
// server really accepts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace keyhole::resp {

// The first byte of a reply.
enum class ReplyType : char {
  kNone = 0,
  // RESP2
  kSimpleString = '+',
  kError = '-',
  kInteger = ':',
  kBulkString = '$',
  kArray = '*',
  // RESP3 adds
  kNull = '_',
  kBoolean = '#',
  kDouble = ',',
  kBigNumber = '(',
  kBulkError = '!',
  kVerbatim = '=',
  kMap = '%',
  kSet = '~',
  kPush = '>',
  kAttribute = '|',
};

enum class Protocol : uint8_t { kResp2 = 2, kResp3 = 3 };

inline constexpr size_t kMaxInlineBytes = 64 * 1024;           // PROTO_INLINE_MAX_SIZE
inline constexpr int64_t kMaxBulkBytes = 512LL * 1024 * 1024;  // proto-max-bulk-len, its default
inline constexpr int64_t kMaxArguments = 2147483647;           // INT_MAX
inline constexpr int64_t kMaxUnauthenticatedArguments = 10;
inline constexpr int64_t kMaxUnauthenticatedBulkBytes = 16384;

}  // namespace keyhole::resp
