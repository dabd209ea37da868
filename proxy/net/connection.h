// What the sockets of clients and of links have in common: the worker reads those that have become
// readable in its turn, and at its end writes those that have something to write.
//
//     reactor -> OnReadable -> the worker's list ... turn: ReadIn() of all, then WriteOut() of all
//
// Thread: its worker's. Lives as long as it is registered or on one of the worker's lists.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "proxy/links/transport.h"
#include "proxy/net/stream.h"

namespace keyhole::net {

class Worker;

class Connection : public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter>,
                   public core::Transport,
                   private Readiness::Watcher {
 public:
  // Whose turn it is to be written: bytes of links have the longest way.
  enum class Writes : uint8_t { kFirst, kLast };

  virtual ~Connection() = default;

  // There is something to write, or reading is wanted again, or it is over.
  void Wake() final;

  // ---- for the worker, which calls each once for each time that it was asked to
  void TurnRead();
  void TurnWrite();
  // Notices when nothing has come for a while; looks then for an end of the stream that nobody
  // announced. False: no more calls are needed.
  bool CheckSilence();

 protected:
  Connection(Worker& worker, Writes writes);

  // Reads or writes as much as is possible, wanted and fair. Called with the stream open or not.
  virtual void ReadIn() = 0;
  virtual void WriteOut() = 0;

  // Nothing has come for a while: memory that is not needed now may go.
  virtual void OnSilence() {}

  // Has ReadIn() called, if there may be something to read.
  void ReadLater();
  // Has WriteOut() called once the socket takes more.
  void WriteWhenPossible();
  bool write_blocked() const { return write_blocked_; }

  Worker& worker_;
  Stream stream_;

 private:
  void OnReadable() final;
  void OnWritable() final;

  const Writes writes_;
  bool will_read_ = false;  // on the worker's lists
  bool will_write_ = false;
  bool will_check_ = false;
  bool write_blocked_ = false;
};

}  // namespace keyhole::net
