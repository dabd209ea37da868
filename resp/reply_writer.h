// Appends replies to a queue of bytes in RESP2 or RESP3, for the embedded store.
//
// The writer owns nothing; `out` must outlive it. Aggregates are a header followed by that many
// values, written by the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "resp/byte_queue.h"
#include "resp/wire.h"

namespace keyhole::resp {

// A double as Redis writes it, with 17 significant digits: "3", "0.10000000000000001", "-inf". The
// view is into the buffer.
inline constexpr size_t kDoubleTextSize = 32;
std::string_view DoubleText(double value, char (&buffer)[kDoubleTextSize]);

class ReplyWriter {
 public:
  ReplyWriter(ByteQueue* out, Protocol protocol) : out_(out), protocol_(protocol) {}

  void Ok() { out_->Append("+OK\r\n"); }
  void Simple(std::string_view text);       // +text
  void Error(std::string_view text);        // -text; the caller gives the class: "ERR ...".
                                            // CR and LF become spaces, as Redis does
  void Integer(int64_t value);              // :value
  void Bulk(std::string_view bytes);        // $n bytes
  void Null();                              // $-1 or _
  void NullArray();                         // *-1 or _
  void Array(int64_t count);                // *n
  void Map(int64_t pairs);                  // %n, in RESP2 *2n
  void Set(int64_t count);                  // ~n, in RESP2 *n
  void Double(double value);                // ,v in RESP3, in RESP2 a bulk string
  void DoubleAs(std::string_view text);     // the same with a text of one's own
  void BigNumber(std::string_view digits);  // (digits, in RESP2 a bulk string
  void Boolean(bool value);                 // #t or #f, in RESP2 :1 or :0
  // =n txt:..., in RESP2 a bulk string; format: three letters
  void Verbatim(std::string_view text, std::string_view format = "txt");
  void Push(int64_t count);       // >n, in RESP2 *n
  void Attribute(int64_t pairs);  // |n; RESP2 has none

  Protocol protocol() const { return protocol_; }
  void set_protocol(Protocol protocol) { protocol_ = protocol; }

 private:
  void Header(char type, int64_t number);
  void Line(char type, std::string_view text);

  ByteQueue* out_;
  Protocol protocol_;
};

// Appends a request as an array of bulk strings.
template <typename Args>
void AppendRequest(const Args& args, std::string* out) {
  out->append("*").append(std::to_string(std::size(args))).append("\r\n");
  for (std::string_view arg : args) {
    out->append("$").append(std::to_string(arg.size())).append("\r\n");
    out->append(arg).append("\r\n");
  }
}

}  // namespace keyhole::resp
