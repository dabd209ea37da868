// What one worker counts, apart from keys (key_stats.h), latencies (latency.h) and HTTP
// (http_stats.h).
//
// Owner:  each worker owns one WorkerCounters for life and is the only one to write it.
// Thread: written by that one thread, read by any. A reader sees each number as it was at some
//         moment not long ago; two numbers read one after the other need not fit together.
// Cost:   an Add is a load, an add and a store: no lock prefix, no fence.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "resp/command_table.h"

namespace keyhole::metrics {

// Counts upward only. One writing thread.
class Counter {
 public:
  void Add(uint64_t n = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t Load() const { return value_.load(std::memory_order_relaxed); }
  // Not while the writing thread may write: see KeyStats::Reset().
  void Reset() { value_.store(0, std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Goes up and down. One writing thread.
class Gauge {
 public:
  void Add(int64_t n = 1) { Set(Load() + n); }
  void Sub(int64_t n = 1) { Set(Load() - n); }
  void Set(int64_t value) { value_.store(value, std::memory_order_relaxed); }
  int64_t Load() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// An array with a place for every value of an enum that ends in kCount.
template <typename Enum, typename T>
class PerEnum {
 public:
  static constexpr size_t kSize = static_cast<size_t>(Enum::kCount);
  T& operator[](Enum e) { return values_[static_cast<size_t>(e)]; }
  const T& operator[](Enum e) const { return values_[static_cast<size_t>(e)]; }

 private:
  std::array<T, kSize> values_{};
};

// Why the upstream, or Keyhole itself, answered with an error: by the first word of the error.
enum class ErrorClass : uint8_t {
  kErr,          // ERR: the general one
  kWrongType,    // WRONGTYPE
  kDenied,       // NOAUTH, NOPERM, WRONGPASS, DENIED
  kRedirect,     // MOVED, ASK, CROSSSLOT: a cluster, asked in the wrong way
  kUnavailable,  // LOADING, BUSY, MASTERDOWN, CLUSTERDOWN, TRYAGAIN, NOREPLICAS ...: later, perhaps
  kReadOnly,     // READONLY, MISCONF: writes are refused
  kOutOfMemory,  // OOM
  kScript,       // NOSCRIPT, UNKILLABLE, NOTBUSY
  kTransaction,  // EXECABORT
  kOther,
  kCount
};

// `error` is the text after '-' or "!<n>\r\n"; its first word tells, up to a space. Case counts.
ErrorClass ErrorClassOf(std::string_view error);

// Why a client's connection ended.
enum class CloseReason : uint8_t {
  kByClient,       // it left: end of file, or it asked to go
  kIdle,           // silent for longer than allowed
  kOutputLimit,    // did not read its replies
  kInputLimit,     // a request larger than allowed
  kUpstreamLost,   // the upstream went away with requests of unknown outcome
  kProtocolError,  // sent what is no RESP
  kNetworkError,   // reset, broken pipe, time-out of TCP
  kServerStop,     // Keyhole is going down
  kUnfinished,     // it left, and the upstream was not there in time for what it had sent
  kMadeRoom,       // never sent a whole request, and others wanted in
  kSlowRequest,    // took too long to send one, without a password
  kHandshake,      // its TLS handshake came to nothing: see TlsResult
  kMemoryLimit,    // it had most of what clients kept in memory, and that was too much
  kOther,
  kCount
};

// Why an HTTP connection was closed that might have gone on.
enum class HttpCloseReason : uint8_t {
  kMadeRoom,     // it was doing nothing, and others wanted in
  kSlowRequest,  // its request took too long to come
  kCount
};

// What a TLS handshake came to.
enum class TlsResult : uint8_t {
  kFull,         // it is done
  kResumed,      // it is done, by a session from before
  kNotTls,       // the other side does not speak TLS
  kVersion,      // no version or cipher that both have
  kCertificate,  // one side does not accept the other's certificate, or it has none
  kTimeout,      // it took too long
  kMadeRoom,     // too many others came
  kClosed,       // the other side left
  kOther,
  kCount
};

enum class LinkKind : uint8_t {
  kShared,   // carries requests of many sessions
  kPrivate,  // belongs to one session
  kIdle,     // private, given back, waiting for the next session
  kCount
};

// Why a node of a cluster has refused a request that it might have carried out.
enum class RedirectKind : uint8_t {
  kMoved,     // MOVED: its slot lives elsewhere
  kAsk,       // ASK: its slot is on the way to another node
  kTryAgain,  // TRYAGAIN: some of its keys have moved, and others have not
  kNotReady,  // CLUSTERDOWN, LOADING, MASTERDOWN
  kCount
};

// What kind of thing a request is, coarsely.
enum class RequestFamily : uint8_t {
  kRead,
  kWrite,
  kBlocking,  // may wait for something to happen: BLPOP, WAIT
  kPubsub,
  kOther,  // connections, transactions, scripts, administration, unknown commands
  kCount
};
RequestFamily FamilyOf(const resp::CommandSpec& spec);

enum class ReplyResult : uint8_t { kOk, kError, kCount };

// As they stand in the labels of the exported series.
std::string_view Name(ErrorClass error_class);
std::string_view Name(CloseReason reason);
std::string_view Name(HttpCloseReason reason);
std::string_view Name(TlsResult result);
std::string_view Name(LinkKind kind);
std::string_view Name(RedirectKind kind);
std::string_view Name(RequestFamily family);
std::string_view Name(ReplyResult result);

// In front of a Redis Cluster; all 0 else.
struct ClusterCounters {
  PerEnum<RedirectKind, Counter> redirects;  // each has been followed, or given up
  Counter given_up;          // requests answered with the error of a node, after all attempts
  Counter refreshes;         // a node has been asked for the slot map
  Counter refresh_failures;  // and has not answered, or nonsense
  Gauge slots_uncovered;     // that nobody serves, as far as is known
};

struct alignas(64) WorkerCounters {
  // Requests of clients (RESP and HTTP alike), when they are understood. kUnknown is opaque ones.
  PerEnum<resp::CommandId, Counter> requests;
  // Requests that have been answered.
  PerEnum<RequestFamily, PerEnum<ReplyResult, Counter>> replies;
  // Error replies handed to clients, wherever they came from.
  PerEnum<ErrorClass, Counter> errors;

  Gauge clients;
  Counter clients_accepted;
  Counter clients_refused;     // over the limit of clients, or no file descriptors left
  Counter accept_pauses;       // nobody could be let in, as there was no descriptor at all
  Counter requests_throttled;  // refused by --client-rate
  Gauge client_buffers;        // bytes that clients keep in memory
  PerEnum<CloseReason, Counter> clients_closed;
  Counter clients_unfinished;  // left, and not all they had sent was carried out
  Counter protocol_errors;     // clients that sent what is no RESP
  PerEnum<HttpCloseReason, Counter> http_closed;
  PerEnum<TlsResult, Counter> client_handshakes;  // of TLS; RESP and HTTP alike

  PerEnum<LinkKind, Gauge> links;
  Counter link_connects;                            // connections made and greeted
  Counter link_losses;                              // of those, ended without our wish
  Counter link_connect_failures;                    // attempts that came to nothing
  PerEnum<TlsResult, Counter> upstream_handshakes;  // of TLS
  Gauge upstream_up;                                // 1 or 0; the embedded store is always up
  Gauge oldest_request_ms;   // how long the oldest on a shared link has been unanswered
  Gauge requests_in_flight;  // sent to the upstream, not yet answered
  Gauge requests_waiting;    // held back until the upstream is there again

  ClusterCounters cluster;

  // Bytes of RESP, counted at the sockets.
  Counter client_bytes_in;
  Counter client_bytes_out;
  Counter upstream_bytes_in;
  Counter upstream_bytes_out;
};

}  // namespace keyhole::metrics
