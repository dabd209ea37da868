// A request for each row of the command table whose keys do not stand at fixed places.
#pragma once

#include <string>
#include <vector>

namespace keyhole::resp {

inline const std::vector<std::vector<std::string>> kRequestsWithMovableKeys = {
    {"EVAL", "s", "2", "a", "b", "x"},
    {"EVAL_RO", "s", "1", "a"},
    {"EVALSHA", "s", "2", "a", "b"},
    {"EVALSHA_RO", "s", "1", "a", "x"},
    {"FCALL", "f", "1", "a", "x"},
    {"FCALL_RO", "f", "2", "a", "b"},
    {"LMPOP", "2", "a", "b", "LEFT"},
    {"BLMPOP", "0", "2", "a", "b", "LEFT"},
    {"ZMPOP", "2", "a", "b", "MIN"},
    {"BZMPOP", "0", "2", "a", "b", "MIN"},
    {"SINTERCARD", "2", "a", "b", "LIMIT", "1"},
    {"ZDIFF", "2", "a", "b", "WITHSCORES"},
    {"ZDIFFSTORE", "to", "2", "a", "b"},
    {"ZINTER", "2", "a", "b", "WEIGHTS", "1", "2"},
    {"ZINTERCARD", "2", "a", "b"},
    {"ZINTERSTORE", "to", "2", "a", "b", "WEIGHTS", "1", "2"},
    {"ZUNION", "1", "a"},
    {"ZUNIONSTORE", "to", "1", "a"},
    {"XREAD", "COUNT", "1", "BLOCK", "1", "STREAMS", "a", "b", "0", "0"},
    {"XREADGROUP", "GROUP", "streams", "c", "STREAMS", "a", ">"},
    {"MIGRATE", "h", "1", "a", "0", "1", "COPY"},
    {"MIGRATE", "h", "1", "", "0", "1", "COPY", "KEYS", "a", "b"},
    {"SORT", "a"},
    {"SORT", "a", "BY", "p", "LIMIT", "0", "1", "STORE", "to"},
    {"GEORADIUS", "a", "0", "0", "1", "km", "STORE", "to"},
    {"GEORADIUS", "a", "0", "0", "1", "km", "WITHDIST"},
    {"GEORADIUSBYMEMBER", "a", "m", "1", "km", "STOREDIST", "to"},
};

}  // namespace keyhole::resp
