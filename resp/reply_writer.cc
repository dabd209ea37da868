#include "resp/reply_writer.h"

#include <charconv>
#include <cmath>
#include <cstdio>

namespace keyhole::resp {

void ReplyWriter::Header(char type, int64_t number) {
  char buffer[32];
  buffer[0] = type;
  char* end = std::to_chars(buffer + 1, buffer + sizeof(buffer), number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_->append(buffer, static_cast<size_t>(end - buffer));
}

void ReplyWriter::Simple(std::string_view text) {
  out_->append("+").append(text).append("\r\n");
}

void ReplyWriter::Error(std::string_view text) {
  out_->push_back('-');
  const size_t from = out_->size();
  out_->append(text);
  for (size_t i = from; i < out_->size(); ++i) {
    if ((*out_)[i] == '\r' || (*out_)[i] == '\n') (*out_)[i] = ' ';
  }
  out_->append("\r\n");
}

void ReplyWriter::Integer(int64_t value) {
  Header(':', value);
}

void ReplyWriter::Bulk(std::string_view bytes) {
  Header('$', static_cast<int64_t>(bytes.size()));
  out_->append(bytes).append("\r\n", 2);
}

void ReplyWriter::Null() {
  out_->append(protocol_ == Protocol::kResp3 ? "_\r\n" : "$-1\r\n");
}

void ReplyWriter::NullArray() {
  out_->append(protocol_ == Protocol::kResp3 ? "_\r\n" : "*-1\r\n");
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

void ReplyWriter::Double(double value) {
  char text[64];
  int size = 0;
  if (std::isinf(value)) {
    size = std::snprintf(text, sizeof(text), "%s", value > 0 ? "inf" : "-inf");
  } else {
    size = std::snprintf(text, sizeof(text), "%.17g", value);
  }
  const std::string_view digits(text, static_cast<size_t>(size));
  if (protocol_ == Protocol::kResp2) return Bulk(digits);
  out_->append(",").append(digits).append("\r\n");
}

void ReplyWriter::Boolean(bool value) {
  if (protocol_ == Protocol::kResp2) return Integer(value ? 1 : 0);
  out_->append(value ? "#t\r\n" : "#f\r\n");
}

void ReplyWriter::Verbatim(std::string_view text) {
  if (protocol_ == Protocol::kResp2) return Bulk(text);
  Header('=', static_cast<int64_t>(text.size()) + 4);
  out_->append("txt:").append(text).append("\r\n");
}

void ReplyWriter::Push(int64_t count) {
  Header(protocol_ == Protocol::kResp3 ? '>' : '*', count);
}

}  // namespace keyhole::resp
