#!/usr/bin/env bash
# Fails, with one line per finding, if a source file breaks a rule of the house:
#
#   include   a layer includes only what its line in allowed() lists
#   asio      Boost.Asio and Boost.Beast stay in proxy/net
#   metrics   prometheus-cpp stays in metrics/exporter.cc
#   command   no quoted command name outside resp/commands.def; where a word is only by chance one
#             (a log level "info"), the line ends in  // layering: not a command
#   circle    no file includes itself by way of others; a header and its source are one file
#   member    the functions of a class are defined in files that bear its name or that of the header
#             which declares it: Loop in loop.cc or loop_*.cc
#   length    no file has more than 400 lines, of tests 600
#
# Usage: check.sh [root of the tree]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

std='[a-z0-9_]+'                           # <vector>
process='dirent.h|sys/resource.h|unistd.h'  # for those who ask what this process uses
sockets='(sys|netinet)/[a-z]+[.]h|netdb.h|unistd.h' # for the one who asks for keyhole top
memory='malloc.h|sys/mman.h'                # for those who get it from the kernel

# The store's own files, below its commands; store.h is above them.
store_top='client|command_stats|doorbell|engine|evicted_keys|functions|key_events|latency_monitor|pause|process|scripts|section|live_settings|options|settings|setting_forms|slow_log|snapshot|subscriptions|tracking|waiting'

# What a room may include, beside itself and the standard library.
allowed() {
  case $1 in
    resp/*) echo "resp/.*|$std" ;;
    metrics/process_info.cc) echo "metrics/.*|$std|$process" ;;
    metrics/*) echo "(resp|metrics|proxy/base|absl)/.*|$std" ;;
    proxy/base/*) echo "(proxy/base|absl)/.*|$std" ;;
    proxy/store/memory/heap.cc) echo "$(allowed proxy/store/memory/)|$memory" ;;
    proxy/store/memory/poison.h) echo "sanitizer/.*" ;;
    proxy/store/memory/*) echo "proxy/(base|store/memory)/.*|proxy/store/options.h|$std" ;;
    proxy/store/keyspace/*) echo "(resp|proxy/store/keyspace|absl)/.*|$(allowed proxy/store/memory/)" ;;
    proxy/store/types/*) echo "proxy/store/types/.*|$(allowed proxy/store/keyspace/)" ;;
    proxy/store/rdb/*) echo "proxy/store/rdb/.*|$(allowed proxy/store/types/)" ;;
    proxy/store/script/sha1.cc) echo "proxy/store/script/.*|openssl/.*|$std" ;;
    proxy/store/script/fiber.cc) echo "proxy/store/script/.*|boost/context/.*|sanitizer/.*|$std" ;;
    proxy/store/script/*) echo "(resp|proxy/store/script)/.*|lua.hpp|lua-bitop.h|lua-cjson.h|$std" ;;
    proxy/store/commands/*) echo "proxy/store/(commands|rdb|script)/.*|$(allowed proxy/store/)" ;;
    proxy/store/store.*) echo "proxy/store/commands/(direct|dispatch|observers|script_turn).h|$(allowed proxy/store/)|proxy/store/store.h" ;;
    proxy/store/*) echo "proxy/store/($store_top).h|proxy/store/settings.def|proxy/store/script/.*|$(allowed proxy/store/rdb/)" ;;
    proxy/users/digest.cc) echo "proxy/(base|users)/.*|openssl/.*|$std" ;;
    proxy/users/*) echo "(resp|proxy/base|proxy/users|absl)/.*|$std" ;;
    proxy/links/local/*) echo "(resp|metrics|proxy/base|proxy/links|boost/smart_ptr|absl)/.*|proxy/store/store.h|$std" ;;
    proxy/links/*) echo "(resp|metrics|proxy/base|proxy/links|boost/smart_ptr|absl)/.*|$std" ;;
    proxy/near_cache/*) echo "(resp|metrics|proxy/base|proxy/links|proxy/near_cache|boost/smart_ptr|absl)/.*|$std" ;;
    proxy/sessions/*) echo "(resp|metrics|proxy/base|proxy/users|proxy/links|proxy/near_cache|proxy/sessions|boost/smart_ptr|absl)/.*|$std" ;;
    proxy/http/gzip.cc) echo "(resp|proxy/http)/.*|zlib.h|$std" ;;
    proxy/http/*) echo "(resp|metrics|proxy/base|proxy/page|proxy/users|proxy/sessions|proxy/http|boost/json|boost/smart_ptr|absl)/.*|boost/json.hpp|$std" ;;
    proxy/page/*) echo "proxy/page/.*|$std" ;;
    proxy/top/terminal.cc) echo "proxy/top/.*|ncurses.h|$std" ;;
    proxy/top/*) echo "proxy/(base|top)/.*|boost/json/.*|$std" ;;
    proxy/config/*) echo "(resp|metrics|proxy/base|proxy/users|proxy/config|toml[+][+]|absl)/.*|proxy/.*/options.h|$std" ;;
    proxy/app/*) echo "(resp|metrics|proxy/(base|config|users|store|links|near_cache|sessions|http|page|app)|absl)/.*|$std" ;;
    proxy/library/*) echo "(include/keyhole|resp|metrics|boost/smart_ptr|proxy/(base|config|users|store|links|near_cache|sessions|http|app|net|library)|absl)/.*|$std" ;;
    proxy/program/tls_client.cc) echo "proxy/(program|top)/.*|openssl/.*|$std|sys/types.h" ;;
    proxy/program/versions.cc) echo "proxy/(base|config|program)/.*|(CLI|absl|boost|openssl|spdlog|toml[+][+])/.*|lua.hpp|zlib.h|$std" ;;
    proxy/program/log_writer.cc) echo "proxy/(base|program)/.*|(boost/json|spdlog)/.*|sys/stat.h|unistd.h|$std" ;;
    proxy/program/*) echo "(proxy/(base|config|top|program)|CLI|absl)/.*|$std|$sockets" ;;
    include/keyhole/keyhole_c.h) echo "std(def|int)[.]h" ;;
    include/*) echo "include/keyhole/.*|$std" ;;
    *) echo '.*' ;;
  esac
}

# Includes that are still to go.
still_there="
"

check_includes() {
  local number text path include='^ *# *include *[<"]([^>"]*)'
  while IFS=: read -r number text; do
    [[ $text =~ $include ]] || continue
    path=${BASH_REMATCH[1]}
    [[ $still_there != *$'\n'"$1 $path"$'\n'* ]] || continue
    case $1:$path in
      tests/* | proxy/net/*:boost/* | metrics/exporter.cc:prometheus/*) ;;
      *:boost/asio* | *:boost/beast*) echo "$1:$number: asio: $path belongs in proxy/net" ;;
      *:prometheus/*) echo "$1:$number: metrics: $path belongs in metrics/exporter.cc" ;;
      *) [[ $path =~ ^($2)$ ]] || echo "$1:$number: include: ${1%/*} must not include $path" ;;
    esac
  done < <(grep -nE "$include" "$1")
}

# Comments are cut off first: what they quote is not compared with anything.
check_command_names() {
  awk '
    FILENAME == "resp/commands.def" {
      if (/^ *CMD\(/) { split($0, part, "\""); name[part[2]] }
      next
    }
    /layering: not a command/ || /^ *#/ { next }
    {
      line = $0
      sub(/(^|[ ;{}])\/\/.*/, "", line)
      while (match(line, /"[a-z0-9_.-]+"/)) {
        word = substr(line, RSTART + 1, RLENGTH - 2)
        if (word in name) print FILENAME ":" FNR ": command: \"" word "\" is in resp/commands.def"
        line = substr(line, RSTART + RLENGTH)
      }
    }' resp/commands.def "$@"
}

# Follows all includes, depth first: one that leads back to a file on the way there closes a circle.
check_circles() {
  awk '
    function name(path) { sub(/\.(h|cc)$/, "", path); return path }
    function visit(file, way,   i, to) {
      state[file] = "on the way"
      for (i = 1; i <= count[file]; ++i) {
        to = includes[file, i]
        if (state[to] == "on the way") {
          print at[file, to] ": circle: " substr(way, index(way, to)) " -> " to
        } else if (state[to] == "") {
          visit(to, way " -> " to)
        }
      }
      state[file] = "done"
    }
    /^ *# *include *"/ {
      split($0, part, "\"")
      from = name(FILENAME); to = name(part[2])
      if (from == to) next
      if (!(from in count)) order[++files] = from
      includes[from, ++count[from]] = to
      at[from, to] = FILENAME ":" FNR
    }
    END { for (f = 1; f <= files; ++f) if (state[order[f]] == "") visit(order[f], order[f]) }' "$@"
}

# Looks at lines that begin a definition: Type Class::Function(
check_members() {
  awk '
    function stem(path) { sub(/.*\//, "", path); sub(/\.[a-z]+$/, "", path); return path }
    function bears(file, what) { return file == what || index(file, what "_") == 1 }
    /^ *(class|struct) (alignas[(][^)]*[)] )?[A-Z][A-Za-z0-9]*( final)?( :.*)?( [{].*)?$/ {
      class = $2 ~ /^alignas/ ? $3 : $2
      if (class in declared) declared[class] = declared[class] " " stem(FILENAME)
      else declared[class] = stem(FILENAME)
    }
    /^[A-Za-z_].*[(]/ {
      text = $0
      while (gsub(/<[^<>]*>/, "", text)) continue
      sub(/[(].*/, "", text)
      if (text ~ /=/ || !match(text, /([A-Z][A-Za-z0-9]*::)+~?[A-Za-z0-9_]+$/)) next
      class = substr(text, RSTART)
      sub(/::.*/, "", class)
      definition[++definitions] = FILENAME ":" FNR
      of[definitions] = class
      where[definitions] = stem(FILENAME)
    }
    END {
      for (i = 1; i <= definitions; ++i) {
        class = of[i]
        words = class
        gsub(/[A-Z]/, "_&", words)
        known = bears(where[i], substr(tolower(words), 2))
        n = split(declared[class], header, " ")
        for (h = 1; h <= n; ++h) known = known || bears(where[i], header[h])
        if (!known) print definition[i] ": member: functions of " class " belong in a file of its name"
      }
    }' "$@"
}

findings() {
  local file files lines most
  mapfile -t files < <(find include resp metrics proxy tests -name '*.cc' -o -name '*.h' | sort)
  for file in "${files[@]}"; do
    check_includes "$file" "$(allowed "$file")"
    lines=$(wc -l <"$file")
    most=400
    [[ $file != tests/* ]] || most=600
    (( lines <= most )) || echo "$file:$lines: length: more than $most lines"
  done
  check_circles "${files[@]}"
  check_members "${files[@]}"
  mapfile -t files < <(find include resp metrics proxy -name '*.cc' -o -name '*.h' | sort)
  check_command_names "${files[@]}"
}

found=$(findings)
[[ -z $found ]] || { printf '%s\n' "$found"; exit 1; }
