// A snapshot on its way to the disk, and from there. The file at its place is a whole one at every
// moment, whenever the process or the machine ends:
//
//     Write() ...   PATH.new              PATH
//                   REDIS0010...          the one before
//     Commit()      fsync
//                   rename ------------>  the new one; fsync of its directory
//
// Whatever fails, PATH.new is removed and PATH stays as it was. What a killed process has left of
// PATH.new is overwritten by the next.
//
// Thread: one at a time. Blocks as long as the disk does.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace keyhole::net {

class SnapshotFile {
 public:
  explicit SnapshotFile(std::string path) : path_(std::move(path)) {}
  ~SnapshotFile() { Discard(); }
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  const std::string& path() const { return path_; }

  // Both: false if it cannot be; *problem is one line that says why.
  bool Write(std::string_view bytes, std::string* problem);
  // Nothing comes any more.
  bool Commit(std::string* problem);
  void Discard();

  enum class Read : uint8_t { kDone, kMissing, kFailed };
  // Calls f(bytes, last) for the pieces of the file, until it returns false; the last one is empty.
  Read ReadAll(const std::function<bool(std::string_view bytes, bool last)>& f,
               std::string* problem) const;

 private:
  std::string NewPath() const { return path_ + ".new"; }
  bool SyncDirectory(std::string* problem) const;

  std::string path_;
  int descriptor_ = -1;
};

}  // namespace keyhole::net
