#include "proxy/net/snapshot_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

namespace keyhole::net {

namespace {

bool Fail(std::string what, const std::string& path, std::string* problem) {
  *problem = std::move(what.append(" ").append(path).append(": ").append(std::strerror(errno)));
  return false;
}

}  // namespace

bool SnapshotFile::Write(std::string_view bytes, std::string* problem) {
  constexpr mode_t kForItsOwner = 0600;  // it is all the data there is
  if (descriptor_ < 0) {
    descriptor_ = ::open(NewPath().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kForItsOwner);
    if (descriptor_ < 0) return Fail("cannot create", NewPath(), problem);
  }
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Fail("cannot write", NewPath(), problem);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

bool SnapshotFile::Commit(std::string* problem) {
  if (::fsync(descriptor_) != 0) return Fail("cannot write", NewPath(), problem);
  if (::close(std::exchange(descriptor_, -1)) != 0) return Fail("cannot write", NewPath(), problem);
  if (std::rename(NewPath().c_str(), path_.c_str()) != 0) {
    Fail("cannot rename", NewPath(), problem);
    ::unlink(NewPath().c_str());
    return false;
  }
  return SyncDirectory(problem);
}

bool SnapshotFile::SyncDirectory(std::string* problem) const {
  const std::string parent = std::filesystem::path(path_).parent_path().string();
  const std::string directory = parent.empty() ? "." : parent;
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return Fail("cannot open", directory, problem);
  const bool synced = ::fsync(descriptor) == 0 || Fail("cannot sync", directory, problem);
  ::close(descriptor);
  return synced;
}

void SnapshotFile::Discard() {
  if (descriptor_ < 0) return;
  ::close(std::exchange(descriptor_, -1));
  ::unlink(NewPath().c_str());
}

SnapshotFile::Read SnapshotFile::ReadAll(
    const std::function<bool(std::string_view bytes, bool last)>& f, std::string* problem) const {
  constexpr size_t kPiece = size_t{1} << 20;
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const bool missing = errno == ENOENT;
    Fail("cannot read", path_, problem);
    return missing ? Read::kMissing : Read::kFailed;
  }
  std::vector<char> piece(kPiece);
  Read outcome = Read::kDone;
  for (bool more = true; more;) {
    const ssize_t size = ::read(descriptor, piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      Fail("cannot read", path_, problem);
      outcome = Read::kFailed;
      break;
    }
    more = f({piece.data(), static_cast<size_t>(size)}, size == 0) && size > 0;
  }
  ::close(descriptor);
  return outcome;
}

}  // namespace keyhole::net
