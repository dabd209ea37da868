// What others than its session are told of a request that has been answered.
#include <string>
#include <string_view>

#include "proxy/links/link.h"

namespace keyhole::core {

void Link::NoteSlow(const Exchange& pending, KeyViews keys, const resp::ReplyHead& head) {
  const std::string client = pending.requester == nullptr ? "" : pending.requester->ForPeople();
  context_.metrics.RecordSlow(*pending.spec, context_.now - pending.sent, keys, context_.now,
                              {.client = client, .bytes = head.bytes});
}

// Of a request that is counted elsewhere.
void Link::NoteUncounted(const Exchange& pending, const resp::ReplyHead& head) {
  if (pending.purpose != Purpose::kPart) return;
  OnAnswered(pending);
  const bool abort =
      head.is_error() && metrics::ErrorClassOf(head.text) == metrics::ErrorClass::kTransaction;
  if (abort && pending.effect == resp::Effect::kExec) proven_.OnExecAbort();
}

// What the observer is to know of a request that has been answered.
void Link::NotifyObserver(const resp::CommandSpec& spec, KeyViews keys,
                          const resp::ReplyHead& head) {
  context_.observer->OnAnswered(spec);
  for (const std::string_view key : keys) {
    context_.observer->OnAnsweredFor(spec, key, keys.size() == 1 ? head.bytes : 0);
  }
}

}  // namespace keyhole::core
