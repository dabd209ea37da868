// A thin owner of a hiredis connection (RESP2): what an ordinary application sees.
//
//     HiredisClient client = HiredisClient::Connect("127.0.0.1", port);
//     EXPECT_EQ(client.Command({"GET", "foo"}).text, "bar");
//
// Thread: one. SIGPIPE is ignored from the first client on. Connecting throws std::runtime_error; a
// connection lost later gives Reply::kLost.
#pragma once

#include <hiredis/hiredis.h>
#include <sys/time.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::test {

struct Reply {
  enum Kind { kStatus, kError, kInteger, kString, kNull, kArray, kLost };
  Kind kind = kLost;
  std::string text;  // of a status, error or string; the reason why the connection was lost
  int64_t integer = 0;
  std::vector<Reply> elements;

  bool ok() const { return kind == kStatus && text == "OK"; }
  bool is_null() const { return kind == kNull; }
  bool is_error() const { return kind == kError; }
  bool lost() const { return kind == kLost; }
  friend bool operator==(const Reply&, const Reply&) = default;
};

// As redis-cli shows it, on one line; so gtest prints it.
inline std::ostream& operator<<(std::ostream& out, const Reply& reply) {
  switch (reply.kind) {
    case Reply::kStatus:
      return out << reply.text;
    case Reply::kError:
      return out << "(error) " << reply.text;
    case Reply::kInteger:
      return out << "(integer) " << reply.integer;
    case Reply::kString:
      return out << '"' << reply.text << '"';
    case Reply::kNull:
      return out << "(nil)";
    case Reply::kLost:
      return out << "(lost) " << reply.text;
    case Reply::kArray:
      out << "[";
      for (size_t i = 0; i < reply.elements.size(); ++i) {
        out << (i == 0 ? "" : ", ") << reply.elements[i];
      }
      return out << "]";
  }
  return out;
}

class HiredisClient {
 public:
  static HiredisClient Connect(const std::string& host, int port) {
    return HiredisClient(redisConnectWithTimeout(host.c_str(), port, kDeadline));
  }
  static HiredisClient ConnectUnix(const std::string& path) {
    return HiredisClient(redisConnectUnixWithTimeout(path.c_str(), kDeadline));
  }

  // Sends a command and waits for its reply.
  Reply Command(const std::vector<std::string>& args) {
    Append(args);
    return Read();
  }

  // The same in two steps, for pipelines and pub/sub.
  void Append(const std::vector<std::string>& args) {
    std::vector<const char*> pointers;
    std::vector<size_t> sizes;
    for (const std::string& arg : args) {
      pointers.push_back(arg.data());
      sizes.push_back(arg.size());
    }
    redisAppendCommandArgv(context_.get(), static_cast<int>(args.size()), pointers.data(),
                           sizes.data());
  }
  Reply Read() {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) {
      return Reply{.kind = Reply::kLost, .text = context_->errstr, .integer = 0, .elements = {}};
    }
    const std::unique_ptr<void, decltype(&freeReplyObject)> owner(raw, freeReplyObject);
    return Convert(*static_cast<const redisReply*>(raw));
  }

  redisContext* context() { return context_.get(); }

 private:
  static constexpr timeval kDeadline{.tv_sec = 10, .tv_usec = 0};

  explicit HiredisClient(redisContext* context) : context_(context, redisFree) {
    if (context == nullptr) throw std::runtime_error("hiredis: no memory");
    if (context->err != 0) throw std::runtime_error(std::string("hiredis: ") + context->errstr);
    redisSetTimeout(context, kDeadline);
    std::signal(SIGPIPE, SIG_IGN);  // hiredis writes to a lost connection without MSG_NOSIGNAL
  }

  static Reply Convert(const redisReply& raw) {
    Reply reply;
    switch (raw.type) {
      case REDIS_REPLY_STATUS:
        reply.kind = Reply::kStatus;
        break;
      case REDIS_REPLY_ERROR:
        reply.kind = Reply::kError;
        break;
      case REDIS_REPLY_INTEGER:
        reply.kind = Reply::kInteger;
        reply.integer = raw.integer;
        return reply;
      case REDIS_REPLY_NIL:
        reply.kind = Reply::kNull;
        return reply;
      case REDIS_REPLY_ARRAY:
        reply.kind = Reply::kArray;
        for (size_t i = 0; i < raw.elements; ++i) {
          reply.elements.push_back(Convert(*raw.element[i]));
        }
        return reply;
      default:
        reply.kind = Reply::kString;
    }
    reply.text.assign(raw.str, raw.len);
    return reply;
  }

  std::unique_ptr<redisContext, void (*)(redisContext*)> context_;
};

}  // namespace keyhole::test
