// The router in front of one Redis.
//
// A session stays on the shared link of its state. It gets a link of its own for what others must
// not notice, and gives it back as soon as nothing is left there. It changes links only when all
// its earlier replies have come, so its own requests never overtake each other.
//
// Thread: the worker's.
#pragma once

#include "proxy/links/router.h"
#include "proxy/links/upstream/link_pool.h"

namespace keyhole::core {

class SingleRouter final : public Router {
 public:
  // sharing: false: every session has its own link from the start. The pool outlives this.
  SingleRouter(LinkPool& pool, bool sharing) : pool_(pool), sharing_(sharing) {}

  Route Choose(const Exchange& exchange, const resp::Request& request, const Asking& asking,
               Attachment* at) override;
  void Release(Attachment* at) override;
  resp::RequestLimits limits() const override { return {}; }
  bool in_process() const override { return false; }
  bool asks_password() const override { return pool_.asks_password(); }
  bool up() const override { return pool_.answers(); }
  Link* health_link() override { return pool_.main(); }

 private:
  bool NeedsOwn(const Exchange& exchange) const;
  Route MoveTo(const SessionState& target, const Exchange& exchange, const Asking& asking,
               Attachment* at);
  void TakeOwn(const Exchange& exchange, const Asking& asking, Attachment* at);

  LinkPool& pool_;
  const bool sharing_;
};

}  // namespace keyhole::core
