#include "proxy/store/commands/debug_dataset.h"

#include <array>
#include <cstdio>
#include <string>

#include "proxy/store/rdb/dump.h"
#include "proxy/store/rdb/snapshot_reader.h"
#include "proxy/store/rdb/snapshot_writer.h"

namespace keyhole::store {

namespace {

// Sums and not hashes of the whole where the order does not matter.
class Digest {
 public:
  void Add(std::string_view text, size_t place = 0) {
    for (size_t i = 0; i < parts_.size(); ++i) {
      std::string salted = std::to_string(i) + ":" + std::to_string(place) + ":";
      parts_[i] += EntryTable::Hash(salted.append(text));
    }
  }
  std::string Text() const {
    char text[3 * 16 + 1];
    std::snprintf(text, sizeof(text), "%016llx%016llx%08llx",
                  static_cast<unsigned long long>(parts_[0]),
                  static_cast<unsigned long long>(parts_[1]),
                  static_cast<unsigned long long>(parts_[2] >> 32));
    return text;
  }

 private:
  std::array<uint64_t, 3> parts_{};
};

std::string Joined(const rdb::Element& element) {
  std::string text = std::to_string(element.name.size()) + ":";
  text.append(element.name).append(element.value);
  if (element.expire != kNever) text.append("@").append(std::to_string(element.expire));
  return text.append("=").append(std::to_string(element.score));
}

std::string DigestOf(Entry entry) {
  std::string bytes;
  rdb::Writer writer(&bytes);
  rdb::AppendValue(entry, &writer);
  Digest digest;
  if (entry.type() == ValueType::kStream) {
    digest.Add(bytes);
    return digest.Text();
  }
  const bool ordered = entry.type() == ValueType::kList;
  size_t place = 0;
  rdb::Reader reader(bytes);
  rdb::ReadElements(rdb::FormOf(entry), &reader, [&](const rdb::Element& element) {
    digest.Add(Joined(element), ordered ? ++place : 0);
    return true;
  });
  return digest.Text();
}

template <typename F>
void ForEachEntry(Keyspace& db, UnixMillis now, F&& f) {
  uint64_t cursor = 0;
  do {
    cursor = db.Scan(cursor, now, f);
  } while (cursor != 0);
}

std::string DatasetAsSnapshot(Call& call) {
  rdb::SnapshotWriter writer;
  writer.Begin(call.now, call.engine.memory());
  for (int i = 0; i < call.engine.database_count(); ++i) {
    Keyspace& db = call.engine.database(i);
    if (db.size() == 0) continue;
    writer.Sizes(i, db.size(), db.expiring());
    ForEachEntry(db, call.now, [&](const Entry& entry) { writer.Add(i, entry); });
  }
  writer.End();
  return writer.Take();
}

}  // namespace

void ReloadDataset(Call& call) {
  const std::string bytes = DatasetAsSnapshot(call);
  for (int i = 0; i < call.engine.database_count(); ++i) call.engine.database(i).Clear();
  rdb::SnapshotReader reader(call.engine.databases(), call.engine.read_limits(), call.now,
                             /*skip_unknown=*/false);
  reader.Read(bytes);
  if (reader.End() != rdb::SnapshotReader::State::kDone) {
    return call.reply.Error("ERR Error trying to load the RDB dump: " + reader.error());
  }
  call.reply.Ok();
}

void ShowDigest(Call& call) {
  Digest digest;
  for (int i = 0; i < call.engine.database_count(); ++i) {
    ForEachEntry(call.engine.database(i), call.now, [&](const Entry& entry) {
      std::string text = std::to_string(i) + ":" + DigestOf(entry);
      if (entry.has_expire()) text.append("expires");
      digest.Add(text.append(":").append(entry.key()));
    });
  }
  call.reply.Simple(digest.Text());
}

void ShowValueDigests(Call& call) {
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view key : call.args.subspan(2)) {
    const Entry* const slot = call.db().Find(key, call.now, /*touch=*/false);
    call.reply.Simple(slot == nullptr ? std::string(40, '0') : DigestOf(*slot));
  }
}

}  // namespace keyhole::store
