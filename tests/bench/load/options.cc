#include "tests/bench/load/options.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace keyhole::load {
namespace {

constexpr const char* kAbout =
    "Sends requests at given times, whether earlier ones have been answered or not, and measures "
    "each "
    "from the time it was due. Prints JSON. Exit code 3: the schedule was not kept, the machine "
    "was "
    "too slow for it.";

template <typename Address>
Target MakeTarget(const Address& address) {
  Target target;
  std::memcpy(&target.address, &address, sizeof(address));
  target.size = sizeof(address);
  return target;
}

std::optional<Target> UnixTarget(std::string_view path, std::string* why) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    *why = "a path of 1 to 107 bytes follows unix:";
    return std::nullopt;
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return MakeTarget(address);
}

std::optional<Target> TcpTarget(std::string host, uint16_t port, std::string* why) {
  if (host == "localhost") host = "127.0.0.1";
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    if (ntohl(v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET) return MakeTarget(v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']' &&
      inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &v6.sin6_addr) == 1) {
    if (IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr)) return MakeTarget(v6);
  }
  *why = "'" + host +
         "' is no loopback address (127.x.x.x, [::1], localhost); load stays on this machine";
  return std::nullopt;
}

}  // namespace

std::optional<Target> ParseTarget(std::string_view text, std::string* why) {
  constexpr std::string_view kUnix = "unix:";
  if (text.starts_with(kUnix)) return UnixTarget(text.substr(kUnix.size()), why);
  const size_t colon = text.rfind(':');
  uint16_t port = 0;
  if (colon != std::string_view::npos) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec == std::errc() && parsed.ptr == end && port != 0) {
      return TcpTarget(std::string(text.substr(0, colon)), port, why);
    }
  }
  *why = "'" + std::string(text) + "' is not HOST:PORT, with a port of 1 to 65535, nor unix:PATH";
  return std::nullopt;
}

Options ParseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(kAbout, "load");
  app.option_defaults()->always_capture_default();
  std::string to;
  std::string arrivals = "poisson";
  app.add_option("--to", to, "HOST:PORT or unix:PATH, on this machine")->required();
  app.add_option("--rate", options.rate, "requests per second")->check(CLI::Range(1.0, 1e7));
  app.add_option("--seconds", options.seconds, "that are measured")->check(CLI::Range(0.01, 1e5));
  app.add_option("--warmup", options.warmup, "seconds before that")->check(CLI::Range(0.0, 1e5));
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 100'000));
  app.add_option("--schedule", arrivals)->check(CLI::IsMember({"constant", "poisson"}));
  app.add_option("--keys", options.keys)->check(CLI::Range(1.0, 1e12));
  app.add_option("--zipf", options.zipf, "exponent of the keys' popularity; 0: all alike")
      ->check(CLI::Range(0.0, 10.0));
  app.add_option("--get", options.get_percent, "percent of GETs; the rest are SETs")
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--sizes", options.sizes, "bytes of a value, one of these: 64,1024")
      ->delimiter(',')
      ->check(CLI::Range(0, 512 << 20));
  app.add_flag("--fill", options.fill, "SET every key first");
  app.add_option("--resp", options.resp)->check(CLI::IsMember({2, 3}));
  app.add_option("--seed", options.seed);
  app.add_option("--max-lag", options.max_lag_us,
                 "microseconds that 1 % of the requests may be sent too late")
      ->check(CLI::Range(1.0, 1e9));
  app.get_formatter()->column_width(34);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error) == 0 ? 0 : 2);
  }
  options.arrivals = arrivals == "constant" ? Arrivals::kConstant : Arrivals::kPoisson;
  std::string why;
  if (const auto target = ParseTarget(to, &why)) {
    options.to = *target;
    return options;
  }
  std::fprintf(stderr, "load: --to: %s\n", why.c_str());
  std::exit(2);
}

}  // namespace keyhole::load
