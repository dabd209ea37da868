// The counts of all keys at one moment, as plain values.
//
// Thread: any; no worker waits for the reader, but one that gives a key its first slot might, for
// as long as a slot's names are copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "metrics/key_directory.h"

namespace keyhole::metrics {

struct KeyCounts : KeyTotals {
  std::string label;
  double created = 0;  // seconds since 1970; 0: with the process
  double rate = 0;     // requests a second over the last minute; only KeyTracker::Table() fills it
  size_t slot = 0;
};

// While nothing is being counted: patterns + keys + other + retired are all lookups. (While
// something is, the numbers are not of one instant, but still each event is in at most one of
// them.)
struct KeyTable {
  std::vector<KeyCounts> patterns;  // in the order of their options
  std::vector<KeyCounts> keys;      // tracked ones, in the order of their slots
  KeyCounts other;                  // all the rest, labelled kOtherLabel
  KeyTotals retired;                // of keys at the time they lost their series
  size_t tracked_keys_limit = 0;
  uint64_t promotions = 0;
  uint64_t demotions = 0;
  double sample_ratio = 0;  // share of untracked lookups that the sketches are shown
  double sketch_error = 0;  // lookups in an epoch that might not make a key a candidate

  KeyTotals Sum() const;
};

// scrape: what is read is shown to a scraper, see KeyTracker.
KeyTable ReadKeys(KeyDirectory& directory, bool scrape);
// The same for who holds directory.control().
KeyTable ReadKeysLocked(KeyDirectory& directory, bool scrape);
// Their sum alone, that of retired keys too.
KeyTotals SumKeys(KeyDirectory& directory);

}  // namespace keyhole::metrics
