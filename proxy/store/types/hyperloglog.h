// HyperLogLog: about how many different elements were added, in 12 KiB at most. The value is a
// string, byte for byte that of Redis 7.0.15, so that GET, SET and DUMP carry it to and from there.
//
//     "HYLL" | encoding 1 | 0 0 0 | count 8, low byte first; its top bit: out of date | registers
//
//     dense   0   16384 registers of 6 bits, the first in the lowest bits
//     sparse  1   runs:  00nnnnnn            n + 1 registers are 0
//                        01nnnnnn nnnnnnnn   the same, high bits first
//                        1vvvvvnn            n + 1 registers are v + 1
//
// Sources: P. Flajolet and others, "HyperLogLog: the analysis of a near-optimal cardinality
// estimation algorithm", 2007; O. Ertl, "New cardinality estimation algorithms for HyperLogLog
// sketches", arXiv:1702.01284; redis 7.0.15 hyperloglog.c for the runs, how they are split and
// joined, and when they end.
//
// Plain functions over bytes that others own. A sparse value may be anything: users can write it
// with SETRANGE. Whoever finds that its runs make no 16384 registers says so, and nothing is read
// or written beyond it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::store::hll {

inline constexpr size_t kRegisters = 16384;
inline constexpr size_t kHeader = 16;
inline constexpr size_t kDenseSize = kHeader + kRegisters * 6 / 8;

using Registers = std::array<uint8_t, kRegisters>;

// Whether a string is one, as far as can be told at once.
bool IsSketch(std::string_view value);
bool IsDense(std::string_view value);  // REQUIRES: IsSketch(), as all below
std::string Empty();                   // sparse

enum class Added : uint8_t { kNothing, kChanged, kCorrupt };
// Neither sets the count out of date; AddToDense() REQUIRES IsDense().
Added AddToDense(char* value, std::string_view element);
// `most`: so long it may be and be sparse (hll-sparse-max-bytes).
Added AddToSparse(std::string* value, std::string_view element, size_t most);
// One register becomes at least this.
Added SetSparse(std::string* value, size_t index, uint8_t count, size_t most);
// False if it is corrupt.
bool MakeDense(std::string* value);

// Each register becomes the larger of the two. False if it is corrupt.
bool MergeInto(std::string_view value, Registers* registers);
// REQUIRES: IsDense().
void StoreDense(const Registers& registers, char* value);

// The count that was kept; false if it is out of date.
bool KeptCount(std::string_view value, uint64_t* count);
void KeepCount(char* value, uint64_t count);
void ForgetCount(char* value);
// False if it is corrupt.
bool Count(std::string_view value, uint64_t* count);
uint64_t Count(const Registers& registers);

// The runs in words, for PFDEBUG: "Z:100 v:2,1 z:5". REQUIRES: sparse.
std::string Describe(std::string_view value);

}  // namespace keyhole::store::hll
