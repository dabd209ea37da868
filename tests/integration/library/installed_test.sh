#!/usr/bin/env bash
# An installed copy in a clean folder: its symbols are those of the list, the documentation has each
# of its calls, the examples are built with find_package, shared and static, and run; pkg-config
# finds it, Python uses it by ctypes.
#
# Usage: installed_test.sh <source> <build> <C++ compiler> <C compiler>
set -euo pipefail
source=$1 build=$2 cxx=$3 cc=$4
here=$source/tests/integration/library

folder=$(mktemp -d)
redis=
trap '[[ -z $redis ]] || kill "$redis"; rm -rf "$folder"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
quiet() { "$@" >"$folder/log" 2>&1 || fail "$*: $(cat "$folder/log")"; }

quiet cmake --install "$build" --component library --prefix "$folder/usr"
library=$(find "$folder/usr" -name libkeyhole.so.0)
[[ -n $library ]] || fail "no libkeyhole.so.0"
export LD_LIBRARY_PATH=${library%/*}
for page in keyhole.3 keyhole_c.3; do
  [[ -f $folder/usr/share/man/man3/$page ]] || fail "no manual page $page"
done

# Its symbols. WRITE_SYMBOLS=1 writes the list anew: within .so.0 it only grows.
nm -D --defined-only "$library" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort -u >"$folder/symbols"
[[ -z ${WRITE_SYMBOLS:-} ]] || cp "$folder/symbols" "$here/symbols"
diff "$here/symbols" "$folder/symbols" || fail "exported symbols are not those of tests/integration/library/symbols"

# Each call is documented, in C by its name, in C++ as one that is made.
while read -r symbol; do
  for text in docs/library.md proxy/library/keyhole_c.3; do
    grep -qw "$symbol" "$source/$text" || fail "$text does not have $symbol"
  done
done < <(grep '^kh_' "$folder/symbols")
while read -r call; do
  grep -qE "(\.|->)$call\(" "$source/docs/library.md" || fail "docs/library.md has no example of $call()"
done < <(c++filt <"$folder/symbols" |
  sed -nE 's/^keyhole::(Options|Instance|Connection|Subscription)::([A-Za-z_]+)\(.*/\2/p' |
  sort -u | grep -vE '^(Options|Instance|Connection|Subscription)$')

says() {  # text, command...
  local text=$1 out
  shift
  out=$("$@" 2>&1) || fail "$* ended with $?: $out"
  [[ $out == *"$text"* ]] || fail "$* said: $out"
}

# The examples, as somebody builds them who has nothing else of Keyhole.
cp -r "$source/examples" "$folder/examples"
for kind in keyhole keyhole_static; do
  quiet cmake -S "$folder/examples" -B "$folder/$kind" -DCMAKE_PREFIX_PATH="$folder/usr" -DCMAKE_CXX_COMPILER="$cxx" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror" -DKEYHOLE=$kind
  quiet cmake --build "$folder/$kind" -j 2
  says "connects to redis://127.0.0.1:" "$folder/$kind/test_fixture"
done
if ldd "$folder/keyhole_static/test_fixture" | grep -q libkeyhole; then fail "the static one asks for libkeyhole.so"; fi

coproc look { "$folder/keyhole/look_inside"; }
read -r _ _ port _ <&"${look[0]}"
port=${port%;}
[[ $(redis-cli -p "$port" GET greeting) == hello ]] || fail "redis-cli does not see the cache of look_inside"
echo >&"${look[1]}"
read -r line <&"${look[0]}"
[[ $line == "greeting: 1 hits, 0 misses" ]] || fail "look_inside said: $line"

redis-server --port 0 --unixsocket "$folder/redis.sock" --save '' --daemonize no >"$folder/redis.log" &
redis=$!
for _ in {1..200}; do [[ ! -S $folder/redis.sock ]] || break; sleep 0.05; done
says $'200 a lamp\n404 no such product' "$folder/keyhole/web_handler" "unix:$folder/redis.sock"

says "each had one of its own" python3 "$folder/examples/fixture.py" "$library"
says "all is well" python3 "$here/ctypes_test.py" "$library"

# C, by way of pkg-config.
PKG_CONFIG_PATH=$(dirname "$(find "$folder/usr" -name keyhole.pc)")
export PKG_CONFIG_PATH
if command -v pkg-config >/dev/null; then
  read -ra flags < <(pkg-config --cflags --libs keyhole)
else
  flags=("-I$folder/usr/include" "-L${library%/*}" -lkeyhole)
fi
"$cc" -std=c99 -Wall -Wextra -Werror -pedantic "$here/c_test.c" -o "$folder/c_test" "${flags[@]}"
says "$(sed -n 's/.*kVersion = "\(.*\)".*/\1/p' "$source/proxy/base/version.h")" "$folder/c_test"
