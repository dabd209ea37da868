#include "proxy/store/rdb/streams.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proxy/store/rdb/listpack.h"
#include "resp/number.h"

namespace keyhole::store::rdb {

namespace {

constexpr size_t kIdSize = 16;
constexpr int64_t kDeleted = 1;
constexpr int64_t kSameNames = 2;

// ---- Writing ------------------------------------------------------------------------------------

std::string IdBytes(StreamId id) {
  std::string bytes;
  for (const uint64_t half : {id.ms, id.seq}) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>(static_cast<uint8_t>(half >> shift)));
    }
  }
  return bytes;
}

void AppendId(StreamId id, Writer* writer) {
  writer->Length(id.ms);
  writer->Length(id.seq);
}

void AppendEntry(const StreamEntry& entry, StreamId first, ListpackWriter* listpack) {
  const bool same_names = !entry.names.empty();
  listpack->AppendInteger((entry.deleted ? kDeleted : 0) | (same_names ? kSameNames : 0));
  listpack->AppendInteger(static_cast<int64_t>(entry.id.ms - first.ms));
  listpack->AppendInteger(static_cast<int64_t>(entry.id.seq - first.seq));
  const auto fields = static_cast<int64_t>(entry.fields);
  if (!same_names) listpack->AppendInteger(fields);
  entry.ForEachField([&](std::string_view name, std::string_view value) {
    if (!same_names) listpack->Append(name);
    listpack->Append(value);
  });
  listpack->AppendInteger(same_names ? fields + 3 : 2 * fields + 4);
}

void AppendBlock(const StreamBlock& block, Writer* writer) {
  ListpackWriter listpack;
  listpack.AppendInteger(static_cast<int64_t>(block.live()));
  listpack.AppendInteger(static_cast<int64_t>(block.count() - block.live()));
  listpack.AppendInteger(static_cast<int64_t>(block.fields()));
  for (PackedReader names(block.names()); !names.at_end();) listpack.Append(names.Next());
  listpack.AppendInteger(0);
  for (size_t at = block.begin(); at < block.end();) {
    const StreamEntry entry = block.Read(at);
    AppendEntry(entry, block.first(), &listpack);
    at = entry.end;
  }
  writer->String(IdBytes(block.first()));
  writer->String(listpack.Finish());
}

// Calls f(const PendingEntry&) for what is pending, of one consumer if there is one named.
template <typename F>
void ForEachPending(const PendingList& pending, std::optional<uint32_t> consumer, F&& f) {
  StreamId from;
  while (const auto entry = pending.Next(from, consumer)) {
    f(*entry);
    from = entry->id;
    if (!Increment(&from)) return;
  }
}

void AppendGroup(std::string_view name, const ConsumerGroup& group, Writer* writer) {
  writer->String(name);
  AppendId(group.last_id, writer);
  writer->Length(static_cast<uint64_t>(group.entries_read));
  writer->Length(group.pending().size());
  ForEachPending(group.pending(), {}, [writer](const PendingEntry& entry) {
    writer->Bytes(IdBytes(entry.id));
    writer->Milliseconds(entry.pending.delivered);
    writer->Length(entry.pending.deliveries);
  });
  writer->Length(group.consumers());
  group.ForEachConsumer([&](std::string_view consumer, ConsumerGroup::Number number) {
    writer->String(consumer);
    writer->Milliseconds(group.consumer(number).seen);
    writer->Length(group.consumer(number).pending);
    ForEachPending(group.pending(), number,
                   [writer](const PendingEntry& entry) { writer->Bytes(IdBytes(entry.id)); });
  });
}

// ---- Reading ------------------------------------------------------------------------------------

StreamId IdOf(std::string_view bytes) {
  StreamId id;
  for (size_t i = 0; i < kIdSize; ++i) {
    uint64_t& half = i < kIdSize / 2 ? id.ms : id.seq;
    half = half << 8 | static_cast<uint8_t>(bytes[i]);
  }
  return id;
}

bool ReadId(Reader* reader, StreamId* id) {
  return reader->Length(&id->ms) && reader->Length(&id->seq);
}

bool ReadIdBytes(Reader* reader, StreamId* id) {
  std::string_view bytes;
  if (!reader->Bytes(kIdSize, &bytes)) return false;
  *id = IdOf(bytes);
  return true;
}

// The elements of a listpack, one after another.
class Elements {
 public:
  // False if it is no listpack.
  bool Open(std::string_view listpack) {
    return ReadListpack(listpack, [this](std::string_view text) {
      texts_.emplace_back(text);
      return true;
    });
  }
  bool at_end() const { return next_ == texts_.size(); }
  size_t left() const { return texts_.size() - next_; }
  bool Integer(int64_t* value) { return !at_end() && resp::ParseInteger(texts_[next_++], value); }
  // The count of strings that are to follow, `size` elements each.
  bool Count(size_t size, size_t* count) {
    int64_t value = 0;
    if (!Integer(&value) || value <= 0) return false;
    *count = static_cast<size_t>(value);
    return *count <= left() / size;
  }
  std::string_view Text() { return texts_[next_++]; }  // REQUIRES: !at_end()

 private:
  std::vector<std::string> texts_;
  size_t next_ = 0;
};

// One block, into a stream.
class BlockReader {
 public:
  BlockReader(StreamObject* stream, StreamId first) : stream_(*stream), first_(first) {}

  bool Read(std::string_view listpack) {
    int64_t live = 0;
    int64_t deleted = 0;
    int64_t end = 0;
    size_t count = 0;
    if (!elements_.Open(listpack) || !elements_.Integer(&live) || !elements_.Integer(&deleted) ||
        !elements_.Count(1, &count)) {
      return false;
    }
    while (names_.size() < count) names_.push_back(elements_.Text());
    if (!elements_.Integer(&end) || end != 0) return false;
    stream_.AddBlock(first_, names_);
    while (!elements_.at_end()) {
      if (!ReadEntry()) return false;
      ++entries_;
    }
    return entries_ > 0 && live >= 0 && deleted >= 0 && live + deleted == entries_;
  }

 private:
  bool ReadEntry() {
    int64_t flags = 0;
    int64_t ms = 0;
    int64_t seq = 0;
    int64_t size = 0;
    if (!elements_.Integer(&flags) || !elements_.Integer(&ms) || !elements_.Integer(&seq) ||
        flags < 0 || flags > (kDeleted | kSameNames)) {
      return false;
    }
    const bool same_names = (flags & kSameNames) != 0;
    size_t count = names_.size();
    if (same_names ? count > elements_.left() : !elements_.Count(2, &count)) return false;
    fields_.clear();
    for (size_t i = 0; i < count; ++i) {
      fields_.push_back(same_names ? names_[i] : elements_.Text());
      fields_.push_back(elements_.Text());
    }
    const StreamId id{first_.ms + static_cast<uint64_t>(ms),
                      first_.seq + static_cast<uint64_t>(seq)};
    if (entries_ == 0 && id != first_) return false;
    return elements_.Integer(&size) && stream_.AddEntry(id, fields_, (flags & kDeleted) != 0);
  }

  StreamObject& stream_;
  const StreamId first_;
  Elements elements_;
  std::vector<std::string_view> names_;
  std::vector<std::string_view> fields_;  // of an entry
  int64_t entries_ = 0;
};

bool ReadBlocks(Reader* reader, StreamObject* stream) {
  uint64_t count = 0;
  std::optional<StreamId> before;
  if (!reader->Count(&count)) return false;
  for (; count > 0; --count) {
    std::string scratch;
    std::string_view text;
    if (!reader->String(&scratch, &text) || text.size() != kIdSize) return false;
    const StreamId first = IdOf(text);
    if (before && *before >= first) return false;
    before = first;
    if (!reader->String(&scratch, &text) || !BlockReader(stream, first).Read(text)) return false;
  }
  return true;
}

// In the order of their IDs, without their consumers.
bool ReadPending(Reader* reader, std::vector<PendingEntry>* pending) {
  uint64_t count = 0;
  if (!reader->Count(&count)) return false;
  for (; count > 0; --count) {
    PendingEntry entry;
    if (!ReadIdBytes(reader, &entry.id) || !reader->Milliseconds(&entry.pending.delivered) ||
        !reader->Length(&entry.pending.deliveries)) {
      return false;
    }
    if (!pending->empty() && pending->back().id >= entry.id) return false;
    pending->push_back(entry);
  }
  return true;
}

constexpr uint32_t kNobody = static_cast<uint32_t>(-1);

bool ReadConsumer(Form form, Reader* reader, ConsumerGroup* group,
                  std::vector<PendingEntry>* pending) {
  std::string scratch;
  std::string_view name;
  UnixMillis seen = 0;
  UnixMillis active = 0;
  uint64_t count = 0;
  if (!reader->String(&scratch, &name) || group->Find(name) != nullptr) return false;
  const ConsumerGroup::Number number = group->Add(name, 0);
  if (!reader->Milliseconds(&seen)) return false;
  if (form == Form::kStream3 && !reader->Milliseconds(&active)) return false;
  group->Seen(number, seen);
  if (!reader->Count(&count)) return false;
  for (; count > 0; --count) {
    StreamId id;
    if (!ReadIdBytes(reader, &id)) return false;
    const auto found = std::lower_bound(
        pending->begin(), pending->end(), id,
        [](const PendingEntry& entry, StreamId wanted) { return entry.id < wanted; });
    if (found == pending->end() || found->id != id || found->pending.consumer != kNobody) {
      return false;
    }
    found->pending.consumer = number;
  }
  return true;
}

// What is pending is somebody's.
bool ReadPendingAndConsumers(Form form, Reader* reader, ConsumerGroup* group) {
  std::vector<PendingEntry> pending;
  if (!ReadPending(reader, &pending)) return false;
  for (PendingEntry& entry : pending) entry.pending.consumer = kNobody;
  uint64_t count = 0;
  if (!reader->Count(&count)) return false;
  for (; count > 0; --count) {
    if (!ReadConsumer(form, reader, group, &pending)) return false;
  }
  for (const PendingEntry& entry : pending) {
    if (entry.pending.consumer == kNobody) return false;
    group->Assign(entry);
  }
  return true;
}

bool ReadGroups(Form form, Reader* reader, StreamObject* stream) {
  uint64_t count = 0;
  if (!reader->Count(&count)) return false;
  for (; count > 0; --count) {
    std::string scratch;
    std::string_view text;
    StreamId last;
    uint64_t entries_read = 0;
    if (!reader->String(&scratch, &text) || stream->FindGroup(text) != nullptr) return false;
    const std::string name(text);
    if (!ReadId(reader, &last)) return false;
    if (form == Form::kStream1) {
      entries_read = static_cast<uint64_t>(stream->CountUpTo(last));
    } else if (!reader->Length(&entries_read)) {
      return false;
    }
    stream->AddGroup(name, last, static_cast<int64_t>(entries_read));
    bool whole = false;
    stream->ChangeGroup(*stream->FindGroup(name), [&](ConsumerGroup& group) {
      whole = ReadPendingAndConsumers(form, reader, &group);
    });
    if (!whole) return false;
  }
  return true;
}

}  // namespace

void AppendStream(const StreamObject& stream, Writer* writer) {
  writer->Length(stream.blocks());
  stream.ForEachBlock([writer](const StreamBlock& block) { AppendBlock(block, writer); });
  writer->Length(stream.size());
  AppendId(stream.last_id, writer);
  AppendId(stream.first_id(), writer);
  AppendId(stream.max_deleted_id, writer);
  writer->Length(stream.entries_added);
  writer->Length(stream.groups());
  stream.ForEachGroup([writer](std::string_view name, const ConsumerGroup& group) {
    AppendGroup(name, group, writer);
  });
}

std::unique_ptr<StreamObject> ReadStream(Form form, Reader* reader) {
  auto stream = std::make_unique<StreamObject>();
  uint64_t length = 0;
  StreamId first;
  if (!ReadBlocks(reader, stream.get()) || !reader->Length(&length) || length != stream->size()) {
    return nullptr;
  }
  const StreamId newest = stream->last_id;
  if (!ReadId(reader, &stream->last_id) || newest > stream->last_id) return nullptr;
  stream->entries_added = length;
  if (form != Form::kStream1 &&
      (!ReadId(reader, &first) || !ReadId(reader, &stream->max_deleted_id) ||
       !reader->Length(&stream->entries_added))) {
    return nullptr;
  }
  return ReadGroups(form, reader, stream.get()) ? std::move(stream) : nullptr;
}

}  // namespace keyhole::store::rdb
