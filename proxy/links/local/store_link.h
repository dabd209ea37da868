// The embedded store as an upstream: one per session, answers before Send() returns. What comes on
// its own are messages of channels, announced by the worker's StoreDoorbell.
//
// Thread: the worker's that made it.
#pragma once

#include <memory>
#include <string_view>

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
  void Foresee(std::span<const resp::HashedKey> keys) override;
  void OnUser(std::string_view name) override;
  // Somebody said CLIENT KILL.
  bool ended() const override;
  // The client may do what it likes.
  bool authenticated() const override { return store::Store::LoggedIn(*client_); }
  // Never called: requests come whole, the value is kept in memory anyway.
  void SendMore(std::string_view bytes) override;

 private:
  void OnRing() override;
  bool Execute(const resp::Request& request, const resp::CommandSpec& spec, resp::ByteQueue* out);
  void AskPlain(const resp::Request& request, Exchange&& pending);
  void Ask(const resp::Request& request, Exchange&& pending);

  store::Store& store_;
  StoreDoorbell& doorbell_;
  std::unique_ptr<store::Client, void (*)(store::Client*)> client_;
};

}  // namespace keyhole::core
