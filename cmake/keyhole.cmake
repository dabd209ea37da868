# What every target of the house shares: dependencies, warnings, the helpers that declare targets.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

find_package(Threads REQUIRED)
# Debian 12 has two Boosts; the default one (1.74) is too old for us. CMake 3.25 warns of a Boost newer
# than the last that it knows.
set(Boost_NO_WARN_NEW_VERSIONS ON)
find_package(Boost 1.81 EXACT REQUIRED COMPONENTS context)
find_package(absl REQUIRED)
find_package(prometheus-cpp REQUIRED CONFIG)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(tomlplusplus REQUIRED CONFIG)  # its headers; nothing of it is linked
if(KEYHOLE_WITH_HTTP)
  find_package(Boost 1.81 EXACT REQUIRED COMPONENTS json)
  find_package(ZLIB REQUIRED)
endif()
if(KEYHOLE_PROGRAM)
  find_package(CLI11 REQUIRED CONFIG)
  find_package(spdlog REQUIRED CONFIG)
  set(CURSES_NEED_WIDE TRUE)
  find_package(Curses REQUIRED)
  file(STRINGS ${CURSES_INCLUDE_PATH}/curses.h keyhole_ncurses_version REGEX "define NCURSES_VERSION \"")
  string(REGEX REPLACE ".*\"(.*)\".*" "\\1" keyhole_ncurses_version "${keyhole_ncurses_version}")
  add_library(keyhole_ncurses INTERFACE)
  target_include_directories(keyhole_ncurses SYSTEM INTERFACE ${CURSES_INCLUDE_DIRS})
  target_link_libraries(keyhole_ncurses INTERFACE ${CURSES_LIBRARIES})
endif()
if(KEYHOLE_TESTS OR KEYHOLE_BENCH OR KEYHOLE_FUZZ)
  find_path(HIREDIS_INCLUDE hiredis/hiredis.h REQUIRED)
  find_library(HIREDIS_LIBRARY hiredis REQUIRED)
  add_library(keyhole_hiredis INTERFACE)
  target_include_directories(keyhole_hiredis SYSTEM INTERFACE ${HIREDIS_INCLUDE})
  target_link_libraries(keyhole_hiredis INTERFACE ${HIREDIS_LIBRARY})
endif()

# Lua 5.1 in its build for C++, and its libraries. They are linked statically: another Lua may come
# along with other libraries, and has functions of the same names.
find_path(LUA_INCLUDE NAMES lua.hpp PATH_SUFFIXES lua5.1)
find_library(LUA_LIBRARY NAMES liblua5.1-c++.a)
find_library(LUA_CJSON_LIBRARY NAMES liblua5.1-cjson.a)
find_library(LUA_BITOP_LIBRARY NAMES liblua5.1-bitop.a)
if(NOT (LUA_INCLUDE AND LUA_LIBRARY AND LUA_CJSON_LIBRARY AND LUA_BITOP_LIBRARY))
  message(FATAL_ERROR "Lua 5.1 is missing: install liblua5.1-0-dev, lua-cjson-dev and lua-bitop-dev")
endif()
add_library(keyhole_lua INTERFACE)
target_include_directories(keyhole_lua SYSTEM INTERFACE ${LUA_INCLUDE})
target_link_libraries(keyhole_lua INTERFACE
  ${LUA_CJSON_LIBRARY} ${LUA_BITOP_LIBRARY} ${LUA_LIBRARY} ${CMAKE_DL_LIBS})

# Options for our own code only; dependencies are SYSTEM.
add_library(keyhole_options INTERFACE)
target_include_directories(keyhole_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(keyhole_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual)
if(KEYHOLE_WERROR)
  target_compile_options(keyhole_options INTERFACE -Werror)
endif()
if(KEYHOLE_SANITIZER)
  target_compile_options(keyhole_options INTERFACE
    -fsanitize=${KEYHOLE_SANITIZER} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(keyhole_options INTERFACE -fsanitize=${KEYHOLE_SANITIZER})
  if(KEYHOLE_SANITIZER MATCHES thread)
    # Asio's fences are not modelled by TSan.
    target_compile_definitions(keyhole_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(keyhole_options INTERFACE -Wno-tsan)
  endif()
endif()
if(KEYHOLE_FUZZ)  # coverage counters in all that the fuzz targets link
  target_compile_options(keyhole_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(keyhole_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# The headers that most files include are compiled once for the libraries, which are position
# independent, and once for the tests.
if(KEYHOLE_PRECOMPILED)
  add_library(keyhole_common STATIC ${PROJECT_SOURCE_DIR}/cmake/precompiled.cc)
  target_link_libraries(keyhole_common PRIVATE keyhole_options absl::flat_hash_map Boost::headers)
  set_target_properties(keyhole_common PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_precompile_headers(keyhole_common PRIVATE <cmake/common_headers.h>)
  if(KEYHOLE_TESTS)
    find_package(GTest REQUIRED CONFIG)
    add_library(keyhole_common_test STATIC ${PROJECT_SOURCE_DIR}/cmake/precompiled.cc)
    target_link_libraries(keyhole_common_test PRIVATE keyhole_options absl::flat_hash_map
                          Boost::headers GTest::gmock GTest::gtest)
    target_precompile_headers(keyhole_common_test PRIVATE <cmake/common_test_headers.h>)
  endif()
endif()

# keyhole_precompiled(name holder): the target uses the headers that the holder has compiled.
function(keyhole_precompiled name holder)
  if(TARGET ${holder})
    target_compile_options(${name} PRIVATE -fpch-preprocess)  # for ccache
    target_precompile_headers(${name} REUSE_FROM ${holder})
  endif()
endfunction()

# keyhole_library(name SOURCES a.cc ... LIBS x ...)
function(keyhole_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC keyhole_options ${ARG_LIBS})
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)  # for libkeyhole.so
  keyhole_precompiled(${name} keyhole_common)
  set_property(GLOBAL APPEND PROPERTY keyhole_rooms ${name})  # with what they need of others
  list(FILTER ARG_LIBS INCLUDE REGEX "::|hiredis|lua")
  set_property(GLOBAL APPEND PROPERTY keyhole_room_libs ${ARG_LIBS})
endfunction()

# keyhole_test(name LABEL unit SOURCES a_test.cc ... LIBS x ...)
function(keyhole_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE keyhole_options ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  keyhole_precompiled(${name} keyhole_common_test)
  gtest_discover_tests(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 120
                       DISCOVERY_TIMEOUT 60)
endfunction()
