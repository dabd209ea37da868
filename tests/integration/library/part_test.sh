#!/usr/bin/env bash
# Keyhole as a part of another build, by FetchContent: it asks for nothing that the library does not
# need, and brings neither the program, nor tests, nor its warnings along. The examples are
# configured there; what differs without HTTP is compiled. (All of it takes minutes; the same
# targets are built, and linked with the examples, in Keyhole's own build.)
#
# Usage: part_test.sh <source> <C++ compiler>
set -euo pipefail
source=$1 cxx=$2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
quiet() { "$@" >"$folder/log" 2>&1 || fail "$*: $(cat "$folder/log")"; }

cat >"$folder/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.25)
project(somebody_elses LANGUAGES CXX)
include(FetchContent)
FetchContent_Declare(Keyhole SOURCE_DIR $source)
FetchContent_MakeAvailable(Keyhole)
add_subdirectory(examples)
foreach(target keyhole keyhole_program keyhole_top library_test)
  if(TARGET \${target})
    message(FATAL_ERROR "\${target} is built, too")
  endif()
endforeach()
foreach(target Keyhole::keyhole Keyhole::keyhole_static)
  get_target_property(options \${target} INTERFACE_COMPILE_OPTIONS)
  if(options)
    message(FATAL_ERROR "\${target} passes on \${options}")
  endif()
endforeach()
END
cp -r "$source/examples" "$folder/examples"
without=(CLI11 spdlog Curses GTest benchmark)
disabled=()
for package in "${without[@]}"; do disabled+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON"); done
quiet cmake -G Ninja -S "$folder" -B "$folder/build" -DCMAKE_CXX_COMPILER="$cxx" "${disabled[@]}"
# What a target is made of, by the end of its name.
made() { ninja -C "$folder/build" -t targets all | sed -n "s/^\(.*$1\):.*/\1/p"; }
quiet ninja -C "$folder/build" keyhole_resp keyhole_page "$(made http_clients_none.cc.o)" "$(made http_none.cc.o)"
version=$(sed -n "s/^project(keyhole VERSION \([0-9.]*\) .*/\1/p" "$source/CMakeLists.txt")
linked=$(ninja -C "$folder/build" -t commands "$(made "libkeyhole.so.$version")" | tail -n 1)
[[ $linked == *libprometheus-cpp-core* ]] || fail "not the command that links: $linked"
for library in libz libboost_json libspdlog libncurses libhiredis; do
  [[ $linked != *"$library."* ]] || fail "libkeyhole.so needs $library"
done
