#include "proxy/top/options.h"

#include <algorithm>
#include <iterator>

#include "proxy/base/digits.h"
#include "proxy/base/text.h"

namespace keyhole::top {
namespace {

// In the order of Options::Command.
constexpr std::string_view kCommands[] = {"top", "keys", "slow",  // layering: not a command
                                          "health", "reload"};
constexpr std::string_view kUnix = "unix:";

const std::vector<std::string_view> kFlags = {"--sort", "--match", "--limit", "--user",
                                              "--ca",   "--cert",  "--key",   "--insecure",
                                              "--once", "--json",  "--help"};

// "http://127.0.0.1:9000/", "localhost", "unix:/run/keyhole-http.sock"
std::optional<std::string> ReadUrl(std::string_view url, Options* out) {
  if (url.starts_with(kUnix)) {
    out->host = url.substr(kUnix.size());
    out->port.clear();
    return std::nullopt;
  }
  if (url.starts_with("http://")) url.remove_prefix(7);
  if (url.starts_with("https://")) {
    url.remove_prefix(8);
    out->tls = true;
  }
  while (url.ends_with('/')) url.remove_suffix(1);
  if (url.find('@') != std::string_view::npos) {
    return "A password does not belong in a URL; give --user, and KEYHOLE_TOP_PASSWORD in the "
           "environment";
  }
  if (url.empty() || url.find('/') != std::string_view::npos) {
    return "The URL must be like http://127.0.0.1:9000";
  }
  const size_t colon = url.find_last_of(':');
  const bool has_port = colon != std::string_view::npos && url.find(']', colon) == url.npos;
  out->host = url.substr(0, has_port ? colon : url.size());
  if (out->host.starts_with('[') && out->host.ends_with(']')) {
    out->host = out->host.substr(1, out->host.size() - 2);
  }
  if (!has_port) return std::nullopt;
  const std::optional<uint64_t> port = core::ParseDigits(url.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return "The port must be a number from 1 to 65535";
  out->port = std::to_string(*port);
  return std::nullopt;
}

std::optional<std::string> ReadValue(std::string_view flag, const std::string& value,
                                     Options* out) {
  if (flag == "--sort") out->sort = value;
  if (flag == "--match") out->match = value;
  if (flag == "--user") out->user = value;
  if (flag == "--ca") out->ca = value;
  if (flag == "--cert") out->cert = value;
  if (flag == "--key") out->key = value;
  if (flag != "--limit") return std::nullopt;
  const std::optional<uint64_t> limit = core::ParseDigits(value);
  if (!limit || *limit < 1 || *limit > 10000) return "--limit must be a number from 1 to 10000";
  out->limit = *limit;
  return std::nullopt;
}

}  // namespace

bool IsCommand(std::string_view word) {
  return std::find(std::begin(kCommands), std::end(kCommands), word) != std::end(kCommands);
}

std::optional<std::string> Parse(const std::vector<std::string>& words, Options* out) {
  for (size_t i = 0; i < std::size(kCommands); ++i) {
    if (!words.empty() && words[0] == kCommands[i]) {
      out->command = static_cast<Options::Command>(i);
    }
  }
  for (size_t i = 1; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (!word.starts_with('-')) {
      if (auto problem = ReadUrl(word, out)) return problem;
      continue;
    }
    if (word == "--once") out->once = true;
    if (word == "--json") out->json = true;
    if (word == "--insecure") out->insecure = true;
    if (word == "--help" || word == "-h") out->help = true;
    if (word == "--once" || word == "--json" || word == "--insecure" || word == "--help" ||
        word == "-h") {
      continue;
    }
    const size_t equals = word.find('=');
    const std::string_view flag = word.substr(0, equals);
    constexpr std::string_view kWithValue[] = {"--sort", "--match", "--limit", "--user",
                                               "--ca",   "--cert",  "--key"};
    if (std::find(std::begin(kWithValue), std::end(kWithValue), flag) == std::end(kWithValue)) {
      return "There is no option " + std::string(flag) +
             core::DidYouMean(core::Nearest(flag, kFlags));
    }
    if (equals == std::string_view::npos && i + 1 == words.size()) {
      return std::string(flag) + " needs a value";
    }
    const std::string value =
        equals == std::string_view::npos ? words[++i] : std::string(word.substr(equals + 1));
    if (auto problem = ReadValue(flag, value, out)) return problem;
  }
  if (!out->tls && !(out->ca.empty() && out->cert.empty() && out->key.empty())) {
    return "--ca, --cert and --key are for TLS; give a URL that begins with https://";
  }
  if (out->cert.empty() != out->key.empty()) return "--cert and --key go together; give both";
  return std::nullopt;
}

std::string_view HelpText() {
  return R"(Looks into a running Keyhole, by its HTTP address.

  keyhole top [URL]       live: overview, keys, slow commands, clients
  keyhole keys [URL]      the tracked keys, as a table
  keyhole slow [URL]      the slowest commands and the biggest values
  keyhole health [URL]    "ok" and exit code 0 if it serves, else what is wrong and 1
  keyhole reload [URL]    has it read its options again; what has changed, and what needs a restart

URL is http://127.0.0.1:9000 unless it is given; https://, host:port and unix:/path are
fine.

  --sort NAME     keys by hits, misses, requests, ratio, rate or bytes
  --match GLOB    keys that match
  --limit N       so many rows of a table (20)
  --once          top: one plain screen, for scripts
  --json          the data instead of a screen
  --ca FILE       https://: who vouches for it, if not whom the system trusts; --insecure:
                  whoever answers is believed
  --cert FILE, --key FILE
                  https://: our certificate, where it asks for one
  --user NAME     where a password is asked for; it is read from KEYHOLE_TOP_PASSWORD

Keys of top: 1-4 or Tab: views; s: sort; /: filter; arrows: scroll; q: quit.
NO_COLOR in the environment: no colours.
)";
}

}  // namespace keyhole::top
