// The pieces of a request's way that are measured one by one: by the clock in data_path_bench, in
// instructions by instructions_probe. Each does one unit of work when called.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/key_stats.h"
#include "resp/command_table.h"
#include "resp/reply_scanner.h"
#include "resp/request_parser.h"

namespace keyhole::bench {

inline constexpr std::string_view kGet = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n";
inline constexpr std::string_view kSet =
    "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000042\r\n$64\r\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n";
inline constexpr std::string_view kValue =
    "$64\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n";
inline constexpr std::string_view kOk = "+OK\r\n";

// The compiler must believe that the value is used.
template <typename T>
void Keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

// A stream of equal messages, as a socket hands over a pipeline: rest() is what has not been
// consumed, and begins anew when little is left.
class Stream {
 public:
  explicit Stream(std::string_view message) {
    for (int i = 0; i < 64; ++i) bytes_.append(message);
  }
  std::string_view rest() const { return std::string_view(bytes_).substr(at_); }
  void Consume(size_t n) {
    at_ += n;
    if (at_ == bytes_.size()) at_ = 0;
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

class ParseRequest {
 public:
  explicit ParseRequest(std::string_view request) : stream_(request) {}
  void operator()() {
    if (parser_.Next(stream_.rest()) != resp::RequestParser::Result::kRequest) {
      throw std::logic_error("no request");
    }
    Keep(parser_.request().args.data());
    stream_.Consume(parser_.consumed());
  }

 private:
  Stream stream_;
  resp::RequestParser parser_;
};

class ScanReply {
 public:
  explicit ScanReply(std::string_view reply) : stream_(reply) {}
  void operator()() {
    size_t used = 0;
    if (scanner_.Scan(stream_.rest(), &used) != resp::ReplyScanner::Result::kDone) {
      throw std::logic_error("no reply");
    }
    Keep(scanner_.head().type);
    stream_.Consume(used);
  }

 private:
  Stream stream_;
  resp::ReplyScanner scanner_;
};

class FindCommand {
 public:
  explicit FindCommand(std::string_view name) : args_{name, "key"} {}
  void operator()() {
    Keep(args_);
    Keep(&resp::Find(args_));
  }

 private:
  std::vector<std::string_view> args_;
};

// Lookups of as many keys as are tracked; `tracked`: of these, or of as many others.
class CountKey {
 public:
  explicit CountKey(bool tracked) {
    for (size_t i = 0; i < kKeys; ++i) stats_.Record(Name("key:", i), true);
    for (size_t i = 0; i < kKeys; ++i) keys_.push_back(Name(tracked ? "key:" : "not:", i));
  }
  void operator()() {
    stats_.Record(keys_[at_], true, 64);
    at_ = at_ + 1 == kKeys ? 0 : at_ + 1;
  }

 private:
  static constexpr size_t kKeys = 1000;

  static std::string Name(const char* prefix, size_t number) {
    const std::string digits = std::to_string(number);
    return prefix + std::string(12 - digits.size(), '0') + digits;
  }

  metrics::KeyDirectory directory_{kKeys};
  metrics::KeyStats stats_{directory_};
  std::vector<std::string> keys_;
  size_t at_ = 0;
};

}  // namespace keyhole::bench
