#include "metrics/key_table.h"

#include "metrics/label.h"

namespace keyhole::metrics {
namespace {

KeyCounts CountsOf(const KeyDirectory& directory, size_t slot) {
  KeyCounts counts;
  static_cast<KeyTotals&>(counts) = directory.Totals(slot);
  counts.slot = slot;
  if (slot == directory.other()) {
    counts.label = kOtherLabel;
  } else {
    counts.label = directory.label(slot);
    counts.created = directory.slot(slot).created;
  }
  return counts;
}

}  // namespace

KeyTotals KeyTable::Sum() const {
  KeyTotals sum = retired;
  sum += other;
  for (const KeyCounts& one : patterns) sum += one;
  for (const KeyCounts& one : keys) sum += one;
  return sum;
}

KeyTable ReadKeysLocked(KeyDirectory& directory, bool scrape) {
  KeyTable table;
  const TrackerTotals& totals = directory.tracker_totals();
  table.retired = directory.Retired();
  table.tracked_keys_limit = directory.capacity();
  table.promotions = totals.promotions;
  table.demotions = totals.demotions;
  table.sample_ratio = totals.sample_ratio;
  table.sketch_error = totals.sketch_error;
  for (size_t slot = 0, size = directory.size(); slot < size; ++slot) {
    if (!directory.slot(slot).exported()) continue;
    (slot < directory.patterns() ? table.patterns : table.keys)
        .push_back(CountsOf(directory, slot));
  }
  table.other = CountsOf(directory, directory.other());
  if (scrape) directory.NoteScrape();
  return table;
}

KeyTotals SumKeys(KeyDirectory& directory) {
  const std::lock_guard lock(directory.control());
  return directory.Sum();
}

KeyTable ReadKeys(KeyDirectory& directory, bool scrape) {
  const std::lock_guard lock(directory.control());
  return ReadKeysLocked(directory, scrape);
}

}  // namespace keyhole::metrics
