// What one session asks of its worker's near cache: may this read be answered from it, now? Keeps
// what the session has been told, as a fence before which it is served nothing.
//
//     Ask --> kForward            Redis is to be asked
//         --> kServed             the reply has been delivered
//         --> kWait --> OnFence   the same request is to come again then
//
// Owner: the session. Thread: its worker's.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/links/exchange.h"
#include "proxy/links/requester.h"
#include "proxy/near_cache/near_cache.h"
#include "resp/command_table.h"
#include "resp/hashed_key.h"
#include "resp/reply_scanner.h"
#include "resp/request_parser.h"

namespace keyhole::core {

class NearReader final : private NearCache::Waiter {
 public:
  enum class Answer : uint8_t { kForward, kServed, kWait };

  // The session that reads.
  class Host {
   public:
    // It is in the database and has the identity in which values are cached.
    virtual bool sees_near_cache() const = 0;
    // The same, and nothing speaks against an answer that its link knows nothing of.
    virtual bool may_be_served_near() const = 0;
    virtual void DeliverNear(std::string_view bytes) = 0;
    // A reply has been delivered.
    virtual void OnServedNear() = 0;
    // The fence that it waited for has come back, or never will.
    virtual void OnNearFence() = 0;

   protected:
    ~Host() = default;
  };

  // requester and host are the session.
  NearReader(NearCache& near, Requester& requester, Host& host)
      : near_(near), requester_(requester), host_(host) {}

  // One whole request with this row.
  [[gnu::noinline]] Answer Ask(const resp::Request& request, const resp::CommandSpec& spec);
  // Answers a read of this key, if that can be done at once. REQUIRES: may_be_served_near(), and a
  // key of NearCache::kLongestKey at most, as ReadNearRequest() gives it.
  bool ServeNow(const resp::HashedKey& key);
  // A request of it goes to Redis.
  [[gnu::noinline]] void OnSent(const resp::Request& request, const Exchange& exchange);
  // The session is about to be told something newer, perhaps, than what is cached.
  [[gnu::noinline]] void OnReply(const Exchange& exchange, const resp::ReplyHead& head);
  // What is in flight cannot forbid an answer from the cache behind it. A read can, where nobody
  // may be told something older than what that read tells.
  bool reads_only() const { return others_ == 0 && near_.eventual(); }
  // It is a new one, which has been told nothing; but what has happened so far it may know.
  void Reset();

 private:
  void OnFence() override { host_.OnNearFence(); }
  Answer AskForOne(const resp::Request& request);
  Answer AskForMany(const resp::Request& request);
  bool Await();
  void ServeOne(const resp::HashedKey& key, NearEntry& entry);
  void ServeMany(std::span<const std::string_view> keys);
  void Deliver(const NearEntry& entry);
  void NoteServed(const resp::CommandSpec& spec);

  NearCache& near_;
  Requester& requester_;
  Host& host_;
  uint64_t need_ = 0;    // the fence
  uint32_t others_ = 0;  // requests in flight that are no reads
  bool waited_ = false;  // for it, with the request that is to come again
};

}  // namespace keyhole::core
