// Where a request of HTTP/1.1 begins and ends, and what its head says (RFC 9112). Strict: what two
// readers could take differently is refused, and the connection closes. So no body of one request
// is ever another request, whatever stands in front of this process.
//
//     kHead --Read()--> kBody ----> kDone
//       |     kHead      | |          a body of Content-Length, or chunks with their trailers
//       |                | '-> kRefused
//       '-> kRefused     '--> (more input)
//
// Refused are, with 400 unless another status is named:
//   lines      a bare CR or LF, any other control character, obs-fold, a space before the colon,
//              an empty name
//   request    a method, a target or a version that is not one; an absolute target whose authority
//              is not that of Host
//   Host       none in HTTP/1.1, several, not a host and maybe a port
//   length     several, signs, spaces, hexadecimal digits, lists; one beside Transfer-Encoding
//   encoding   all but `chunked`, once; any in HTTP/1.0; 501 where chunked comes last of several
//   chunks     sizes with signs, spaces or prefixes, more than 16 digits; no CRLF after the data;
//              413 for more than kMaxExtensionBytes of extensions in all
//   others     several lines of a field by which it is decided whether to answer (Origin ...)
//   too long   431: a head of more than kMaxHeadBytes; 413: trailers as long, a body over its limit
//
// Not refused: empty lines (CRLF) before the request line, bytes beyond ASCII in targets and
// values.
//
// Owner: the connection; one reader for each request. Thread: its worker's. Memory: the body, as it
// has come; nothing is sized by a number that the peer sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::core {

// What is answered instead of a response to the request.
struct HttpRefusal {
  int status = 400;
  std::string_view text = {};  // one sentence for the client; static
};

class HttpRequestReader {
 public:
  static constexpr size_t kMaxHeadBytes = 16 * 1024;
  static constexpr size_t kMaxExtensionBytes = 4096;

  enum class Result : uint8_t {
    kNeedMore,  // all input has been looked at and the request is not complete
    kHead,      // head() and what it says are valid; comes once
    kDone,      // the request is complete
    kRefused,   // refusal() says why; the connection is to be closed
  };

  // body_limit: the most bytes that a body may have.
  explicit HttpRequestReader(size_t body_limit) : body_limit_(body_limit) {}

  // `input`: all that has come and has not been consumed(). An incomplete head is not consumed; a
  // body is, as it comes.
  Result Read(std::string_view input);
  // How much of the last input is done with. The caller drops it before the next Read().
  size_t consumed() const { return consumed_; }

  // Valid after kHead until the input changes: from the request line to the empty line, both
  // included, without empty lines before it.
  std::string_view head() const { return head_; }
  // The field Host, or the authority of an absolute target without one. Valid as head() is; empty
  // if there is none (HTTP/1.0).
  std::string_view host() const { return host_; }
  bool has_body() const { return chunked_ || length_ > 0; }

  // As in the request line; empty if that was not read.
  const std::string& method() const { return method_; }
  // The body without its framing. Valid after kDone.
  std::string& body() { return body_; }
  const HttpRefusal& refusal() const { return refusal_; }

 private:
  enum class State : uint8_t {
    kHead,
    kLength,     // length_ bytes of the body are still to come
    kChunkSize,  // the line before a chunk
    kChunkData,  // length_ bytes of the chunk are still to come
    kChunkEnd,   // the CRLF behind them
    kTrailer,    // lines, up to the empty one
    kDone,
    kRefused,
  };

  struct Fields;  // those of one head that are looked at

  // These are true while there is something to go on with; else more input is needed, or state_
  // is kRefused.
  bool ReadHead(std::string_view input);
  bool ReadHeadLine(std::string_view line);
  bool ReadRequestLine(std::string_view line);
  bool EndHead();
  bool CheckHost(const Fields& fields, std::string_view target);
  bool CheckFraming(const Fields& fields);
  bool ReadBody(std::string_view* input);
  bool ReadData(std::string_view* input);
  bool ReadChunkSize(std::string_view line);
  bool ReadChunkEnd(std::string_view* input);
  bool ReadTrailer(std::string_view line);
  bool TakeLine(std::string_view* input, size_t limit, std::string_view* line);
  bool Refuse(int status, std::string_view text);

  const size_t body_limit_;
  State state_ = State::kHead;
  size_t consumed_ = 0;
  size_t begin_ = 0;    // of the request line in the input
  size_t scanned_ = 0;  // of the input: lines that are read
  std::string method_;  // empty until the request line has been read
  std::string_view head_;
  std::string_view host_;
  bool http10_ = false;
  bool chunked_ = false;
  uint64_t length_ = 0;
  size_t extensions_ = 0;  // bytes so far
  size_t trailers_ = 0;
  std::string body_;
  HttpRefusal refusal_;
};

}  // namespace keyhole::core
