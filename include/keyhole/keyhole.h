// Keyhole inside your program: a cache that speaks Redis' language, or a proxy in front of a Redis.
//
//     auto started = keyhole::Start(keyhole::Options().Set("listen", "127.0.0.1:0"));
//     if (!started) return Fail(started.error().message);
//     keyhole::Instance& cache = *started;
//     std::printf("redis-cli -p %d\n", cache.port());
//
// An instance has threads of its own and no global state: any number of them may live in a process.
// Nothing here throws but std::bad_alloc, ends the process, touches signals or reads the
// environment; errors are values. docs/library.md has an example for each call.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#define KEYHOLE_EXPORT __attribute__((visibility("default")))

namespace keyhole {

struct Error {
  enum class Code : uint8_t {
    kNone,       // nothing is wrong: the key is not there
    kStart,      // an option is wrong, or what it names is not there
    kReply,      // the command was answered with an error
    kTimeout,    // no reply within the time that the call was given
    kCancelled,  // by the call's stop token
    kLost,       // the connection was closed first: the Redis behind it is away, QUIT, CLIENT KILL
    kStopped,    // the instance has stopped
  };
  std::string message;  // one line for people, without a newline; it never shows a password
  Code code = Code::kNone;
};

// A value, or why there is none.
template <typename T>
class Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return value_.has_value(); }
  // REQUIRES: there is a value.
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const T* operator->() const { return &*value_; }
  T value_or(T other) const { return value_.has_value() ? *value_ : std::move(other); }
  // REQUIRES: there is none.
  const Error& error() const { return error_; }

 private:
  std::optional<T> value_;
  Error error_;
};

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };
// Called with one line, without a newline at its end, by any thread of the instance.
using LogFunction = std::function<void(LogLevel level, std::string_view line)>;

// What can be set, by the names and with the values of the command line, without the --:
// configs/keyhole.toml describes them all. The defaults are those of the command line, but nothing
// listens unless it is told to: `listen` is empty and `http` is off.
//
// What is set later wins. A mistake is kept, with the message that the command line has for it:
// Start() gives the first one back.
//
// Copyable. Thread: any one at a time.
class KEYHOLE_EXPORT Options {
 public:
  Options();
  ~Options();
  Options(const Options& other);
  Options& operator=(const Options& other);
  Options(Options&& other) noexcept;
  Options& operator=(Options&& other) noexcept;

  // Set("max-memory", "64mb"); elements of a list with commas between them. An empty value is an
  // empty list.
  Options& Set(std::string_view name, std::string_view value);
  // Set("listen", {"127.0.0.1:0", "unix:/run/cache.sock"})
  Options& Set(std::string_view name, std::initializer_list<std::string_view> values);
  // The text of a configuration file, or the file itself.
  Options& Toml(std::string_view text);
  Options& File(const std::string& path);
  // Lines for people: what listens where, what is wrong with the upstream, when it ends.
  Options& Log(LogFunction log);

  // The first mistake so far.
  std::optional<Error> error() const;

 private:
  friend struct OptionsAccess;
  struct State;
  std::unique_ptr<State> state_;
};

struct CallOptions {
  std::chrono::milliseconds timeout{0};  // 0: as long as it takes
  std::stop_token cancel = {};           // another thread may ask this call to end
};

// ---- replies ----------------------------------------------------------------------------------

struct Nil {
  bool operator==(const Nil&) const = default;
};
struct Status {  // +OK
  std::string_view text;
};
struct BigNumber {
  std::string_view digits;
};
struct Failure {
  Error::Code code = Error::Code::kReply;
  std::string_view message;  // "WRONGTYPE Operation against a key ..."
};
class Reply;
// Of an array, a set, or a map: there keys and values stand in turn.
struct Elements {
  enum class Kind : uint8_t { kArray, kSet, kMap };
  Kind kind = Kind::kArray;
  const Reply* first = nullptr;
  size_t count = 0;

  size_t size() const { return count; }
  inline const Reply* begin() const;
  inline const Reply* end() const;
  inline const Reply& operator[](size_t i) const;
};

// One reply: what RESP2 and RESP3 know, or why there is none. Views live until the next call on the
// same connection.
class Reply {
 public:
  using Value = std::variant<Nil, std::string_view, int64_t, Status, Failure, Elements, double,
                             bool, BigNumber>;

  Reply() = default;
  explicit Reply(Value value) : value_(value) {}

  const Value& value() const { return value_; }
  // Null if it is of another type.
  template <typename T>
  const T* get() const {
    return std::get_if<T>(&value_);
  }
  bool ok() const { return get<Failure>() == nullptr; }
  bool is_nil() const { return get<Nil>() != nullptr; }
  // A string's bytes, or the text of a status or of a failure; else empty.
  std::string_view text() const {
    if (const auto* string = get<std::string_view>()) return *string;
    if (const auto* status = get<Status>()) return status->text;
    if (const auto* failure = get<Failure>()) return failure->message;
    return {};
  }
  // 0 if it is none.
  int64_t integer() const { return get<int64_t>() == nullptr ? 0 : *get<int64_t>(); }
  // None if it has none.
  Elements elements() const { return get<Elements>() == nullptr ? Elements() : *get<Elements>(); }

 private:
  Value value_;
};

inline const Reply* Elements::begin() const {
  return first;
}
inline const Reply* Elements::end() const {
  return first + count;
}
inline const Reply& Elements::operator[](size_t i) const {
  return first[i];
}

inline Error ErrorOf(const Failure& failure) {
  return {std::string(failure.message), failure.code};
}

// ---- connections ------------------------------------------------------------------------------

// One element of MGET's reply: nothing where the key is not there.
using Value = std::optional<std::string_view>;

struct Message {
  std::string_view channel;
  std::string_view text;
  std::string_view pattern;  // that the channel matched; empty: the channel itself is subscribed
};
// Called on a thread of the instance, which it should not keep for long. It may use other
// connections, and end its own subscription.
using MessageFunction = std::function<void(const Message&)>;

// Messages of channels, until its destructor, after which nobody calls the function any more.
// Movable.
class KEYHOLE_EXPORT Subscription {
 public:
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();
  // False once the connection is lost, or the instance has stopped: no message will come.
  bool active() const;

 private:
  friend class Connection;
  class State;
  explicit Subscription(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

class Batch;

// A client inside the process: what any client may say, without a socket. With the embedded store
// calls run on the caller's thread; in front of a Redis they pass the near cache or the shared
// connections. They are counted like those of all clients. As any client it says AUTH first where a
// password is asked for.
//
// A call that ends by its time or its cancellation, or is lost, ends the session: what followed
// from MULTI, SELECT, AUTH and the like is gone, and the next call begins as a new client.
//
// It may outlive its instance, whose end calls then tell. Movable. Thread: one at a time; each
// thread should have its own, of which there may be any number.
class KEYHOLE_EXPORT Connection {
 public:
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // Any command: Call({"SET", key, value}). What brings more than replies (SUBSCRIBE, MONITOR,
  // SYNC, CLIENT REPLY) is refused.
  Reply Call(std::initializer_list<std::string_view> words, const CallOptions& options = {});
  Reply Call(std::span<const std::string_view> words, const CallOptions& options = {});
  // Several at once, their replies in the same order.
  std::span<const Reply> CallAll(std::span<const std::vector<std::string>> requests,
                                 const CallOptions& options = {});
  // The same, one Add() after the other.
  Batch Pipeline();

  // The value of a string. A key that is not there is no mistake: the code is kNone then.
  Result<std::string_view> Get(std::string_view key, const CallOptions& options = {});
  // ttl: 0: it stays until it is deleted or evicted.
  Result<bool> Set(std::string_view key, std::string_view value,
                   std::chrono::milliseconds ttl = std::chrono::milliseconds(0),
                   const CallOptions& options = {});
  // Values in the order of the keys. They, and the span, live until the next call.
  Result<std::span<const Value>> Mget(std::span<const std::string_view> keys,
                                      const CallOptions& options = {});
  Result<std::span<const Value>> Mget(std::initializer_list<std::string_view> keys,
                                      const CallOptions& options = {});
  // How many were there.
  Result<int64_t> Del(std::string_view key, const CallOptions& options = {});
  Result<int64_t> Del(std::span<const std::string_view> keys, const CallOptions& options = {});
  // What it is then.
  Result<int64_t> Incr(std::string_view key, int64_t by = 1, const CallOptions& options = {});

  // Messages of these channels, or of those that match these patterns, over a connection of their
  // own. When it returns the subscription holds.
  Result<Subscription> Subscribe(const std::vector<std::string>& channels, MessageFunction function,
                                 const CallOptions& options = {});
  Result<Subscription> SubscribePatterns(const std::vector<std::string>& patterns,
                                         MessageFunction function, const CallOptions& options = {});

 private:
  friend class Instance;
  class State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Requests that are sent together. The connection must outlive it.
class Batch {
 public:
  explicit Batch(Connection& connection) : connection_(&connection) {}
  Batch& Add(std::initializer_list<std::string_view> words) {
    requests_.emplace_back(words.begin(), words.end());
    return *this;
  }
  // Their replies, in order. The batch is empty then.
  std::span<const Reply> Run(const CallOptions& options = {}) {
    const std::span<const Reply> replies = connection_->CallAll(requests_, options);
    requests_.clear();
    return replies;
  }

 private:
  Connection* connection_;
  std::vector<std::vector<std::string>> requests_;
};

// ---- the instance -----------------------------------------------------------------------------

// Lookups of one key, or of all that match a pattern of `key-pattern`.
struct KeyCount {
  std::string key;  // as in the metrics
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t errors = 0;  // answered with an error
  uint64_t bytes = 0;   // of the values in the replies
  double per_second = 0;
};

class Runtime;

// What Start() has started. Movable; it stops with its destructor, within the time of the option
// shutdown-grace.
//
// Thread: any, and several at once; but not a thread of the instance itself, which runs the log
// function.
class KEYHOLE_EXPORT Instance {
 public:
  Instance(Instance&&) noexcept;
  Instance& operator=(Instance&&) noexcept;
  ~Instance();

  // The port of the first TCP address of `listen`, chosen by the kernel if 0 was asked for; 0 if
  // there is none. The same for `http`.
  uint16_t port() const;
  uint16_t http_port() const;

  // What /metrics says: Prometheus' text format.
  std::string metrics_text() const;
  // The keys that were looked up most, the first of them first.
  std::vector<KeyCount> keys(size_t most = 100) const;

  // A client of its own, inside the process.
  Connection Connect();

  // Lets requests of clients end, for so long at most, closes everything and returns when all
  // threads are gone. Called again by another thread, with less time, it ends sooner.
  void Stop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  // The same without waiting for it.
  void RequestStop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  // Has the files of certificates read again now, without waiting for it; they are read when they
  // change, too. The log says what came of it.
  void ReadCertificates();
  // Takes over what of these options can change while the instance runs. Gives a line for each
  // difference: what has changed, and what needs a restart. A mistake changes nothing. To be given
  // all options again, as to Start(); its LogFunction stays.
  Result<std::vector<std::string>> Reload(const Options& options);
  // Returns when it has stopped: somebody called Stop(), or a client said SHUTDOWN.
  void Wait();

 private:
  friend Result<Instance> Start(const Options& options);
  friend struct VitalSigns;
  explicit Instance(std::shared_ptr<Runtime> runtime);
  std::shared_ptr<Runtime> runtime_;
};

// Opens what is to listen and starts the threads. With an upstream and something that listens it
// asks that Redis who it is first, which takes `upstream-connect-timeout` at most.
KEYHOLE_EXPORT Result<Instance> Start(const Options& options = Options());

}  // namespace keyhole
