// What the bytes between the values of a snapshot mean. Source: redis 7.0.15 rdb.h, and of 7.4.
#pragma once

#include <cstdint>

namespace keyhole::store::rdb {

enum class Mark : uint8_t {
  kSlot = 244,           // of a cluster; says nothing that matters here
  kFunctions = 245,      // a library of them
  kOldFunctions = 246,   // of a release candidate
  kModule = 247,         // what a module has of its own
  kIdle = 248,           // of the next key
  kFrequency = 249,      // the same
  kAbout = 250,          // a name and a value
  kSizes = 251,          // of the database
  kExpireMillis = 252,   // of the next key
  kExpireSeconds = 253,  // the same
  kDatabase = 254,       // of what follows
  kEnd = 255,
};

// Forms of values that are understood only as far as to find their end.
enum class ForeignForm : uint8_t {
  kOldModule = 6,  // has no end to be found
  kModule = 7,
};

}  // namespace keyhole::store::rdb
