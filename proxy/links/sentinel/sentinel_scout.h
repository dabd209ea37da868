// A connection to the replica that Sentinels are about to promote, without the socket: it asks for
// its ROLE until that is master. Sentinels themselves look once a second only, so this knows
// sooner.
//
//     ->  AUTH u p | ROLE |                        | ROLE |
//     <-  +OK      | *5 $5 slave ..  (0.1 s later) | *3 $6 master ..     OnMaster
//
// The one that promotes it ends its connections in the same breath: whoever hears of that makes
// another scout.
//
// Thread: its worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <string_view>

#include "proxy/links/connection_state.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/handshake.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

class SentinelScout final
    : public UpstreamEnd,
      public boost::intrusive_ref_counter<SentinelScout, boost::thread_unsafe_counter> {
 public:
  class Listener {
   public:
    virtual void OnScouted() = 0;
    // It is over. answered: it had said what it is.
    virtual void OnScoutLost(bool answered) = 0;

   protected:
    ~Listener() = default;
  };

  // us: who we are to Redis. Both outlive it, until it is over.
  SentinelScout(const SessionState& us, Listener& listener) : us_(us), listener_(listener) {}

  // To be called ten times a second.
  void Tick();
  // Nobody is told any more.
  void Stop();

  // ---- UpstreamEnd
  void BindTransport(Transport* transport) override { transport_ = transport; }
  void OnConnected() override;
  bool OnRead(std::string_view bytes) override;
  bool wants_read() const override { return true; }
  std::string_view PrepareWrite() const override { return handshake_.PrepareWrite(); }
  void CommitWrite(size_t n) override { handshake_.CommitWrite(n); }
  bool wants_shutdown() const override { return false; }
  bool gone() const override { return over_; }
  void OnDisconnected() override;
  void Retain() override { intrusive_ptr_add_ref(static_cast<Counted*>(this)); }
  void Release() override { intrusive_ptr_release(static_cast<Counted*>(this)); }

 private:
  using Counted = boost::intrusive_ref_counter<SentinelScout, boost::thread_unsafe_counter>;

  const SessionState& us_;
  Listener& listener_;
  Transport* transport_ = nullptr;
  Handshake handshake_;
  resp::ReplyScanner scanner_;
  bool answered_ = false;
  bool over_ = false;
};

}  // namespace keyhole::core
