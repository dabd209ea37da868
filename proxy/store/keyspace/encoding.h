// The types of values and the ways to keep them: the columns of types.def, by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace keyhole::store {

enum class ValueType : uint8_t {
#define TYPE(id, name) k##id,
#include "proxy/store/keyspace/types.def"
};

enum class Place : uint8_t { kInline, kObject };

enum class Layout : uint8_t {
#define LAYOUT(id, place) k##id,
#include "proxy/store/keyspace/types.def"
};

enum class Encoding : uint8_t {
#define ENCODING(id, type, layout, shown, name) k##id,
#include "proxy/store/keyspace/types.def"
};

// When OBJECT ENCODING shows another name than the row's.
enum class Shown : uint8_t { kAlways, kUnlessShort, kUnlessInteger, kUnlessListed };

namespace rows {

inline constexpr std::array kTypeNames = std::to_array<std::string_view>({
#define TYPE(id, name) name,
#include "proxy/store/keyspace/types.def"
});

inline constexpr std::array kPlaces = std::to_array<Place>({
#define LAYOUT(id, place) Place::place,
#include "proxy/store/keyspace/types.def"
});

// Each column an array of its own: a look at a type or a layout reads one byte.
inline constexpr std::array kTypes = std::to_array<ValueType>({
#define ENCODING(id, type, layout, shown, name) ValueType::k##type,
#include "proxy/store/keyspace/types.def"
});
inline constexpr std::array kLayouts = std::to_array<Layout>({
#define ENCODING(id, type, layout, shown, name) Layout::k##layout,
#include "proxy/store/keyspace/types.def"
});
// The type where the value can be used as it is; another number where parts of it may have ended by
// their own time, which whoever is about to use it has to see to.
inline constexpr uint8_t kNotReady = 0xFF;
inline constexpr std::array kReady = [] {
  std::array<uint8_t, kTypes.size()> ready{};
  for (size_t i = 0; i < ready.size(); ++i) {
    ready[i] = kLayouts[i] == Layout::kTimed ? kNotReady : static_cast<uint8_t>(kTypes[i]);
  }
  return ready;
}();
inline constexpr std::array kShown = std::to_array<Shown>({
#define ENCODING(id, type, layout, shown, name) Shown::shown,
#include "proxy/store/keyspace/types.def"
});
inline constexpr std::array kNames = std::to_array<std::string_view>({
#define ENCODING(id, type, layout, shown, name) name,
#include "proxy/store/keyspace/types.def"
});

// A bit for each encoding whose values are Objects.
inline constexpr uint32_t kObjects = [] {
  uint32_t bits = 0;
  for (size_t i = 0; i < kLayouts.size(); ++i) {
    if (kPlaces[static_cast<size_t>(kLayouts[i])] == Place::kObject) bits |= uint32_t{1} << i;
  }
  return bits;
}();

}  // namespace rows

inline constexpr size_t kEncodingCount = rows::kTypes.size();

// As TYPE shows it.
constexpr std::string_view TypeName(ValueType type) {
  return rows::kTypeNames[static_cast<size_t>(type)];
}
constexpr ValueType TypeOf(Encoding encoding) {
  return rows::kTypes[static_cast<size_t>(encoding)];
}
// Whether the value is of this type, and all of it is still there; else more has to be asked.
constexpr bool IsReady(Encoding encoding, ValueType type) {
  return rows::kReady[static_cast<size_t>(encoding)] == static_cast<uint8_t>(type);
}
constexpr Layout LayoutOf(Encoding encoding) {
  return rows::kLayouts[static_cast<size_t>(encoding)];
}
constexpr Shown ShownOf(Encoding encoding) {
  return rows::kShown[static_cast<size_t>(encoding)];
}
constexpr std::string_view EncodingName(Encoding encoding) {
  return rows::kNames[static_cast<size_t>(encoding)];
}
constexpr bool IsObject(Encoding encoding) {
  return (rows::kObjects >> static_cast<uint8_t>(encoding) & 1) != 0;
}

}  // namespace keyhole::store
