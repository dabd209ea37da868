// Cuts requests out of a byte stream, as Redis 7.0.15 does (networking.c processInlineBuffer and
// processMultibulkBuffer), without copying and without a socket.
//
// The caller keeps the unconsumed bytes of a connection in one contiguous buffer and calls Next()
// with all of them; it drops consumed() bytes from the front after every call, whatever the result.
// The parser remembers how far it has come, so a byte is looked at once even if the request arrives
// byte by byte.
//
// Requests are normally handed out whole. One that is too big to be worth buffering is handed out
// in pieces, so that a value of 512 MB passes through in bounded memory:
//
//     SET key <300 MB>         kHead: args = {SET, key}, bytes = "*3..SET..key..$314572800\r\n.."
//                              kBody: bytes = more of it        (any number of times)
//                              kTail: bytes = the last piece, args = the small arguments that
//                                     came after the head (NX, GET ...), copied
// A request whose very name is too big gives a kHead without arguments.
//
// Empty requests ("\r\n", "*0\r\n", "*-1\r\n") have no reply in Redis; they are skipped.
//
// Thread: any one. Views in request() live until the next call of Next() or until the caller's
// buffer changes, whichever is first. Nothing here throws, and no allocation is sized by a number
// that the peer sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "resp/wire.h"

namespace keyhole::resp {

// One request. args[0] is the command's name as the client wrote it.
struct Request {
  std::span<const std::string_view> args;
  std::string_view bytes;  // exactly what the client sent, fit to be forwarded
  size_t announced = 0;    // of a kHead: how many arguments there are in all

  size_t argument_count() const { return announced > 0 ? announced : args.size(); }
};

struct RequestLimits {
  // Hand a request out in pieces once one argument is longer than this ...
  size_t big_argument = 64 * 1024;
  // ... or once this much of it is buffered. SIZE_MAX for both: always whole.
  size_t big_request = 1024 * 1024;
  int64_t max_bulk = kMaxBulkBytes;
  // False before AUTH where the caller itself asks for a password: Redis' tighter limits then hold.
  bool authenticated = true;
};

class RequestParser {
 public:
  enum class Result : uint8_t { kRequest, kHead, kBody, kTail, kNeedMore, kError };

  explicit RequestParser(RequestLimits limits = {}) : limits_(limits) {}

  // `in`: all bytes not yet consumed. After kError the connection is to be closed once error()
  // has been sent; further calls give kError again.
  Result Next(std::string_view in) {
    if (at_start() && !in.empty() && TakeWhole(in)) [[likely]]
      return Result::kRequest;
    return ParseOn(in);
  }

  const Request& request() const { return request_; }
  // The bytes that are not consumed, `in`, have moved, and with them the views of the head that
  // Next() has found last.
  void Relocate(std::string_view in);
  size_t consumed() const { return consumed_; }
  // A whole RESP error line ("-ERR Protocol error: ...\r\n") with Redis' own text.
  std::string_view error() const { return steps_ == nullptr ? std::string_view() : steps_->error; }

  // Between pieces of a request that is handed out in pieces.
  bool streaming() const { return phase_ == Phase::kStream; }
  // Nothing of a request has been looked at: the caller may take some off the front by itself.
  bool at_start() const { return phase_ == Phase::kStart && pos_ == 0; }
  void set_authenticated(bool yes) { limits_.authenticated = yes; }
  // Gives back what only some requests need. REQUIRES: at_start(), and nobody has a view.
  void Trim() {
    steps_.reset();
    std::vector<std::string_view>().swap(args_);
  }

 private:
  enum class Phase : uint8_t { kStart, kInline, kCount, kArguments, kStream, kFailed };
  struct Slice {
    size_t offset;  // from start_
    size_t size;
  };

  bool TakeWhole(std::string_view in);
  Result ParseOn(std::string_view in);
  // Each goes on at pos_. False: no more can be done with these bytes, result_ says why.
  bool ParseInline(std::string_view in);
  bool ParseCount(std::string_view in);
  bool ParseArguments(std::string_view in);
  bool ParseBulkHeader(std::string_view in);
  Result StreamOn(std::string_view in);
  void TakeBody(std::string_view piece);
  bool BeginStream(std::string_view in, size_t body_left);
  void SkipTo(size_t pos);
  bool NeedMore();
  bool Fail(std::string_view text);

  // How far a request has come that is read step by step, and what it needs besides. Most requests
  // are taken whole, so it is made for the first one that is not.
  struct Steps {
    int64_t arguments_left = 0;     // of the current array
    size_t bulk_size = 0;           // of the argument whose body is next
    size_t body_left = 0;           // kStream: bytes of the body and its CRLF still to come
    bool bulk_known = false;        // the header of the next argument has been parsed
    bool keep_word = false;         // kStream: the current argument is collected in `tail`
    std::vector<Slice> slices;      // the complete arguments
    std::string inline_text;        // unquoted inline arguments, one after the other
    std::vector<std::string> tail;  // small arguments after the head of a streamed request
    std::string error;
  };

  RequestLimits limits_;
  Phase phase_ = Phase::kStart;
  Result result_ = Result::kNeedMore;
  size_t start_ = 0;              // where the current request begins in `in`
  size_t pos_ = 0;                // where parsing goes on in `in`
  std::unique_ptr<Steps> steps_;  // there in every phase but kStart, and kept
  std::vector<std::string_view> args_;
  Request request_;
  size_t consumed_ = 0;
};

// Splits a line into words with Redis' quoting ("a\x00b", 'it\'s'). Words are appended to `storage`
// and `words` receives offset and size of each. A NUL ends the line. False if quotes are not
// balanced.
// Source: redis 7.0.15 src/sds.c sdssplitargs.
struct Word {
  size_t offset;
  size_t size;
};
bool SplitWords(std::string_view line, std::string* storage, std::vector<Word>* words);

}  // namespace keyhole::resp
