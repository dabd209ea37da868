// --snapshot and --load: keys that outlive the process, and what happens when something goes wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

#include "tests/integration/snapshot/snapshot_dir.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

TEST(SnapshotProcess, KeysAreThereAfterARestart) {
  for (const char* const workers : {"1", "3"}) {
    const SnapshotDir dir;
    const Words options = {"--snapshot", dir.File(), "--workers", workers};
    {
      KeyholeProcess keyhole(options);
      HiredisClient client = ClientOf(keyhole.port());
      EXPECT_TRUE(client.Command({"SET", "k", "v"}).ok());
      EXPECT_TRUE(client.Command({"SET", "short", "v", "PX", "1"}).ok());
      EXPECT_EQ(client.Command({"ZADD", "z", "1.5", "m"}).integer, 1);
      EXPECT_TRUE(client.Command({"SELECT", "9"}).ok());
      EXPECT_EQ(client.Command({"RPUSH", "l", "a", "b"}).integer, 2);
      keyhole.Terminate();
      EXPECT_EQ(keyhole.Wait(), 0);
    }
    KeyholeProcess keyhole(options);
    HiredisClient client = ClientOf(keyhole.port());
    EXPECT_EQ(client.Command({"GET", "k"}).text, "v");
    EXPECT_TRUE(client.Command({"GET", "short"}).is_null());
    EXPECT_EQ(client.Command({"ZSCORE", "z", "m"}).text, "1.5");
    EXPECT_TRUE(client.Command({"SELECT", "9"}).ok());
    EXPECT_EQ(client.Command({"LLEN", "l"}).integer, 2);
    EXPECT_FALSE(std::filesystem::exists(dir.File() + ".new"));
  }
}

TEST(SnapshotProcess, ShutdownSavesUnlessToldOtherwise) {
  const SnapshotDir dir;
  const Words options = {"--snapshot", dir.File(), "--allow-shutdown"};
  for (const bool save : {true, false}) {
    KeyholeProcess keyhole(options);
    HiredisClient client = ClientOf(keyhole.port());
    client.Command({"SET", "saved", save ? "yes" : "no"});
    client.Command(save ? Words{"SHUTDOWN"} : Words{"SHUTDOWN", "NOSAVE"});
    EXPECT_EQ(keyhole.Wait(), 0);
  }
  KeyholeProcess keyhole(options);
  EXPECT_EQ(ClientOf(keyhole.port()).Command({"GET", "saved"}).text, "yes");
}

TEST(SnapshotProcess, WhatIsLoadedIsNotWritten) {
  const SnapshotDir dir;
  {
    RedisServer redis(dir.RedisConfig());
    HiredisClient client = ClientOf(redis.port());
    client.Command({"SET", "k", "of redis"});
    EXPECT_TRUE(client.Command({"SAVE"}).ok());
  }
  const std::string bytes = dir.Read();
  KeyholeProcess keyhole({"--load", dir.File()});
  HiredisClient client = ClientOf(keyhole.port());
  EXPECT_EQ(client.Command({"GET", "k"}).text, "of redis");
  client.Command({"SET", "k", "changed"});
  EXPECT_TRUE(client.Command({"SAVE"}).is_error());
  keyhole.Terminate();
  EXPECT_EQ(keyhole.Wait(), 0);
  EXPECT_EQ(dir.Read(), bytes);
}

TEST(SnapshotProcess, WhatCannotBeLoadedIsRefusedAndKept) {
  const SnapshotDir dir;
  {
    KeyholeProcess keyhole({"--snapshot", dir.File()});
    ClientOf(keyhole.port()).Command({"SET", "k", std::string(1000, 'x')});
    keyhole.Terminate();
    keyhole.Wait();
  }
  const std::string whole = dir.Read();
  std::string broken = whole;
  broken[whole.size() - 3] = static_cast<char>(broken[whole.size() - 3] ^ 1);
  struct Row {
    std::string bytes;
    const char* says;
  };
  for (const Row& row : {Row{whole.substr(0, whole.size() - 20), "it ends too early"},
                         Row{broken, "its checksum is wrong"}, Row{"", "it ends too early"},
                         Row{"not a snapshot at all", "this is no snapshot of Redis"}}) {
    dir.Write(row.bytes);
    const Refusal refusal({"--snapshot", dir.File()});
    EXPECT_EQ(refusal.exit_code, 1);
    EXPECT_THAT(refusal.text, HasSubstr("cannot load " + dir.File() + ": at byte "));
    EXPECT_THAT(refusal.text, HasSubstr(row.says));
    EXPECT_EQ(dir.Read(), row.bytes);
  }
  EXPECT_THAT(Refusal({"--load", dir.File("missing")}).text, HasSubstr("No such file"));
}

TEST(SnapshotProcess, UnknownTypesAreNamedOrLeftOut) {
  const SnapshotDir dir;
  // A library of functions before a key; without a checksum.
  dir.Write(std::string("REDIS0010\xF5\3abc", 14) +
            std::string("\0\1k\1v\xFF\0\0\0\0\0\0\0\0", 14));
  const Refusal refusal({"--load", dir.File()});
  EXPECT_THAT(refusal.text, HasSubstr("at byte 10: a library of functions"));
  EXPECT_THAT(refusal.text, HasSubstr("--snapshot-skip-unknown"));
  KeyholeProcess keyhole({"--load", dir.File(), "--snapshot-skip-unknown"});
  EXPECT_EQ(ClientOf(keyhole.port()).Command({"GET", "k"}).text, "v");
}

// A disk that is full: /dev/full takes nothing.
TEST(SnapshotProcess, OnAFullDiskTheOneBeforeIsKept) {
  const SnapshotDir dir;
  KeyholeProcess keyhole({"--snapshot", dir.File()});
  HiredisClient client = ClientOf(keyhole.port());
  client.Command({"SET", "k", "v"});
  EXPECT_TRUE(client.Command({"SAVE"}).ok());
  const std::string before = dir.Read();
  std::filesystem::create_symlink("/dev/full", dir.File() + ".new");
  client.Command({"SET", "k", "w"});
  EXPECT_TRUE(client.Command({"SAVE"}).is_error());
  EXPECT_THAT(client.Command({"INFO", "persistence"}).text,
              HasSubstr("rdb_last_bgsave_status:err"));
  EXPECT_EQ(dir.Read(), before);
  EXPECT_EQ(keyhole.Metric("keyhole_store_snapshots_total{result=\"error\"}"), 1);
  EXPECT_TRUE(client.Command({"SAVE"}).ok()) << "there is room again";
  EXPECT_EQ(keyhole.Metric("keyhole_store_snapshots_total{result=\"ok\"}"), 2);
  EXPECT_GT(keyhole.Metric("keyhole_store_snapshot_timestamp_seconds"), 1.7e9);
}

TEST(SnapshotProcess, ASnapshotIsMadeFromTimeToTime) {
  const SnapshotDir dir;
  KeyholeProcess keyhole({"--snapshot", dir.File(), "--snapshot-every", "1s"});
  ClientOf(keyhole.port()).Command({"SET", "k", "v"});
  keyhole.AwaitMetric("keyhole_store_snapshots_total{result=\"ok\"}", 1);
  keyhole.Kill();
  keyhole.Wait();
  KeyholeProcess again({"--snapshot", dir.File()});
  EXPECT_EQ(ClientOf(again.port()).Command({"GET", "k"}).text, "v");
}

// Killed anywhere while it writes. What was acknowledged by SAVE is there, and never a torn file.
TEST(SnapshotProcess, KilledAtAnyMomentTheLastOneLoads) {
  constexpr int kKills = 25;
  const SnapshotDir dir;
  int saved = 0;
  for (int i = 1; i <= kKills; ++i) {
    KeyholeProcess keyhole({"--snapshot", dir.File(), "--enable-debug-command"});
    HiredisClient client = ClientOf(keyhole.port());
    const int there = std::atoi(client.Command({"GET", "round"}).text.c_str());
    ASSERT_GE(there, saved);
    client.Command({"DEBUG", "POPULATE", "20000"});
    client.Command({"SET", "round", std::to_string(i)});
    if (i % 5 == 0) {
      ASSERT_TRUE(client.Command({"SAVE"}).ok());
      saved = i;
    }
    client.Command({"BGSAVE"});
    std::this_thread::sleep_for(std::chrono::milliseconds(i * 7 % 100));  // anywhere in it
    keyhole.Kill();
    keyhole.Wait();
  }
}

}  // namespace
}  // namespace keyhole::test
