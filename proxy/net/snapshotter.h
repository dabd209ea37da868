// Moves the bytes of snapshots between the embedded store and its file.
//
//     worker 0, each ms while one is made                        a thread for the disk
//     Step(): Store::StepSnapshot() --bytes--> Keep(): SnapshotFile::Write() ... Commit()
//     End():  Store::EndSnapshot()  <------------------------------'
//
// Thread: Load() before the workers run, SaveLast() after them; Start(), Stop() on worker 0's.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/config/config.h"
#include "proxy/net/asio.h"
#include "proxy/net/snapshot_file.h"
#include "proxy/store/store.h"

namespace keyhole::net {

class Snapshotter {
 public:
  using LogFunction = core::Log;

  // All of them outlive it.
  Snapshotter(const store::SnapshotOptions& options, store::Store& store, asio::io_context& loop,
              LogFunction log);
  ~Snapshotter();

  // Fills the store, if there is something to fill it with. False: *problem says why not.
  bool Load(std::string* problem);
  void Start();
  void Stop();
  // Ends what is under way, and saves what is in memory now. save: false only does the former.
  void SaveLast(bool save);

 private:
  using Step = store::Store::SnapshotStep;

  void OnTimer();
  void Keep(const Step& step);
  void End();
  void Finish();

  const store::SnapshotOptions& options_;
  store::Store& store_;
  asio::io_context& loop_;
  LogFunction log_;
  Timer timer_;
  bool stopped_ = false;
  SnapshotFile file_;               // on the disk's thread, as the next
  std::string problem_;             // of the one that is being written
  std::optional<bool> written_;     // what has become of it, between Keep() and End()
  std::atomic<size_t> backlog_{0};  // bytes on their way to the disk
  asio::thread_pool disk_{1};
};

}  // namespace keyhole::net
