// A connection to one Sentinel, without the socket: what it says of the master, asked and unasked.
//
//     ->  HELLO 3 | SUBSCRIBE +failover-state-wait-promotion +promoted-slave +switch-master |
//     ->  SENTINEL GET-MASTER-ADDR-BY-NAME m | SENTINEL MASTER m     | SENTINEL SENTINELS m |
//     <-  *2 10.0.0.1 6379                   | %n .. config-epoch .. | *n of %n .. ip, port |
//     <-  >3 message +switch-master "m 10.0.0.1 6379 10.0.0.2 6379"     at any time
//
// The first of the three answers is the new master as soon as it has been promoted, while MASTER
// still shows the old one beside the new epoch. The three are answered in one turn of the
// Sentinel's loop. It is subscribed before it asks, so no change falls between the two. RESP3 lets
// it ask again on the same connection; Sentinels speak it since 6.0. It asks once a second anyway,
// which is its heartbeat, and gives a Sentinel up that does not answer for three.
//
//     connecting --OnConnected--> asking, for as long as it lives --lost, silent, no Sentinel--> over
//
// It is made for one connection; whoever wants another one makes another.
//
// Thread: its worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/endpoint.h"
#include "proxy/base/fifo.h"
#include "proxy/links/link_context.h"
#include "proxy/links/transport.h"
#include "proxy/links/upstream/options.h"
#include "resp/byte_queue.h"
#include "resp/reply_scanner.h"

namespace keyhole::core {

class SentinelLink final
    : public UpstreamEnd,
      public boost::intrusive_ref_counter<SentinelLink, boost::thread_unsafe_counter> {
 public:
  // Where a Sentinel says the master is. epoch: grows with each failover.
  struct Master {
    Endpoint endpoint;
    uint64_t epoch = 0;
    bool operator==(const Master&) const = default;
  };

  class Listener {
   public:
    virtual void OnMaster(SentinelLink& link, const Master& master) = 0;
    // There is, or will soon be, another master: every Sentinel is worth asking.
    virtual void OnSwitch() = 0;
    // The replica there has been told to become the master, and may be it already.
    virtual void OnPromotion(const Endpoint& replica) = 0;
    // It knows these Sentinels beside itself.
    virtual void OnOthers(const std::vector<Endpoint>& others) = 0;
    // It is over. problem: empty, or one line for people: it is no Sentinel, or knows no such
    // master.
    virtual void OnSentinelLost(SentinelLink& link, std::string_view problem) = 0;

   protected:
    ~Listener() = default;
  };

  static constexpr std::chrono::seconds kHeartbeat{1};
  static constexpr std::chrono::seconds kPatience{3};

  // Both outlive it, until it is over.
  SentinelLink(LinkContext& context, const Sentinels& options, bool tls, Listener& listener)
      : context_(context), options_(options), tls_(tls), listener_(listener), asked_(context.now) {}

  // Asks at once where the master is. While an answer is awaited it changes nothing.
  void Ask();
  // To be called ten times a second.
  void Tick();
  // Nobody is told any more.
  void Stop();

  // ---- UpstreamEnd
  void BindTransport(Transport* transport) override { transport_ = transport; }
  void OnConnected() override;
  bool OnRead(std::string_view bytes) override;
  bool wants_read() const override { return true; }
  std::string_view PrepareWrite() const override { return out_.Data(); }
  void CommitWrite(size_t n) override { out_.Consume(n); }
  bool wants_shutdown() const override { return false; }
  bool gone() const override { return over_; }
  void OnDisconnected() override { End({}); }
  void Retain() override { intrusive_ptr_add_ref(static_cast<Counted*>(this)); }
  void Release() override { intrusive_ptr_release(static_cast<Counted*>(this)); }

 private:
  using Counted = boost::intrusive_ref_counter<SentinelLink, boost::thread_unsafe_counter>;
  enum class Awaited : uint8_t { kHello, kAddress, kEpoch, kOthers };
  static constexpr size_t kMostBytes = 256 * 1024;  // of one reply

  void Say(std::initializer_list<std::string_view> args);
  void OnReply(const resp::ReplyHead& head);
  void OnError(Awaited awaited, std::string_view error);
  void OnAddressReply();
  void OnEpochReply();
  void OnOthersReply();
  void OnPush();
  std::optional<Endpoint> ReadInstance(std::string_view event) const;
  void End(std::string_view problem);

  LinkContext& context_;
  const Sentinels& options_;
  const bool tls_;
  Listener& listener_;
  Transport* transport_ = nullptr;
  resp::ByteQueue out_;
  resp::ReplyScanner scanner_;
  std::string reply_;  // as far as it has come
  Fifo<Awaited> awaited_;
  Endpoint address_;  // of the master, until its epoch has come
  Instant asked_;
  bool connected_ = false;
  bool over_ = false;
};

}  // namespace keyhole::core
