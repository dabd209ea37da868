#include "proxy/store/commands/messages.h"

#include "proxy/store/commands/dispatch.h"
#include "resp/glob.h"

namespace keyhole::store {

void SendWords(const Sender& sender, const std::vector<Client*>& listeners,
               std::initializer_list<std::string_view> words) {
  for (Client* const listener : listeners) {
    const auto write = [&](resp::ByteQueue* out) {
      resp::ReplyWriter writer(out, listener->protocol);
      writer.Push(static_cast<int64_t>(words.size()));
      for (const std::string_view word : words) writer.Bulk(word);
    };
    if (listener != sender.client || listener->reply_mode.silent()) {
      listener->Push(write);
      continue;
    }
    const size_t begin = sender.out->size();
    write(sender.out);
    listener->in_output.push_back({begin, sender.out->size()});
  }
}

int64_t PublishMessage(Engine& engine, const Sender& sender, std::string_view channel,
                       std::string_view message) {
  const Subscriptions& subscriptions = engine.subscriptions;
  size_t reached = 0;
  if (const auto* const listeners = subscriptions.Find(Listening::kChannel, channel)) {
    SendWords(sender, *listeners, {"message", channel, message});
    reached += listeners->size();
  }
  for (const auto& [pattern, listeners] : subscriptions.All(Listening::kPattern)) {
    if (!resp::GlobMatches(pattern, channel)) continue;
    SendWords(sender, listeners, {"pmessage", pattern, channel, message});
    reached += listeners.size();
  }
  return static_cast<int64_t>(reached);
}

void DeliverEvents(Engine& engine) {
  engine.events.Deliver([&engine](std::string_view channel, std::string_view message) {
    PublishMessage(engine, {}, channel, message);
  });
}

}  // namespace keyhole::store
