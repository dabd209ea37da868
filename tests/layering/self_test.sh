#!/usr/bin/env bash
# Shows that every rule of check.sh bites: a small clean tree passes, and fails as it should after
# each of the breaches below.
set -euo pipefail
check=$(cd "$(dirname "$0")" && pwd)/check.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"

clean_tree() {
  rm -rf -- *
  mkdir -p resp metrics proxy/{base,store/commands,links,sessions,net} tests/unit
  printf '%s\n' 'CMD(kGet, "get", 2, kRead)' 'CMD(kInfo, "info", -1, 0)' \
    'SUB(kConfigGet, kConfig, "fetch", -3, 0)' > resp/commands.def
  printf '%s\n' '#include <vector>' '#include "resp/commands.def"' > resp/table.cc
  echo '#include <prometheus/registry.h>' > metrics/exporter.cc
  printf '%s\n' '#include "metrics/a.h"' '#include "proxy/links/link.h"' > proxy/sessions/session.cc
  printf '%s\n' '#include "proxy/links/transport.h"' 'class Link {' 'struct Place {' > proxy/links/link.h
  printf '%s\n' '#include "proxy/links/link.h"' 'void Link::Send(int a) {' \
    'std::vector<Place> Place::All() {' 'Link::Kind all = Other::All();' > proxy/links/link_text.cc
  printf '%s\n' '#include "proxy/sessions/session.h"' '#include <boost/asio.hpp>' > proxy/net/server.cc
  printf '%s\n' 'auto a = level("info");  // layering: not a command' \
    '// the reply of "get"' 'Error("get me");  // "get"' 'auto b = Say("fetch");' > proxy/main.cc
  printf '%s\n' '#include <boost/asio.hpp>' 'auto a = Send("get");' > tests/unit/a_test.cc
}

failed=0
fail() { printf 'FAILED: %s\n' "$*"; failed=1; }

clean_tree
"$check" . || fail 'a clean tree does not pass'

# bites <rule> <file> <line>: with that line at the end of that file, that rule is broken there.
bites() {
  local output
  clean_tree
  printf '%s\n' "$3" >> "$2"
  if output=$("$check" .); then fail "$1: $2 may have: ${3:0:60}"
  elif [[ $output != "$2:"*": $1: "* ]]; then fail "$1: says $output"
  fi
}

bites asio proxy/sessions/session.cc '#include <boost/asio/buffer.hpp>'
bites asio proxy/main.cc '#include <boost/beast.hpp>'
bites asio resp/table.cc '#  include "boost/asio.hpp"'
bites metrics metrics/latency.cc '#include <prometheus/counter.h>'
bites metrics proxy/net/server.cc '#include <prometheus/counter.h>'
bites include resp/table.cc '#include "metrics/a.h"'
bites include resp/table.cc '#include <absl/hash/hash.h>'
bites include resp/table.cc '#include <sys/socket.h>'
bites include metrics/a.cc '#include "proxy/sessions/session.h"'
bites include metrics/a.cc '#include <boost/json.hpp>'
bites include proxy/store/commands/a.cc '#include "proxy/sessions/session.h"'
bites include proxy/store/commands/a.cc '#include "metrics/a.h"'
bites include proxy/sessions/session.cc '#include "proxy/net/server.h"'
bites include proxy/sessions/session.cc '#include <unistd.h>'
bites include proxy/sessions/session.cc '#include <boost/json.hpp>'
bites include proxy/links/link.cc '#include "proxy/sessions/session.h"'
bites include proxy/links/link.cc '#include "proxy/store/store.h"'
bites include proxy/base/a.h '#include "resp/glob.h"'
bites command proxy/sessions/session.cc 'if (name == "get") return;'
bites command metrics/a.h 'f("other words", "x", "info");'
bites circle proxy/links/transport.h '#include "proxy/links/link.h"'
bites circle proxy/links/transport.cc '#include "proxy/links/link.h"'
bites member proxy/links/transport.cc 'void Link::Send(int a) {'
bites member proxy/links/linker.cc 'Link::Link() = default;'
bites member proxy/sessions/session.cc 'std::vector<Link::Kind> Place::All() const {'
bites length proxy/main.cc "$(seq 400)"
bites length tests/unit/a_test.cc "$(seq 600)"

(( failed )) || echo 'every rule bites'
exit "$failed"
