#include "proxy/store/rdb/elements.h"

#include <cmath>
#include <string>
#include <vector>

#include "proxy/store/rdb/listpack.h"
#include "proxy/store/rdb/old_forms.h"
#include "resp/number.h"

namespace keyhole::store::rdb {

namespace {

// A count, and so many strings, each with what follows it.
template <typename F>
bool ForEachString(Reader* reader, F&& f) {
  uint64_t count = 0;
  std::string scratch;
  std::string_view text;
  if (!reader->Count(&count)) return false;
  for (; count > 0; --count) {
    if (!reader->String(&scratch, &text) || !f(text)) return false;
  }
  return true;
}

bool ReadFields(Reader* reader, const Sink& sink) {
  std::string scratch;
  return ForEachString(reader, [&](std::string_view name) {
    std::string_view value;
    return reader->String(&scratch, &value) && sink({name, value});
  });
}

bool ReadScores(Reader* reader, bool old, const Sink& sink) {
  return ForEachString(reader, [&](std::string_view member) {
    double score = 0;
    const bool read = old ? reader->OldDouble(&score) : reader->Double(&score);
    return read && !std::isnan(score) && sink({member, {}, score});
  });
}

using Walk = bool (*)(std::string_view bytes, const ElementSink& sink);

bool ParseScore(std::string_view text, double* score) {
  const std::string copy(text);
  char* end = nullptr;
  *score = std::strtod(copy.c_str(), &end);
  return !copy.empty() && end == copy.c_str() + copy.size() && !std::isnan(*score);
}

// A collection in one string.
bool ReadWhole(Reader* reader, Walk walk, const ElementSink& sink) {
  std::string scratch;
  std::string_view bytes;
  return reader->String(&scratch, &bytes) && walk(bytes, sink);
}

// The same, of which two elements belong together.
template <typename F>
bool ReadPairs(Reader* reader, Walk walk, F&& f) {
  std::string first;
  bool has_first = false;
  const bool whole = ReadWhole(reader, walk, [&](std::string_view text) {
    has_first = !has_first;
    if (!has_first) return f(std::string_view(first), text);
    first = text;
    return true;
  });
  return whole && !has_first;
}

bool ReadFieldPairs(Reader* reader, Walk walk, const Sink& sink) {
  return ReadPairs(reader, walk, [&sink](std::string_view name, std::string_view value) {
    return sink({name, value});
  });
}

bool ReadScorePairs(Reader* reader, Walk walk, const Sink& sink) {
  return ReadPairs(reader, walk, [&sink](std::string_view member, std::string_view text) {
    double score = 0;
    return ParseScore(text, &score) && sink({member, {}, score});
  });
}

// The end of a field is of 48 bits.
constexpr int64_t kLastEnd = (int64_t{1} << 48) - 1;

// The first end of all, then each field behind its own, as the distance to that and one more.
bool ReadTimedFields(Reader* reader, const Sink& sink) {
  int64_t first = 0;
  uint64_t count = 0;
  if (!reader->Milliseconds(&first) || !reader->Count(&count)) return false;
  for (; count > 0; --count) {
    uint64_t distance = 0;
    std::string scratch[2];
    std::string_view name;
    std::string_view value;
    if (!reader->Length(&distance) || !reader->String(&scratch[0], &name) ||
        !reader->String(&scratch[1], &value)) {
      return false;
    }
    const bool ends = distance > 0;
    if (ends && (first < 0 || first > kLastEnd)) return false;
    if (ends && distance - 1 > static_cast<uint64_t>(kLastEnd - first)) return false;
    const UnixMillis expire = ends ? first + static_cast<int64_t>(distance) - 1 : kNever;
    if (!sink({name, value, 0, expire})) return false;
  }
  return true;
}

// Fields, values and ends in turn; 0 is none.
bool ReadTimedListpack(Reader* reader, const Sink& sink) {
  int64_t first = 0;
  if (!reader->Milliseconds(&first)) return false;
  std::vector<std::string> held;
  const bool whole = ReadWhole(reader, ReadListpack, [&](std::string_view text) {
    int64_t end = 0;
    if (held.size() < 2) {
      held.emplace_back(text);
      return true;
    }
    if (!resp::ParseInteger(text, &end) || end < 0 || end > kLastEnd) return false;
    const bool taken = sink({held[0], held[1], 0, end == 0 ? kNever : end});
    held.clear();
    return taken;
  });
  return whole && held.empty();
}

// A list in several strings, each a part of it; of a newer one some are a single element.
bool ReadParts(Reader* reader, Walk walk, bool may_be_plain, const ElementSink& sink) {
  constexpr uint64_t kPlain = 1;
  constexpr uint64_t kPacked = 2;
  uint64_t count = 0;
  if (!reader->Count(&count)) return false;
  for (; count > 0; --count) {
    uint64_t kind = kPacked;
    if (may_be_plain && (!reader->Length(&kind) || (kind != kPlain && kind != kPacked))) {
      return false;
    }
    std::string scratch;
    std::string_view bytes;
    if (!reader->String(&scratch, &bytes) || bytes.empty()) return false;
    if (kind == kPlain ? !sink(bytes) : !walk(bytes, sink)) return false;
  }
  return true;
}

}  // namespace

Shape ShapeOf(uint8_t form) {
  constexpr Shape kShapes[] = {
      Shape::kString,    Shape::kList,   Shape::kSet,       Shape::kSortedSet, Shape::kHash,
      Shape::kSortedSet, Shape::kNone,   Shape::kNone,      Shape::kNone,      Shape::kHash,
      Shape::kList,      Shape::kSet,    Shape::kSortedSet, Shape::kHash,      Shape::kList,
      Shape::kStream,    Shape::kHash,   Shape::kSortedSet, Shape::kList,      Shape::kStream,
      Shape::kSet,       Shape::kStream, Shape::kNone,      Shape::kNone,      Shape::kHash,
      Shape::kHash};
  return form < std::size(kShapes) ? kShapes[form] : Shape::kNone;
}

bool ReadElements(Form form, Reader* reader, const Sink& sink) {
  const ElementSink single = [&sink](std::string_view text) { return sink({text}); };
  switch (form) {
    case Form::kString: {
      std::string scratch;
      std::string_view text;
      return reader->String(&scratch, &text) && sink({text});
    }
    case Form::kList:
    case Form::kSet:
      return ForEachString(reader, single);
    case Form::kSortedSetOld:
      return ReadScores(reader, /*old=*/true, sink);
    case Form::kHash:
      return ReadFields(reader, sink);
    case Form::kSortedSet:
      return ReadScores(reader, /*old=*/false, sink);
    case Form::kHashZipmap:
      return ReadFieldPairs(reader, ReadZipmap, sink);
    case Form::kListZiplist:
      return ReadWhole(reader, ReadZiplist, single);
    case Form::kSetIntegers:
      return ReadWhole(reader, ReadIntset, single);
    case Form::kSortedSetZiplist:
      return ReadScorePairs(reader, ReadZiplist, sink);
    case Form::kHashZiplist:
      return ReadFieldPairs(reader, ReadZiplist, sink);
    case Form::kListZiplists:
      return ReadParts(reader, ReadZiplist, /*may_be_plain=*/false, single);
    case Form::kHashListpack:
      return ReadFieldPairs(reader, ReadListpack, sink);
    case Form::kSortedSetListpack:
      return ReadScorePairs(reader, ReadListpack, sink);
    case Form::kListListpacks:
      return ReadParts(reader, ReadListpack, /*may_be_plain=*/true, single);
    case Form::kHashTimed:
      return ReadTimedFields(reader, sink);
    case Form::kHashTimedListpack:
      return ReadTimedListpack(reader, sink);
    case Form::kSetListpack:
      return ReadWhole(reader, ReadListpack, single);
    case Form::kStream1:
    case Form::kStream2:
    case Form::kStream3:
      return false;
  }
  return false;
}

}  // namespace keyhole::store::rdb
