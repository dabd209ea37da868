// The router in front of the embedded store: each session has its own way to it.
//
// Thread: the worker's.
#pragma once

#include "proxy/links/local/store_doorbell.h"
#include "proxy/links/router.h"
#include "proxy/store/store.h"

namespace keyhole::core {

class StoreRouter final : public Router {
 public:
  // All of them outlive this.
  StoreRouter(LinkContext& context, store::Store& store, StoreDoorbell& doorbell)
      : context_(context), store_(store), doorbell_(doorbell) {}

  Route Choose(const Exchange& exchange, const resp::Request& request, const Asking& asking,
               Attachment* at) override;
  void Release(Attachment*) override {}
  resp::RequestLimits limits() const override;
  bool in_process() const override { return true; }
  bool asks_password() const override { return false; }
  bool up() const override { return true; }

 private:
  LinkContext& context_;
  store::Store& store_;
  StoreDoorbell& doorbell_;
};

}  // namespace keyhole::core
