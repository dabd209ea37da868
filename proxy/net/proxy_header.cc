#include "proxy/net/proxy_header.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "proxy/base/digits.h"
#include "proxy/net/asio.h"

namespace keyhole::net {
namespace {

constexpr std::string_view kV1 = "PROXY ";
constexpr std::string_view kV2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kV2Fixed = 16;
constexpr uint8_t kVersion2 = 0x20;
constexpr uint8_t kLocal = 0;
constexpr uint8_t kProxy = 1;
constexpr uint8_t kTcp4 = 0x11;
constexpr uint8_t kTcp6 = 0x21;

uint8_t Byte(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

size_t Number16(std::string_view bytes, size_t at) {
  return static_cast<size_t>(Byte(bytes, at)) << 8 | Byte(bytes, at + 1);
}

std::string Written(const asio::ip::address& address, size_t port) {
  const std::string host = address.to_string();
  return (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

template <typename Address>
Address FromBytes(std::string_view bytes) {
  typename Address::bytes_type raw;
  std::memcpy(raw.data(), bytes.data(), raw.size());
  return Address(raw);
}

struct Peer {
  asio::ip::address address;
  uint16_t port = 0;
};

std::optional<Peer> Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string host(text.substr(0, colon));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::optional<uint64_t> port = core::ParseDigits(text.substr(colon + 1));
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (error || !port.has_value() || *port > 65535) return std::nullopt;
  return Peer{address, static_cast<uint16_t>(*port)};
}

void AppendAddress(const asio::ip::address& address, std::string* out) {
  const auto append = [out](const auto& raw) {
    for (const unsigned char byte : raw) out->push_back(static_cast<char>(byte));
  };
  if (address.is_v4()) {
    append(address.to_v4().to_bytes());
  } else {
    append(address.to_v6().to_bytes());
  }
}

void Append16(size_t number, std::string* out) {
  out->push_back(static_cast<char>(number >> 8 & 0xff));
  out->push_back(static_cast<char>(number & 0xff));
}

}  // namespace

// How many bytes more it has at least; 0: it is whole, or wrong.
size_t ProxyHeader::Wanted() const {
  const size_t size = bytes_.size();
  if (size < kV1.size()) return 1;
  if (bytes_.starts_with(kV1)) {
    return size >= kLongestV1 || bytes_.ends_with("\r\n") ? 0 : 1;
  }
  if (size < kV2Fixed) return kV2.starts_with(bytes_.substr(0, kV2.size())) ? 1 : 0;
  const size_t whole = kV2Fixed + Number16(bytes_, 14);
  return bytes_.starts_with(kV2) && whole <= kLongestV2 && size < whole ? whole - size : 0;
}

ProxyHeader::Result ProxyHeader::Take(std::string_view bytes, size_t* used) {
  *used = 0;
  while (*used < bytes.size()) {
    const size_t known = std::min(bytes_.size(), kV1.size());
    const std::string_view begin(bytes_.data(), known);
    if (!kV1.starts_with(begin) && !kV2.starts_with(begin)) return Result::kError;
    const size_t wanted = Wanted();
    if (wanted == 0) break;
    const std::string_view piece = bytes.substr(*used, wanted);
    bytes_.append(piece);
    *used += piece.size();
  }
  return Wanted() > 0 ? Result::kNeedMore : Finish();
}

ProxyHeader::Result ProxyHeader::Finish() {
  const bool good = bytes_.starts_with(kV1) ? ReadV1() : bytes_.starts_with(kV2) && ReadV2();
  return good ? Result::kDone : Result::kError;
}

// "PROXY TCP4 192.0.2.7 192.0.2.1 56324 6380\r\n"
bool ProxyHeader::ReadV1() {
  if (!bytes_.ends_with("\r\n")) return false;
  std::string_view rest = std::string_view(bytes_).substr(kV1.size());
  rest.remove_suffix(2);
  std::vector<std::string_view> words;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    words.push_back(word);
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  }
  if (words.empty()) return false;
  if (words[0] == "UNKNOWN") return true;
  const bool v6 = words[0] == "TCP6";
  if (words.size() != 5 || (!v6 && words[0] != "TCP4")) return false;
  std::array<std::optional<Peer>, 2> peers;
  for (size_t i = 0; i < 2; ++i) {
    const std::string host(words[1 + i]);
    peers[i] = Parse((v6 ? "[" + host + "]:" : host + ":") + std::string(words[3 + i]));
    if (!peers[i].has_value() || peers[i]->address.is_v6() != v6) return false;
  }
  client_ = Written(peers[0]->address, peers[0]->port);
  return true;
}

bool ProxyHeader::ReadV2() {
  if (bytes_.size() < kV2Fixed || (Byte(bytes_, 12) & 0xf0) != kVersion2) return false;
  const size_t length = Number16(bytes_, 14);
  if (bytes_.size() != kV2Fixed + length) return false;
  const uint8_t command = Byte(bytes_, 12) & 0x0f;
  if (command == kLocal) return true;
  if (command != kProxy) return false;
  const std::string_view addresses = std::string_view(bytes_).substr(kV2Fixed);
  switch (Byte(bytes_, 13)) {
    case kTcp4:
      if (length < 12) return false;
      client_ = Written(FromBytes<asio::ip::address_v4>(addresses), Number16(addresses, 8));
      return true;
    case kTcp6:
      if (length < 36) return false;
      client_ = Written(FromBytes<asio::ip::address_v6>(addresses), Number16(addresses, 32));
      return true;
    default:  // a unix socket, or something that has no address
      return true;
  }
}

std::string MakeProxyHeader(std::string_view from, std::string_view to) {
  const std::optional<Peer> source = Parse(from);
  const std::optional<Peer> target = Parse(to);
  std::string header(kV2);
  if (!source || !target || source->address.is_v4() != target->address.is_v4()) {
    header.push_back(static_cast<char>(kVersion2 | kLocal));
    header.push_back(0);
    Append16(0, &header);
    return header;
  }
  const bool v4 = source->address.is_v4();
  header.push_back(static_cast<char>(kVersion2 | kProxy));
  header.push_back(static_cast<char>(v4 ? kTcp4 : kTcp6));
  Append16(v4 ? 12 : 36, &header);
  AppendAddress(source->address, &header);
  AppendAddress(target->address, &header);
  Append16(source->port, &header);
  Append16(target->port, &header);
  return header;
}

void SendProxyHeader(int descriptor) {
  const auto name = [descriptor](auto ask) {
    Protocol::endpoint generic;
    auto size = static_cast<socklen_t>(generic.capacity());
    if (ask(descriptor, generic.data(), &size) != 0) return std::string();
    asio::ip::tcp::endpoint endpoint;
    if (size > endpoint.capacity()) return std::string();
    std::memcpy(endpoint.data(), generic.data(), size);
    return Written(endpoint.address(), endpoint.port());
  };
  const std::string header = MakeProxyHeader(name(::getsockname), name(::getpeername));
  // Nothing has been sent yet, so it fits. A connection that is broken is noticed by what follows.
  ::send(descriptor, header.data(), header.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace keyhole::net
