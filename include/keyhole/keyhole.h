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
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define KEYHOLE_EXPORT __attribute__((visibility("default")))

namespace keyhole {

struct Error {
  std::string message;  // one line for people, without a newline; it never shows a password
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

  // Lets requests in flight end, for so long at most, closes everything and returns when all
  // threads are gone. Called again by another thread, with less time, it ends sooner.
  void Stop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  // The same without waiting for it.
  void RequestStop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  // Has the files of certificates read again now, without waiting for it; they are read when they
  // change, too. The log says what came of it.
  void ReadCertificates();
  // Returns when it has stopped: somebody called Stop(), or a client said SHUTDOWN.
  void Wait();

 private:
  friend Result<Instance> Start(const Options& options);
  explicit Instance(std::shared_ptr<Runtime> runtime);
  std::shared_ptr<Runtime> runtime_;
};

// Opens what is to listen and starts the threads. With an upstream and something that listens it
// asks that Redis who it is first, which takes `upstream-connect-timeout` at most.
KEYHOLE_EXPORT Result<Instance> Start(const Options& options = Options());

}  // namespace keyhole
