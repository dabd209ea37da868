#include "resp/reply_writer.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>

namespace keyhole::resp {
namespace {

constexpr size_t kLongestHeader = 32;
constexpr std::string_view kCrlf = "\r\n";

// "$5\r\n". Returns its end.
char* WriteHeader(char* at, char type, int64_t number) {
  *at++ = type;
  at = std::to_chars(at, at + kLongestHeader - 3, number).ptr;
  *at++ = '\r';
  *at++ = '\n';
  return at;
}

}  // namespace

void ReplyWriter::Header(char type, int64_t number) {
  char* const begin = out_->Prepare(kLongestHeader).data();
  out_->Commit(static_cast<size_t>(WriteHeader(begin, type, number) - begin));
}

void ReplyWriter::Line(char type, std::string_view text) {
  out_->Append({&type, 1});
  out_->Append(text);
  out_->Append(kCrlf);
}

void ReplyWriter::Simple(std::string_view text) {
  Line('+', text);
}

void ReplyWriter::Error(std::string_view text) {
  char* const begin = out_->Prepare(text.size() + 1 + kCrlf.size()).data();
  char* at = begin;
  *at++ = '-';
  for (const char c : text) *at++ = c == '\r' || c == '\n' ? ' ' : c;
  std::memcpy(at, kCrlf.data(), kCrlf.size());
  out_->Commit(static_cast<size_t>(at - begin) + kCrlf.size());
}

void ReplyWriter::Integer(int64_t value) {
  Header(':', value);
}

void ReplyWriter::Bulk(std::string_view bytes) {
  char* const begin = out_->Prepare(kLongestHeader + bytes.size() + kCrlf.size()).data();
  char* at = WriteHeader(begin, '$', static_cast<int64_t>(bytes.size()));
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  at += bytes.size();
  std::memcpy(at, kCrlf.data(), kCrlf.size());
  out_->Commit(static_cast<size_t>(at - begin) + kCrlf.size());
}

void ReplyWriter::Null() {
  out_->Append(protocol_ == Protocol::kResp3 ? "_\r\n" : "$-1\r\n");
}

void ReplyWriter::NullArray() {
  out_->Append(protocol_ == Protocol::kResp3 ? "_\r\n" : "*-1\r\n");
}

void ReplyWriter::Array(int64_t count) {
  Header('*', count);
}

void ReplyWriter::Map(int64_t pairs) {
  if (protocol_ == Protocol::kResp3) return Header('%', pairs);
  Header('*', pairs * 2);
}

void ReplyWriter::Set(int64_t count) {
  Header(protocol_ == Protocol::kResp3 ? '~' : '*', count);
}

// As printf's %.17g, and several times as fast.
std::string_view DoubleText(double value, char (&buffer)[kDoubleTextSize]) {
  constexpr int kDigits = 17;
  const char* const end =
      std::to_chars(buffer, buffer + kDoubleTextSize, value, std::chars_format::general, kDigits)
          .ptr;
  return {buffer, static_cast<size_t>(end - buffer)};
}

void ReplyWriter::Double(double value) {
  char text[kDoubleTextSize];
  DoubleAs(DoubleText(value, text));
}

void ReplyWriter::DoubleAs(std::string_view text) {
  if (protocol_ == Protocol::kResp2) return Bulk(text);
  Line(',', text);
}

void ReplyWriter::BigNumber(std::string_view digits) {
  if (protocol_ == Protocol::kResp2) return Bulk(digits);
  Line('(', digits);
}

void ReplyWriter::Boolean(bool value) {
  if (protocol_ == Protocol::kResp2) return Integer(value ? 1 : 0);
  out_->Append(value ? "#t\r\n" : "#f\r\n");
}

void ReplyWriter::Verbatim(std::string_view text, std::string_view format) {
  if (protocol_ == Protocol::kResp2) return Bulk(text);
  constexpr size_t kFormat = 3;
  Header('=', static_cast<int64_t>(text.size() + kFormat) + 1);
  std::string letters(format.substr(0, kFormat));
  letters.resize(kFormat, ' ');
  out_->Append(letters);
  out_->Append(":");
  out_->Append(text);
  out_->Append(kCrlf);
}

void ReplyWriter::Push(int64_t count) {
  Header(protocol_ == Protocol::kResp3 ? '>' : '*', count);
}

void ReplyWriter::Attribute(int64_t pairs) {
  Header('|', pairs);
}

}  // namespace keyhole::resp
