// Reads the configuration file: TOML 1.0, of which flat settings need a part.
//
//     # a comment
//     tracked-keys = 2000                      # numbers: digits, "_" between them
//     sharing = true
//     http-idle-timeout = "60s"                # "basic" with escapes, 'literal' without
//     listen = ["127.0.0.1:6380",              # arrays of these, over lines if need be
//               "unix:/run/keyhole.sock"]
//
// toml++ takes it apart. Sections, keys with dots, fractions and dates have no meaning here and are
// refused. Messages are our own: those of toml++ quote the file, which has passwords in it.
//
// Thread: any; pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace keyhole::core {

struct FileItem {
  std::string key;
  std::vector<std::string> values;  // unquoted; numbers and true/false as their text
  bool is_array = false;            // else there is exactly one value
  int line = 0;                     // of the key; the first one is 1
};

struct FileContents {
  std::vector<FileItem> items;  // in the file's order, no key twice
  std::string problem;          // empty: all is well. Else "line 3: ...", and items is incomplete
};

FileContents ParseConfigFile(std::string_view text);

}  // namespace keyhole::core
