#!/usr/bin/env bash
# Fails, with one line per finding, if a source file breaks a rule of the house:
#
#   include   a layer includes only what its line in allowed() lists
#   asio      Boost.Asio and Boost.Beast stay in proxy/net
#   metrics   prometheus-cpp stays in metrics/exporter.cc
#   command   no quoted command name outside resp/commands.def; where a word is only by chance one
#             (a log level "info"), the line ends in  // layering: not a command
#   length    no file has more than 400 lines, of tests 600
#
# Usage: check.sh [root of the tree]
set -euo pipefail
cd "${1:-$(dirname "$0")/../..}"

std='[a-z0-9_]+'                           # <vector>
process='dirent.h|sys/resource.h|unistd.h'  # for those who ask what this process uses
memory='malloc.h|sys/mman.h'                # for those who get it from the kernel
allowed() {
  case $1 in
    resp/*) echo "resp/.*|$std" ;;
    metrics/process_info.cc) echo "metrics/.*|$std|$process" ;;
    metrics/*) echo "(resp|metrics|absl)/.*|$std" ;;
    proxy/core/users/digest.cc) echo "proxy/core/.*|openssl/.*|$std" ;;
    proxy/core/store/heap.cc) echo "proxy/core/store/.*|$std|$memory" ;;
    proxy/core/store/poison.h) echo "sanitizer/.*" ;;
    proxy/core/store/info_command.cc) echo "(resp|proxy/core/store|absl)/.*|$std|$process" ;;
    proxy/core/store/*) echo "(resp|proxy/core/store|absl)/.*|$std" ;;
    proxy/core/*) echo "(resp|metrics|proxy/core|absl|boost|CLI)/.*|$std" ;;
    *) echo '.*' ;;
  esac
}

check_includes() {
  local number text path include='^ *# *include *[<"]([^>"]*)'
  while IFS=: read -r number text; do
    [[ $text =~ $include ]] || continue
    path=${BASH_REMATCH[1]}
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

findings() {
  local file files lines most
  mapfile -t files < <(find resp metrics proxy tests -name '*.cc' -o -name '*.h' | sort)
  for file in "${files[@]}"; do
    check_includes "$file" "$(allowed "$file")"
    lines=$(wc -l <"$file")
    most=400
    [[ $file != tests/* ]] || most=600
    (( lines <= most )) || echo "$file:$lines: length: more than $most lines"
  done
  mapfile -t files < <(find resp metrics proxy -name '*.cc' -o -name '*.h' | sort)
  check_command_names "${files[@]}"
}

found=$(findings)
[[ -z $found ]] || { printf '%s\n' "$found"; exit 1; }
