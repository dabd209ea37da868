// A file for one test, which lives as long as the object.
//
// Thread: any; each object has a file of its own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <string>

namespace keyhole::test {

class TempFile {
 public:
  explicit TempFile(const std::string& text) {
    static std::atomic<int> number{0};
    path_ = testing::TempDir() + "keyhole_" + std::to_string(::getpid()) + "_" +
            std::to_string(number.fetch_add(1)) + ".toml";
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TempFile() { std::remove(path_.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace keyhole::test
