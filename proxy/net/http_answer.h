// The bytes of an answer on their way out, one answer at a time: the head, written by Beast, then
// the body. A small body goes out together with the head; the rest of a large one is not copied.
//
//     out_   | head | beginning of the body |
//     body_         |.......................| the rest |
//
// Thread: its loop's. Owner: the codec.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proxy/http/http_exchange.h"
#include "proxy/http/http_gate.h"

namespace keyhole::net {

class HttpAnswer {
 public:
  // What the head says, beside what the response says itself.
  struct Frame {
    unsigned version = 11;
    bool keep_alive = false;
    bool varies = false;               // by Origin
    const core::HttpVerdict& verdict;  // which pages may read it
  };

  // REQUIRES for both: everything before it has been written.
  void Set(std::string_view bytes) { out_ = bytes; }
  void Set(const Frame& frame, core::HttpResponse& response);  // moves from its body

  // Empty: all is written.
  std::string_view PrepareWrite() const;
  void CommitWrite(size_t n);
  // What has not been written is dropped.
  void Clear();
  // Gives back memory that is not in use.
  void Trim() {
    if (out_.empty()) out_.shrink_to_fit();
  }

 private:
  // So much of a body is sent together with its head.
  static constexpr size_t kBodyBesideHead = 16UL * 1024;

  std::string out_;
  std::string body_;
  size_t body_begun_ = 0;  // so much of it is in out_
  size_t written_ = 0;     // of out_, then of body_
};

}  // namespace keyhole::net
