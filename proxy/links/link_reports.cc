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

// A line of the log, with the name of its first key as metrics show it, and without values. Those
// that are meant to take their time are not slow.
void Link::Tell(const Exchange& pending, KeyViews keys, const resp::ReplyHead& head) {
  const auto took = context_.now - pending.sent;
  const metrics::RequestFamily family = metrics::FamilyOf(*pending.spec);
  const bool may_take_time =
      family == metrics::RequestFamily::kBlocking || family == metrics::RequestFamily::kPubsub;
  const bool slow = context_.slow.count() > 0 && took >= context_.slow && !may_take_time;
  if (!slow && context_.Random() >= context_.told_share) return;
  std::string line(slow ? kSlowLine : kRequestLine);
  line += pending.spec->full_name;
  const std::string key = keys.empty() ? "" : context_.metrics.keys.directory().LabelOf(keys[0]);
  if (!keys.empty()) line += " " + key;
  if (keys.size() > 1) line += " and " + std::to_string(keys.size() - 1) + " more keys";
  const int64_t micros = took / std::chrono::microseconds(1);
  line += " took " + std::to_string(micros) + " us, ";
  line += head.is_error() ? "an error" : std::to_string(head.bytes) + " bytes";
  const std::string client = pending.requester == nullptr ? "" : pending.requester->ForPeople();
  if (!client.empty()) line += ", for " + client;
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = '?';
  }
  context_.log(slow ? LogLevel::kWarn : LogLevel::kInfo,
               {line,
                {{kLogCommand, pending.spec->full_name},
                 {kLogKey, key},
                 {kLogMicroseconds, micros},
                 {kLogBytes, static_cast<int64_t>(head.bytes)},
                 {kLogClient, client}}});
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
