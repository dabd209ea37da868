// The directory of keys with its tracker. When its options change another one takes its place, as
// slots, index and sketches are of a size; counts by key begin anew there, as in a new process, and
// what was counted before is added to the retired totals, so their sum goes on.
//
//     book 1   <-- worker 0, worker 1
//                                          Change()
//     book 1   <-- worker 1                worker 0 has come to Follow()
//     book 2   <-- worker 0
//                                          worker 1 too; the next Tick() lets go of book 1
//     book 2   <-- worker 0, worker 1
//
// Thread: any.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "metrics/key_directory.h"
#include "metrics/key_options.h"
#include "metrics/key_stats.h"
#include "metrics/key_table.h"
#include "metrics/key_tracker.h"

namespace keyhole::metrics {

struct KeyBook {
  explicit KeyBook(KeyOptions options, std::shared_ptr<KeyDirectory> before = nullptr);

  // Gives series a time where they have none of their own: they began with the book.
  void Date(KeyTable* table) const;

  const std::shared_ptr<KeyDirectory> directory;
  const double created;  // seconds since 1970; 0: with the process
  KeyTracker tracker{*directory};
};

class KeyBooks {
 public:
  explicit KeyBooks(const KeyOptions& options);

  // The one that holds now.
  std::shared_ptr<KeyBook> now() const;
  KeyTable Table(KeyTracker::Instant at) const { return now()->tracker.Table(at); }
  void Tick(KeyTracker::Instant at, double unix_now);

  // True: there is another book, and each worker has to Follow().
  bool Change(const KeyOptions& options);
  // On the thread that counts with it.
  void Follow(KeyStats& stats);

 private:
  mutable std::mutex mutex_;  // guards what follows, and is held while a worker changes books
  std::shared_ptr<KeyBook> now_;
};

}  // namespace keyhole::metrics
