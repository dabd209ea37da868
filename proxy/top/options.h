// What a person can say to `keyhole top`, `keyhole keys`, `keyhole slow`, `keyhole health` and
// `keyhole reload`.
//
// Thread: any; a plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::top {

struct Options {
  enum class Command : uint8_t { kTop, kKeys, kSlow, kHealth, kReload };

  Command command = Command::kTop;
  std::string host = "127.0.0.1";  // or a unix socket's path
  std::string port = "9000";       // empty: host is a path
  bool tls = false;                // https://
  std::string ca;                  // a file: who vouches for it; empty: whom the system trusts
  std::string cert;                // a file: our certificate, if it asks for one
  std::string key;                 // a file
  bool insecure = false;           // whoever answers is believed
  std::string user;                // with the password of KEYHOLE_TOP_PASSWORD
  std::string password;
  std::string sort;  // empty: the command's own
  std::string match;
  uint64_t limit = 20;
  bool once = false;  // one plain screen
  bool json = false;  // the data as they come
  bool color = true;  // NO_COLOR
  bool utf8 = true;   // the terminal can show it
  bool help = false;
  bool posts = false;  // a request is POST, not GET
};

// The first word after the program's name is one of ours.
bool IsCommand(std::string_view word);

// words: all after the program's name. Gives what is wrong, or none.
std::optional<std::string> Parse(const std::vector<std::string>& words, Options* out);

std::string_view HelpText();

}  // namespace keyhole::top
