// The text that stands for a key in a metric label.
//
// A key is any string of bytes, a label value must be UTF-8 and should be short. The text is the
// key itself wherever that will do. It is altered where
//     - bytes are not valid UTF-8, or a control character (C0, DEL, C1): each byte becomes \xNN
//     - it would be longer than kMaxLabelBytes: it is cut, never inside a character or a \xNN
//     - the key is empty (to Prometheus an empty label is no label), or is "__other__" itself
//     - the key looks like an altered text, that is ends in '#' and 16 lower-case hex digits
// and then always ends in '#' and the 16 hex digits of LabelHash(key).
//
// So no two keys share a text: an unaltered one never ends like an altered one, two unaltered ones
// are the keys themselves, and two altered ones differ in the hash. (Of 64 bits: whoever makes
// collisions on purpose finds them, so KeyDirectory checks.) A backslash needs no escape: a text
// with an escape in it carries the hash of its key, one without is the key.
//
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyhole::metrics {

// Under this label counts everything that has no series of its own.
inline constexpr std::string_view kOtherLabel = "__other__";

inline constexpr size_t kMaxLabelBytes = 128;

// Valid UTF-8 without control characters, 1 to kMaxLabelBytes bytes.
std::string KeyLabel(std::string_view key);

// '#' and the digits of LabelHash(key), nothing of the key itself.
std::string HashLabel(std::string_view key);

// FNV-1a, 64 bits, over all bytes, then the finaliser of MurmurHash3 (fmix64) so that all bits
// depend on all bytes. The same in every process and version: dashboards may rely on it.
uint64_t LabelHash(std::string_view bytes);

}  // namespace keyhole::metrics
