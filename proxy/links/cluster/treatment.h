// What becomes of a command in front of a Redis Cluster: where it goes, how replies of several
// nodes become one, and what is changed in them so that the cluster looks like one Redis.
//
// Thread: any; everything here is constant.
#pragma once

#include <cstdint>

#include "resp/command_table.h"

namespace keyhole::core {

// How the replies of several requests become one. An error of one of them is the reply, unless it
// says otherwise.
enum class Merging : uint8_t {
  kFirst,       // the first: they say the same
  kByKey,       // an array with the elements in the order of the keys (MGET)
  kSum,         // of numbers
  kConcat,      // of arrays, one after the other
  kUnion,       // the same, no string twice
  kAnd,         // of arrays of numbers, one by one
  kSumPairs,    // of arrays name, number, name, number ...
  kOneIsFine,   // the first that is no error
  kWhereKeyIs,  // the first, but that there is no such key is said only if all say so
  kAnyValue,    // any that is not null
};

struct Treatment {
  enum class Way : uint8_t {
    kOneSlot,
    kOneMaster,
    kSplit,  // a request for each slot, with the keys that are in it
    kEvery,
    kByChannel,
    kScan,   // one cursor over all masters, see scan_cursor.h
    kInfo,   // redis_mode and cluster_enabled are those of a Redis that stands alone
    kHello,  // mode is
    kDisabled,
    kRefused,
  };
  Way way = Way::kOneSlot;
  Merging merging = Merging::kFirst;
  bool reads = false;  // and nothing else: a replica may answer it
};

const Treatment& TreatmentOf(const resp::CommandSpec& spec);

}  // namespace keyhole::core
