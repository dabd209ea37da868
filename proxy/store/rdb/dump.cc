#include "proxy/store/rdb/dump.h"

#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "proxy/store/rdb/crc64.h"
#include "proxy/store/rdb/elements.h"
#include "proxy/store/rdb/listpack.h"
#include "proxy/store/rdb/low_first.h"
#include "proxy/store/rdb/reader.h"
#include "proxy/store/rdb/streams.h"
#include "proxy/store/rdb/writer.h"
#include "proxy/store/types/collection.h"
#include "proxy/store/types/list_edit.h"
#include "proxy/store/types/packed_scores.h"
#include "proxy/store/types/sorted_set.h"
#include "resp/reply_writer.h"

namespace keyhole::store::rdb {

namespace {

constexpr size_t kVersionSize = 2;
constexpr size_t kTail = kVersionSize + sizeof(uint64_t);

// Its own integers follow a head of one byte, Redis' one of eight.
std::string IntsetOf(std::string_view integers) {
  std::string set;
  AppendLowFirst(static_cast<uint8_t>(integers[0]), 4, &set);
  AppendLowFirst(CountIntegers(integers), 4, &set);
  return set.append(integers.substr(1));
}

// As a table of Redis: a count, and names with or without values.
void AppendTable(Entry entry, Writer* writer) {
  const bool is_hash = entry.type() == ValueType::kHash;
  writer->Length(CountItems(entry));
  ForEachItem(entry, [&](std::string_view name, std::string_view value) {
    writer->String(name);
    if (is_hash) writer->String(value);
  });
}

const TimedTable& TimedOf(Entry entry) {
  return *static_cast<const TimedTable*>(entry.object());
}

bool HasEnds(Entry entry) {
  return entry.layout() == Layout::kTimed && TimedOf(entry).has_ends();
}

// As ReadElements() reads it.
void AppendTimed(Entry entry, Writer* writer) {
  const TimedTable& table = TimedOf(entry);
  const UnixMillis first = table.due();
  writer->Milliseconds(first);
  writer->Length(table.size());
  table.ForEach([&](const keyhole::store::Item& field) {
    const bool ends = field.has_expire();
    writer->Length(ends ? static_cast<uint64_t>(field.expire() - first) + 1 : 0);
    writer->String(field.key());
    writer->String(field.value());
  });
}

void AppendListpack(Entry entry, Writer* writer) {
  ListpackWriter listpack;
  ForEachItem(entry, [&](std::string_view name, std::string_view value) {
    listpack.Append(name);
    listpack.Append(value);
  });
  writer->String(listpack.Finish());
}

void AppendScoredListpack(Entry entry, Writer* writer) {
  ListpackWriter listpack;
  for (PackedScores members(entry.value()); !members.at_end();) {
    listpack.Append(members.Member());
    int64_t integer = 0;
    const bool is_integer = FirstPackedInteger(members.rest(), &integer);
    const double score = members.Score();
    char text[resp::kDoubleTextSize];
    if (is_integer) {
      listpack.AppendInteger(integer);
    } else {
      listpack.Append(resp::DoubleText(score, text));
    }
  }
  writer->String(listpack.Finish());
}

// The highest score first, as Redis writes its skiplist.
void AppendSortedSet(Entry entry, Writer* writer) {
  const size_t count = CountMembers(entry);
  writer->Length(count);
  VisitRange(entry, {0, count}, /*downwards=*/true, [&](std::string_view member, double score) {
    writer->String(member);
    writer->Double(score);
  });
}

// In parts as large as the nodes of a list of Redis that was pushed to its end.
void AppendList(Entry list, Writer* writer) {
  constexpr uint64_t kPacked = 2;
  constexpr size_t kMostBytes = 8192;
  constexpr size_t kOverhead = 8;  // that Redis expects of an element
  std::vector<ListpackWriter> parts(1);
  for (ListReader reader(list, 0, ListEnd::kBack); reader.at_element(); reader.Next()) {
    const std::string_view text = reader.text();
    const bool full = parts.back().size() + text.size() + kOverhead > kMostBytes;
    if (full && parts.back().count() > 0) parts.emplace_back();
    parts.back().Append(text);
  }
  writer->Length(parts.size());
  for (ListpackWriter& part : parts) {
    writer->Length(kPacked);
    writer->String(part.Finish());
  }
}

Entry ReadList(Form form, Reader* reader, std::string_view key, Keyspace& db,
               const ListLimits& limits) {
  ListEdit edit(db, limits, nullptr);
  const bool whole = ReadElements(form, reader, [&edit](const Element& element) {
    edit.Push(ListEnd::kBack, element.name);
    return true;
  });
  return whole && edit.size() > 0 ? edit.Build(key) : Entry();
}

// No member may come twice. A listpack stays one, however long its members are, as in Redis.
Entry ReadSortedSet(Form form, Reader* reader, std::string_view key, Keyspace& db,
                    const SortedSetLimits& limits) {
  SortedSetLimits own = limits;
  if (form == Form::kSortedSetZiplist || form == Form::kSortedSetListpack) own.bytes = SIZE_MAX;
  SortedSetEdit edit(db, own, nullptr, db.HeapOf(key));
  const bool whole = ReadElements(form, reader, [&edit](const Element& element) {
    if (edit.Find(element.name).found) return false;
    edit.Add(element.name, element.score);
    return true;
  });
  return whole && edit.size() > 0 ? edit.Build(key) : Entry();
}

Entry ReadString(Reader* reader, std::string_view key) {
  Entry made;
  ReadElements(Form::kString, reader, [&](const Element& element) {
    made = Entry::MakeString(key, element.name.size(), kNever);
    element.name.copy(made.value_bytes(), element.name.size());
    return true;
  });
  return made;
}

// No field may come twice.
Entry ReadTimedHash(Form form, Reader* reader, std::string_view key, Keyspace& db,
                    const CollectionLimits& limits) {
  auto table = std::make_unique<TimedTable>(db.HeapOf(key), /*listed=*/true);
  const size_t longest = limits.listed_bytes;
  const bool whole = ReadElements(form, reader, [&](const Element& field) {
    if (field.name.size() > longest || field.value.size() > longest) table->Unlist();
    return table->Set(field.name, field.value, field.expire);
  });
  if (!whole || table->size() == 0) return {};
  if (table->size() > limits.listed_items) table->Unlist();
  return Entry::MakeObject(Encoding::kTimedHash, key, std::move(table), kNever);
}

// No field and no member may come twice. What was in one block stays in one, however long its
// fields are, as in Redis.
Entry ReadCollection(Form form, ValueType type, Reader* reader, std::string_view key, Keyspace& db,
                     const CollectionLimits& limits) {
  CollectionLimits own = limits;
  if (form == Form::kHashZiplist || form == Form::kHashListpack) own.listed_bytes = SIZE_MAX;
  CollectionEdit edit(db, own, type, nullptr, db.HeapOf(key));
  const bool whole = ReadElements(form, reader, [&edit](const Element& element) {
    return edit.Set(element.name, element.value);
  });
  return whole && edit.size() > 0 ? edit.Build(key) : Entry();
}

}  // namespace

Form FormOf(Entry entry) {
  switch (entry.type()) {
    case ValueType::kString:
      return Form::kString;
    case ValueType::kHash:
      if (HasEnds(entry)) return Form::kHashTimed;
      return entry.encoding() == Encoding::kListHash ? Form::kHashListpack : Form::kHash;
    case ValueType::kSet:
      return entry.encoding() == Encoding::kIntegerSet ? Form::kSetIntegers : Form::kSet;
    case ValueType::kList:
      return Form::kListListpacks;
    case ValueType::kSortedSet:
      return entry.encoding() == Encoding::kListZset ? Form::kSortedSetListpack : Form::kSortedSet;
    case ValueType::kStream:
      return Form::kStream2;
  }
  return Form::kString;
}

void AppendValue(Entry entry, Writer* writer) {
  switch (entry.type()) {
    case ValueType::kString:
      return writer->String(entry.value());
    case ValueType::kHash:
      if (entry.encoding() == Encoding::kListHash) return AppendListpack(entry, writer);
      if (HasEnds(entry)) return AppendTimed(entry, writer);
      return AppendTable(entry, writer);
    case ValueType::kSet:
      if (entry.encoding() != Encoding::kIntegerSet) return AppendTable(entry, writer);
      return writer->String(IntsetOf(entry.value()));
    case ValueType::kList:
      return AppendList(entry, writer);
    case ValueType::kSortedSet:
      if (entry.encoding() == Encoding::kListZset) return AppendScoredListpack(entry, writer);
      return AppendSortedSet(entry, writer);
    case ValueType::kStream:
      return AppendStream(*static_cast<const StreamObject*>(entry.object()), writer);
  }
}

void ClosePayload(std::string* payload, unsigned version) {
  AppendLowFirst(version, kVersionSize, payload);
  AppendLowFirst(Crc64(*payload), sizeof(uint64_t), payload);
}

std::string DumpPayload(Entry entry) {
  std::string payload;
  Writer writer(&payload);
  writer.Byte(static_cast<uint8_t>(FormOf(entry)));
  AppendValue(entry, &writer);
  ClosePayload(&payload, HasEnds(entry) ? kNewestVersion : kVersion);
  return payload;
}

bool OpenPayload(std::string_view* payload) {
  if (payload->size() < kTail) return false;
  uint16_t version;
  uint64_t crc;
  std::memcpy(&version, payload->data() + payload->size() - kTail, sizeof(version));
  std::memcpy(&crc, payload->data() + payload->size() - sizeof(crc), sizeof(crc));
  if (version > kNewestVersion) return false;
  if (Crc64(payload->substr(0, payload->size() - sizeof(crc))) != crc) return false;
  payload->remove_suffix(kTail);
  return true;
}

Entry ReadValue(std::string_view bytes, std::string_view key, Keyspace& db,
                const ReadLimits& limits) {
  Reader reader(bytes);
  uint8_t form = 0;
  if (!reader.Byte(&form)) return {};
  return ReadValue(form, &reader, key, db, limits);
}

Entry ReadValue(uint8_t form, Reader* reader, std::string_view key, Keyspace& db,
                const ReadLimits& limits) {
  const auto known = static_cast<Form>(form);
  switch (ShapeOf(form)) {
    case Shape::kString:
      return ReadString(reader, key);
    case Shape::kHash:
      if (known == Form::kHashTimed || known == Form::kHashTimedListpack) {
        return ReadTimedHash(known, reader, key, db, limits.collections);
      }
      return ReadCollection(known, ValueType::kHash, reader, key, db, limits.collections);
    case Shape::kSet:
      return ReadCollection(known, ValueType::kSet, reader, key, db, limits.collections);
    case Shape::kList:
      return ReadList(known, reader, key, db, limits.lists);
    case Shape::kSortedSet:
      return ReadSortedSet(known, reader, key, db, limits.sorted_sets);
    case Shape::kStream:
      if (auto stream = ReadStream(known, reader)) {
        return Entry::MakeObject(Encoding::kStream, key, std::move(stream), kNever);
      }
      return {};
    case Shape::kNone:
      return {};
  }
  return {};
}

}  // namespace keyhole::store::rdb
