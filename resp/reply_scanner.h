// Finds the end of one reply in a byte stream and says what kind it was, without building a tree.
//
// RESP2 and RESP3 are one superset here. Bytes are looked at once and need not be kept: the scanner
// carries what it must know, so a caller can forward every chunk at once and a value of any size
// passes in constant memory. There is no recursion and no stack: how deep a reply nests does not
// matter, because framing needs one number only, how many values are still missing:
//
//     *2 [ :1 ] [ *3 [ :1 ] [ :2 ] [ $-1 ] ]
//      ^ 2   1     ^ 3    2      1      0          an aggregate of n replaces
//                                                  one missing value by n
//
// Thread: any one. Nothing throws. No allocation is sized by a number that the peer sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "resp/wire.h"

namespace keyhole::resp {

// What one direct element of an aggregate reply was.
enum class Element : uint8_t { kNull, kZero, kEmpty, kValue, kError };

// What is known of a complete reply. Valid until the next reply begins.
struct ReplyHead {
  ReplyType type = ReplyType::kNone;
  bool is_null = false;  // $-1, *-1 or _
  int64_t integer = 0;   // ':' its value; '$' '=' '!' the length; aggregates the number of elements
                         // (of a map: of pairs). 0 for the others
  // The first line after the type byte, or of an aggregate its first element if that is a string;
  // at most kMaxText bytes. Tells "QUEUED", the class of an error, "subscribe", "message".
  std::string_view text;
  int64_t last_integer = 0;  // the last direct element that was an integer
  uint64_t bytes = 0;        // of all strings in it that have a length: '$' and '='
  // Filled if asked for with WantElements(): what each is, and how many of the bytes are in it.
  const std::vector<Element>* elements = nullptr;
  const std::vector<uint64_t>* element_bytes = nullptr;

  bool is_error() const { return type == ReplyType::kError || type == ReplyType::kBulkError; }
};

class ReplyScanner {
 public:
  enum class Result : uint8_t { kNeedMore, kDone, kError };
  static constexpr size_t kMaxText = 64;

  // Scans on. `*used`: how many bytes of `in` belong to this reply; the rest is the next one's.
  // kDone: the reply is complete, head() describes it, the next call starts the next reply.
  // kError: not RESP (or a streamed type, which Redis never sends); the stream cannot be followed.
  Result Scan(std::string_view in, size_t* used) {
    if (state_ == State::kStart && !in.empty() && TakeWhole(in, used)) [[likely]]
      return Result::kDone;
    return ScanOn(in, used);
  }

  const ReplyHead& head() const { return head_; }
  // True between replies.
  bool at_start() const { return state_ == State::kStart; }

  // To be called between replies, for the next reply only.
  // Collect head().elements.
  void WantElements() { want_elements_ = true; }
  // An aggregate is done after its header line: its elements then come as replies of their own.
  void WantHeaderOnly() { header_only_ = true; }

 private:
  enum class State : uint8_t { kStart, kType, kLine, kBody, kFailed };

  // Where the value being scanned stands.
  enum class Place : uint8_t {
    kTop,      // it is the reply
    kElement,  // a direct element of the reply
    kDeep,     // further in
    kSkipped,  // in an attribute, or in a push between the elements (a fault of Redis before 6.2.7)
  };

  bool TakeWhole(std::string_view in, size_t* used);
  Result ScanOn(std::string_view in, size_t* used);
  void Begin();
  bool ScanLine(std::string_view in, size_t* pos);
  bool EndLine(std::string_view line);
  bool EndCounted(std::string_view line);
  void EndAggregate(ReplyType type, int64_t count);
  void ScanBody(std::string_view in, size_t* pos);
  Place Enter(Element what, bool is_null, int64_t integer);
  void Close();
  void Finish();
  void TakeText(std::string_view bytes);

  State state_ = State::kStart;
  char type_ = 0;  // of the value being scanned
  bool want_elements_ = false;
  bool header_only_ = false;
  bool top_seen_ = false;        // the reply's own header has been scanned
  bool take_text_ = false;       // the value being scanned is the one that head().text shows
  int64_t missing_ = 0;          // values still to come in this reply
  int64_t skip_ = 0;             // values still to come of an attribute: no part of the reply
  int64_t element_missing_ = 0;  // values still to come in the current direct element
  bool first_element_ = false;   // no direct element has begun yet
  Element element_ = Element::kValue;
  uint64_t bytes_before_ = 0;  // head().bytes when the current direct element began
  uint64_t body_left_ = 0;     // bytes of a bulk body, with its CRLF, still to come
  char line_[kMaxText];        // the start of a header line that comes in parts
  size_t line_size_ = 0;       // its true length so far, may exceed kMaxText
  bool line_cr_ = false;       // its last byte so far is a CR, not counted in line_size_
  char text_[kMaxText];
  size_t text_size_ = 0;
  std::vector<Element> elements_;
  std::vector<uint64_t> element_bytes_;
  ReplyHead head_;
};

}  // namespace keyhole::resp
