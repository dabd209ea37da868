// Snapshots while clients go on: what is written is what was there when it began, whatever happens
// meanwhile, with one worker and with several.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "proxy/base/random.h"
#include "tests/unit/store/store_client.h"

namespace keyhole::test {
namespace {

using store::NextRandom;
using store::Store;
using testing::HasSubstr;
using Step = Store::SnapshotStep;

store::StoreOptions Options(int workers = 1) {
  return {.workers = workers, .debug_command = true, .can_save = true};
}

// The bytes of the snapshot that is under way. between(): what clients do between two steps.
template <typename F>
std::string Finish(TestStore& test, F&& between) {
  std::string bytes;
  for (;;) {
    const Step step = test.store.StepSnapshot(test.now, /*backlog=*/0);
    if (step.state != Step::State::kMaking) return "none is made";
    bytes += step.bytes;
    if (step.last) break;
    between();
    test.store.Sweep(test.now);
  }
  test.store.EndSnapshot(/*written=*/true, test.now);
  return bytes;
}

std::string Finish(TestStore& test) {
  return Finish(test, [] {});
}

// What DEBUG DIGEST says of a store that was filled with these bytes at that time.
std::string DigestOf(const std::string& bytes, store::UnixMillis now) {
  TestStore other(Options());
  other.now = now;
  const auto loaded = other.store.Load(bytes, /*last=*/true, /*skip_unknown=*/false, now);
  if (loaded.state != Store::LoadStep::State::kDone) return loaded.error;
  return TestClient(other).Ask("DEBUG DIGEST");
}

// Commands on few keys of all types and encodings, large and small.
class Chaos {
 public:
  Chaos(TestStore& test, uint64_t seed) : test_(test), client_(test), random_(seed) {}

  void Fill() {
    for (int i = 0; i < 300; ++i) {
      const std::string n = std::to_string(i);
      client_.Ask("SET s" + n + " " + std::string(static_cast<size_t>(i), 'v'));
      client_.Ask("SET n" + n + " " + n + (i % 3 == 0 ? " PX " + std::to_string(50 * i + 1) : ""));
      client_.Ask("HSET h" + n + " a 1 b " + n);
      client_.Ask("SADD i" + n + " 1 2 " + n);
      client_.Ask("RPUSH l" + n + " x y " + n);
      client_.Ask("ZADD z" + n + " 1 x 2 y " + n + ".5 w");
      client_.Ask("XADD q" + n + " 1-1 f " + n);
      client_.Ask("XGROUP CREATE q" + n + " g 0");
    }
    for (int i = 0; i < 1500; ++i) {
      const std::string n = std::to_string(i);
      client_.Ask("HSET H" + n.substr(0, 1) + " field" + n + " value" + n);
      client_.Ask("SADD S" + n.substr(0, 1) + " member" + n);
      client_.Ask("RPUSH L" + n.substr(0, 1) + " " + std::string(60, 'e') + n);
      client_.Ask("ZADD Z" + n.substr(0, 1) + " " + n + " member" + n);
      client_.Ask("SELECT 2");
      client_.Ask("SET other" + n + " " + n);
      client_.Ask("SELECT 0");
    }
  }

  // A few commands, and time goes on.
  void Act() {
    for (uint64_t left = Any(40); left > 0; --left) client_.Ask(Command());
    test_.now += static_cast<int64_t>(Any(60));
  }

 private:
  uint64_t Any(uint64_t below) { return NextRandom(&random_) % below; }
  std::string Small(const char* type) { return type + std::to_string(Any(300)); }
  std::string Large(const char* type) { return type + std::to_string(Any(10)); }
  std::string Key() {
    constexpr const char* kTypes[] = {"s", "n", "h", "i", "l", "z", "q"};
    constexpr const char* kLarge[] = {"H", "S", "L", "Z"};
    return Any(5) == 0 ? Large(kLarge[Any(4)]) : Small(kTypes[Any(7)]);
  }

  std::string Command() {
    if (Any(400) == 0) return Any(2) == 0 ? "FLUSHDB" : "FLUSHALL";
    if (Any(100) == 0) return "SWAPDB 0 " + std::to_string(1 + Any(3));
    if (Any(100) == 0) return "SELECT " + std::to_string(Any(3));
    const std::string commands[] = {
        "SET " + Key() + " new",
        "APPEND " + Small("s") + " more",
        "SETRANGE " + Small("s") + " 3 xyz",
        "SETBIT " + Small("s") + " " + std::to_string(Any(4000)) + " 1",
        "BITFIELD " + Small("s") + " INCRBY u8 0 7",
        "GETEX " + Small("s") + " PX 30",
        "GETDEL " + Small("s"),
        "INCR " + Small("n"),
        "INCRBYFLOAT " + Small("n") + " 0.5",
        "PERSIST " + Small("n"),
        "GET " + Key(),
        "DEL " + Key(),
        "UNLINK " + Key(),
        "PEXPIRE " + Key() + " " + std::to_string(Any(100)),
        "RENAME " + Key() + " " + Key(),
        "COPY " + Key() + " " + Key() + " REPLACE",
        "MOVE " + Key() + " 1",
        "HSET " + Small("h") + " c " + std::string(Any(80), 'c'),
        "HSET " + Large("H") + " field1 changed",
        "HDEL " + Large("H") + " field1 field2 field11",
        "HINCRBY " + Small("h") + " a 5",
        "SADD " + Small("i") + " word",
        "SREM " + Large("S") + " member1 member12",
        "SPOP " + Large("S"),
        "SMOVE " + Large("S") + " " + Large("S") + " member1",
        "SUNIONSTORE " + Large("S") + " " + Large("S") + " " + Small("i"),
        "LPUSH " + Small("l") + " front",
        "LPOP " + Large("L") + " 3",
        "LSET " + Large("L") + " 5 changed",
        "LTRIM " + Large("L") + " 2 90",
        "LINSERT " + Small("l") + " BEFORE y new",
        "LMOVE " + Large("L") + " " + Small("l") + " LEFT RIGHT",
        "SORT " + Small("l") + " ALPHA STORE " + Small("l"),
        "ZADD " + Small("z") + " 7 v",
        "ZINCRBY " + Large("Z") + " 1000 member1",
        "ZREM " + Large("Z") + " member12 member1",
        "ZPOPMIN " + Large("Z") + " 2",
        "ZRANGESTORE " + Large("Z") + " " + Large("Z") + " 0 50",
        "GEOADD " + Small("z") + " 13 38 place",
        "XADD " + Small("q") + " * f v",
        "XADD " + Small("q") + " MAXLEN 1 * f v",
        "XDEL " + Small("q") + " 1-1",
        "XREADGROUP GROUP g ann STREAMS " + Small("q") + " >",
        "XACK " + Small("q") + " g 1-1",
        "XGROUP CREATECONSUMER " + Small("q") + " g bob",
        "XSETID " + Small("q") + " 9999999999999-1",
        "PFADD p" + std::to_string(Any(5)) + " " + std::to_string(Any(1000)),
        "PFCOUNT p" + std::to_string(Any(5)),
    };
    return commands[Any(std::size(commands))];
  }

  TestStore& test_;
  TestClient client_;
  uint64_t random_;
};

class SnapshotOf : public testing::TestWithParam<int> {};

TEST_P(SnapshotOf, AStoreInUseIsOfOneMoment) {
  int steps = 0;  // a store that has just been flushed takes none
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    TestStore test(Options(GetParam()));
    TestClient observer(test);
    Chaos chaos(test, seed);
    chaos.Fill();
    for (int round = 0; round < 3; ++round) {
      const std::string digest = observer.Ask("DEBUG DIGEST");
      const store::UnixMillis began = test.now;
      EXPECT_EQ(observer.Ask("BGSAVE"), "+Background saving started\r\n");
      const std::string bytes = Finish(test, [&] {
        ++steps;
        chaos.Act();
      });
      EXPECT_EQ(DigestOf(bytes, began), digest);
    }
  }
  EXPECT_GT(steps, 50);
}

TEST_P(SnapshotOf, AStoreThatEvictsIsOfOneMoment) {
  TestStore test(Options(GetParam()));
  TestClient client(test);
  for (int i = 0; i < 5000; ++i) client.Ask("SET k" + std::to_string(i) + " some-value");
  const std::string digest = client.Ask("DEBUG DIGEST");
  client.Ask("CONFIG SET maxmemory-policy allkeys-lru");
  client.Ask("BGSAVE");
  client.Ask("CONFIG SET maxmemory 100000");
  const std::string bytes = Finish(test, [&] { client.Ask("SET another value"); });
  EXPECT_GT(test.store.usage().evicted, 1000U);
  EXPECT_EQ(DigestOf(bytes, test.now), digest);
}

INSTANTIATE_TEST_SUITE_P(Workers, SnapshotOf, testing::Values(1, 4));

TEST(SnapshotCommands, SaveWaitsForTheFile) {
  TestStore test(Options());
  TestClient client(test);
  TestClient other(test);
  client.Ask("SET k v");
  EXPECT_THAT(client.Ask("INFO persistence"), HasSubstr("rdb_changes_since_last_save:1\r\n"));
  test.now += 5000;
  EXPECT_EQ(client.Ask("SAVE"), "");
  EXPECT_EQ(other.Ask("BGSAVE"), "-ERR Background save already in progress\r\n");
  EXPECT_THAT(other.Ask("INFO persistence"), HasSubstr("rdb_bgsave_in_progress:1\r\n"));
  EXPECT_EQ(other.Ask("SET l w"), "+OK\r\n") << "others do not wait";
  const std::string bytes = Finish(test);
  EXPECT_EQ(client.Messages(), "+OK\r\n");
  EXPECT_EQ(client.Ask("LASTSAVE"), ":" + std::to_string(test.now / 1000) + "\r\n");
  EXPECT_THAT(other.Ask("INFO persistence"), HasSubstr("rdb_changes_since_last_save:1\r\n"));
  EXPECT_EQ(test.store.snapshot_status().saved, 1U);
}

TEST(SnapshotCommands, AFailureIsTold) {
  TestStore test(Options());
  TestClient client(test);
  EXPECT_EQ(client.Ask("SAVE"), "");
  while (!test.store.StepSnapshot(test.now, 0).last) {
  }
  test.store.EndSnapshot(/*written=*/false, test.now);
  EXPECT_THAT(client.Messages(), testing::StartsWith("-ERR the snapshot could not be written"));
  EXPECT_THAT(client.Ask("INFO persistence"), HasSubstr("rdb_last_bgsave_status:err\r\n"));
  EXPECT_EQ(test.store.snapshot_status().failed, 1U);
  EXPECT_EQ(client.Ask("BGSAVE SCHEDULE"), "+Background saving started\r\n");
  EXPECT_EQ(client.Ask("BGSAVE NOW"), "-ERR syntax error\r\n");
}

TEST(SnapshotCommands, WithoutAFileThereIsNothingToSaveTo) {
  TestStore test;
  TestClient client(test);
  const std::string error =
      "-ERR the embedded store has no file to save to; --snapshot names one\r\n";
  EXPECT_EQ(client.Ask("SAVE"), error);
  EXPECT_EQ(client.Ask("BGSAVE"), error);
}

TEST(SnapshotRules, ASnapshotIsMadeWhenItIsDue) {
  store::StoreOptions options = Options();
  options.save_rules = {{900, 1}, {60, 100}};
  TestStore test(options);
  TestClient client(test);
  const auto made = [&test] {
    const Step step = test.store.StepSnapshot(test.now, 0);
    if (step.last) test.store.EndSnapshot(/*written=*/true, test.now);
    return step.last;  // there is little to write
  };
  const auto change = [&client](int count) {
    for (int i = 0; i < count; ++i) client.Ask("APPEND k v");
  };
  change(99);
  test.now += 899'000;
  EXPECT_FALSE(made());
  change(1);
  EXPECT_TRUE(made()) << "a hundred in a minute";
  test.now += 900'000;
  EXPECT_FALSE(made()) << "nothing has changed";
  change(1);
  EXPECT_TRUE(made());
  change(100);
  test.now += 59'000;
  EXPECT_FALSE(made());
  test.now += 1'000;
  EXPECT_TRUE(made());
}

// The disk takes nothing, and clients change all there is: what is kept for it stays bounded.
TEST(SnapshotMemory, ASlowDiskMakesItGiveUp) {
  TestStore test(Options());
  TestClient client(test);
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 60; ++i) {
    std::string value;
    uint64_t random = static_cast<uint64_t>(i) + 1;
    while (value.size() < large.size()) value.append(std::to_string(NextRandom(&random)));
    client.Ask({"SET", "k" + std::to_string(i), value});
  }
  client.Ask("BGSAVE");
  constexpr size_t kFull = size_t{1} << 30;
  EXPECT_FALSE(test.store.StepSnapshot(test.now, kFull).dropped);
  for (int i = 0; i < 60; ++i) client.Ask("APPEND k" + std::to_string(i) + " x");
  const Step step = test.store.StepSnapshot(test.now, kFull);
  EXPECT_TRUE(step.dropped);
  EXPECT_EQ(step.bytes.size(), 0U);
  EXPECT_TRUE(step.last || test.store.StepSnapshot(test.now, kFull).last);
  test.store.EndSnapshot(false, test.now);
  client.Ask("BGSAVE");
  EXPECT_EQ(DigestOf(Finish(test), test.now), client.Ask("DEBUG DIGEST"))
      << "and the next is whole";
}

}  // namespace
}  // namespace keyhole::test
