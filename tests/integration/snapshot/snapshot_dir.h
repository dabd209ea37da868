// A directory for snapshots, and what the tests of them share.
//
// Thread: one.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/hiredis_client.h"
#include "tests/support/keyhole_process.h"
#include "tests/support/redis_server.h"

namespace keyhole::test {

class SnapshotDir {
 public:
  SnapshotDir() {
    std::string name = testing::TempDir() + "keyhole_snapshot_XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~SnapshotDir() { std::filesystem::remove_all(path_); }
  SnapshotDir(const SnapshotDir&) = delete;
  SnapshotDir& operator=(const SnapshotDir&) = delete;

  std::string File(const std::string& name = "dump.rdb") const { return (path_ / name).string(); }
  std::string Read(const std::string& name = "dump.rdb") const {
    std::ifstream in(File(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Write(const std::string& bytes, const std::string& name = "dump.rdb") const {
    std::ofstream(File(name), std::ios::binary) << bytes;
  }
  // Lines for a redis-server that begins with the file here, and saves to it.
  std::vector<std::string> RedisConfig() const {
    return {"dir " + path_.string(), "dbfilename dump.rdb", "save \"\"", "databases 16"};
  }

 private:
  std::filesystem::path path_;
};

using Words = std::vector<std::string>;

inline HiredisClient ClientOf(uint16_t port) {
  return HiredisClient::Connect("127.0.0.1", port);
}

// A Keyhole that does not start: what it says, and its exit code.
struct Refusal {
  explicit Refusal(const std::vector<std::string>& options) {
    std::vector<std::string> all = {"--listen", "127.0.0.1:0", "--http", "off"};
    all.insert(all.end(), options.begin(), options.end());
    ChildProcess process(KeyholeProcess::CommandLine(all));
    exit_code = process.Wait();
    text = process.err();
  }
  int exit_code = 0;
  std::string text;
};

}  // namespace keyhole::test
