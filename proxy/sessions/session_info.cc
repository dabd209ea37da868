// Of Session: what there is to say of it, for people.
#include "proxy/sessions/client_info.h"
#include "proxy/sessions/session.h"
#include "proxy/users/users.h"

namespace keyhole::core {

// What keeps it from sharing a link, in a few words.
std::string_view Session::WhyOwnLink() const {
  using Proven = ProvenState::Value;
  const Link& link = *at_.link;
  if (conversation_.raw()) return "replication";
  if (conversation_.queueing() || link.proven() == Proven::kQueueing) return "transaction";
  if (conversation_.watching() || link.proven() == Proven::kWatching) return "watches keys";
  if (link.monitoring()) return "monitors";
  if (link.subscribed()) return "subscribed";
  if (conversation_.uploading()) return "large request";
  if (conversation_.blocked()) return "blocked";
  if (!context_.upstream.sharing) return "sharing is off";
  if (link.proven() == Proven::kUnknown) return "state in doubt";
  return conversation_.needs_own_link() ? "state of its connection" : "changes its state";
}

ClientInfo Session::Describe() const {
  ClientInfo info;
  info.address = address_;
  info.name = state_.name;
  info.user = own_users_ ? (user_ == nullptr ? "" : user_->name()) : state_.user;
  info.library = state_.library;
  if (!state_.library_version.empty()) info.library.append(" ").append(state_.library_version);
  info.database = state_.db;
  info.protocol = state_.protocol == resp::Protocol::kResp3 ? 3 : 2;
  info.in_flight = order_.in_flight();
  const bool keeps = at_.own() && !context_.router->in_process() && at_.link->keeps_connections();
  if (keeps) info.private_link = WhyOwnLink();
  return info;
}

// What a link of its own is to be; see --client-names.
SessionState Session::ForLink() const {
  SessionState state = state_;
  if (context_.clients.names == ClientNames::kOwn) return state;
  state.name += (state.name.empty() ? "" : "@") + address_;
  return state;
}

std::string Session::ForPeople() const {
  return state_.name.empty() ? address_ : state_.name + " " + address_;
}

}  // namespace keyhole::core
