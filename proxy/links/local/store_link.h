// The embedded store as an upstream: one per session, which answers before Send() returns, unless
// the request waits for a key (BLPOP). What comes later, messages of channels and the reply of a
// request that waited, is announced by the worker's StoreDoorbell.
//
//     kAnswering --a request waits--> kWaiting --the bell, and it has its reply--> kCatchingUp
//          ^                             ^                                            |    |
//          |                             +-------------another one waits--------------+    |
//          +---------------------all that was held in the meantime has been run------------+
//
// What is sent in the meantime is held, so that replies keep the order of their requests. While
// there is something among it that will have no reply (CLIENT REPLY OFF), the session has a place
// open among its replies: nothing else would tell it that QUIT has to come behind.
//
// Thread: the worker's that made it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/fifo.h"
#include "proxy/links/link.h"
#include "proxy/links/local/store_doorbell.h"
#include "proxy/store/store.h"

namespace keyhole::core {

class StoreLink final : public Link, private StoreDoorbell::Listener {
 public:
  // address: of the client, as CLIENT LIST shows it. `owner` owns this link.
  StoreLink(LinkContext& context, store::Store& store, StoreDoorbell& doorbell, Requester& owner,
            std::string_view address);
  ~StoreLink() override;

  void Send(const resp::Request& request, Exchange&& pending) override;
  bool Direct(resp::DirectCommand* command) override;
  void Prefetch(std::span<const resp::HashedKey> keys) override;
  void OnUser(std::string_view name) override;
  // Of requests that are held.
  bool is_full() const override { return held_bytes_ > kLongQueue; }
  // Somebody said CLIENT KILL.
  bool ended() const override;
  // The client may do what it likes.
  bool authenticated() const override { return store::Store::LoggedIn(*client_); }
  // Never called: requests come whole, the value is kept in memory anyway.
  void SendMore(std::string_view bytes) override;

 private:
  enum class State : uint8_t { kAnswering, kWaiting, kCatchingUp };
  // A copy, as the request's bytes are gone by then.
  struct Held {
    std::vector<std::string> args;
    size_t bytes;
    Exchange pending;
  };
  static constexpr size_t kLongQueue = 64 * 1024;

  void OnRing() override;
  bool ReceiveOutput(std::string_view bytes);
  store::Outcome Execute(const resp::Request& request, const resp::CommandSpec& spec,
                         resp::ByteQueue* out, const resp::HashedKey& first);
  void Run(const resp::Request& request, Exchange&& pending);
  [[gnu::noinline]] void BeginWait(bool answered);
  void OpenPlace();
  [[gnu::noinline]] void Hold(const resp::Request& request, Exchange&& pending);
  void CatchUp();
  void EndSilently();
  void AskPlain(const resp::Request& request, Exchange&& pending);
  void Ask(const resp::Request& request, Exchange&& pending);

  store::Store& store_;
  StoreDoorbell& doorbell_;
  std::unique_ptr<store::Client, void (*)(store::Client*)> client_;
  State state_ = State::kAnswering;
  std::optional<ReplySlot> open_place_;
  Fifo<Held> held_;
  size_t held_bytes_ = 0;
};

}  // namespace keyhole::core
