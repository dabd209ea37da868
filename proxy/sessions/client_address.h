// One address that clients come from, over all workers: how many of its connections are there, and
// how fast their requests come (--client-rate).
//
// The rate is a token bucket, kept as one number: the time at which the bucket would be full again
// (GCRA, the generic cell rate algorithm of ATM Forum's TM 4.0). A bucket holds one second's worth.
//
//     now   . . . . full_at_                      each request moves full_at_ by 1/rate;
//            <-- 1 s at most -->                  what would move it further away is refused
//
// Thread: any. Lives as long as it has sessions, and a little longer in the AddressBook.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace keyhole::core {

class ClientAddress : public boost::intrusive_ref_counter<ClientAddress> {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  using Pointer = boost::intrusive_ptr<ClientAddress>;

  // Its sessions; the book has a reference too.
  size_t sessions() const { return use_count() - 1; }
  // One more request, with so many a second allowed. False: it comes too soon.
  bool Admit(Instant now, uint64_t rate);
  // People are to be told that it is refused something: once in ten seconds.
  bool IsToBeTold(Instant now);
  // Nothing is known of it that matters.
  bool is_idle(Instant now) const { return use_count() == 1 && NanosOf(now) >= full_at_.load(); }

 private:
  static int64_t NanosOf(Instant at) {
    return std::chrono::nanoseconds(at.time_since_epoch()).count();
  }

  std::atomic<int64_t> full_at_{0};
  std::atomic<int64_t> told_{0};  // not before then again; 0: never yet
};

// All addresses. Where an IPv6 address is given the /64 that it is in counts, as a client has all
// of that.
//
// Thread: one; what it gives may be used by any.
class AddressBook {
 public:
  static constexpr size_t kPruneAt = 1024;
  static constexpr size_t kMost = 100'000;

  // peer: "10.0.0.7:50000", "[2001:db8::7]:50000". Null: a unix socket, or too many to be told
  // apart.
  ClientAddress::Pointer Find(std::string_view peer, ClientAddress::Instant now);
  size_t size() const { return addresses_.size(); }

 private:
  void Prune(ClientAddress::Instant now);

  absl::flat_hash_map<std::string, ClientAddress::Pointer> addresses_;
  size_t prune_at_ = kPruneAt;
};

}  // namespace keyhole::core
