// `keyhole top`, `keyhole keys`, `keyhole slow`, `keyhole health`, `keyhole reload`: a look into a
// running Keyhole from a terminal.
//
//     Fetch (the edge's) --JSON--> Screen --Draw()--> lines --> Terminal, or stdout
//
// Thread: that of the caller, which it keeps until the user quits.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "proxy/top/options.h"

namespace keyhole::top {

struct Answer {
  int status = 0;    // 0: there is none
  std::string text;  // the body; without a status what is wrong
};
// GET of a path, or POST if where.posts.
using Fetch = std::function<Answer(const Options& where, const std::string& path)>;

// words: all after the program's name. Gives the exit code.
int Run(const std::vector<std::string>& words, const Fetch& fetch);

}  // namespace keyhole::top
