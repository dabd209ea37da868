// What becomes of a session whose worker has taken over other options.
#include <string>
#include <utility>

#include "proxy/sessions/session.h"
#include "proxy/users/users.h"

namespace keyhole::core {

void Session::OnReload(const SessionState& before) {
  if (closed_) return;
  const SessionState& initial = context_.initial_state;
  if (state_.SameIdentity(before) && !initial.SameIdentity(before)) {
    state_.user = initial.user;
    state_.password = initial.password;
    borrows_ = context_.lends_identity;
  }
  const bool asked = std::exchange(own_users_, context_.users != nullptr);
  const bool was_known = asked && user_ != nullptr;
  const User* user = nullptr;
  if (own_users_) {
    user = was_known ? context_.users->Find(user_->name()) : context_.users->initial();
  }
  if (user != user_) Become(user);
  UpdateGuard();
  if (!was_known || !own_users_ || user != nullptr) return;
  context_.log(LogLevel::kInfo, {"closed " + address_ + ": its user is no longer in --users",
                                 {{kLogClient, address_}}});
  Close(metrics::CloseReason::kOther);
}

}  // namespace keyhole::core
