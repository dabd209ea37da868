#include "proxy/http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <new>

#include "resp/command_table.h"

namespace keyhole::core {
namespace {

constexpr int kGzipFormat = 16;  // added to the size of the window, it asks for gzip's header
constexpr int kLevel = 1;
constexpr int kMemory = 8;

std::string_view Trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// "q=0", "q=0.000": refused.
bool IsZero(std::string_view weight) {
  return weight.starts_with("q=0") && weight.find_first_of("123456789") == std::string_view::npos;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    const size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
    const std::string_view one = accept_encoding.substr(0, end);
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    const size_t semicolon = std::min(one.find(';'), one.size());
    const std::string_view name = Trimmed(one.substr(0, semicolon));
    const bool taken = !IsZero(Trimmed(one.substr(std::min(semicolon + 1, one.size()))));
    if (resp::EqualsIgnoreCase(name, "gzip") || resp::EqualsIgnoreCase(name, "x-gzip")) {
      return taken;
    }
    if (name == "*") any = taken;
  }
  return any;
}

std::string Gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, MAX_WBITS + kGzipFormat, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();  // the only thing that can go wrong
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace keyhole::core
