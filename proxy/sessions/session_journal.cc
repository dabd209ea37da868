// What is noted of a request that goes on its way, and of a command that needs none: whether it
// counts, and what it does to its keys.
#include "proxy/sessions/session.h"
#include "resp/hit_rule.h"

namespace keyhole::core {

// Of a request that is no plain lookup: how it counts, and what it writes.
void Session::Consider(const resp::Request& request, Exchange* exchange) {
  const resp::CommandSpec& spec = *exchange->spec;
  if (exchange->answered && context_.counts(spec)) {
    // Of a request in pieces the options may be still to come: see Link::FinishLast().
    const bool undecided = exchange->in_pieces && spec.hit.rule == resp::HitRule::kSetGet;
    exchange->rule = undecided ? resp::HitRule::kNullIsMiss : resp::Resolve(spec, request.args);
  }
  if (!spec.has(resp::kWrite)) return;
  context_.journal.Note(spec, request.args,
                        {.name = state_.name, .address = address_, .database = state_.db},
                        context_.unix_now);
}

bool Session::Direct(resp::DirectCommand* command) {
  if (closed_ || guarded_ || at_.link == nullptr || !idle()) return false;
  if (!at_.link->Direct(command)) return false;
  if (command->writes()) {
    context_.journal.Note(*command,
                          {.name = state_.name, .address = address_, .database = state_.db});
  }
  return true;
}

}  // namespace keyhole::core
