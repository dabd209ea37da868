#include "proxy/store/keyspace/entry.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>

#include "proxy/store/memory/poison.h"

namespace keyhole::store {
namespace {

// Owns an entry for a test.
class Owner {
 public:
  explicit Owner(Entry owned) : entry(owned) {}
  ~Owner() { Entry::Destroy(entry); }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  Entry entry;
};

// What malloc takes for so many bytes with its header. A sanitizer's own does not round up to that.
size_t FromMalloc([[maybe_unused]] size_t rounded, [[maybe_unused]] size_t bytes) {
#if defined(KEYHOLE_ASAN) || defined(__SANITIZE_THREAD__)
  return bytes;
#else
  return rounded;
#endif
}

Entry Make(std::string_view key, std::string_view value, UnixMillis expire = kNever) {
  const Entry entry = Entry::MakeString(key, value.size(), expire);
  std::memcpy(entry.value_bytes(), value.data(), value.size());
  return entry;
}

TEST(Entry, HoldsKeyValueAndExpiry) {
  const Owner plain(Make("key", "value"));
  EXPECT_EQ(plain.entry.key(), "key");
  EXPECT_EQ(plain.entry.value(), "value");
  EXPECT_FALSE(plain.entry.has_expire());
  EXPECT_EQ(plain.entry.expire(), kNever);
  EXPECT_EQ(plain.entry.type(), ValueType::kString);

  const Owner expiring(Make("key", "value", 12345));
  EXPECT_EQ(expiring.entry.key(), "key");
  EXPECT_EQ(expiring.entry.value(), "value");
  EXPECT_EQ(expiring.entry.expire(), 12345);
}

TEST(Entry, IsSmall) {
  const std::string key(16, 'k');
  const std::string value(32, 'v');
  const Owner plain(Make(key, value));
  EXPECT_EQ(plain.entry.memory(MallocHeap()), FromMalloc(64U, 59));
  const Owner expiring(Make(key, value, 1));
  EXPECT_EQ(expiring.entry.memory(MallocHeap()), FromMalloc(80U, 67));
}

TEST(Entry, AllowsAnySizes) {
  for (const size_t key_size : {0U, 1U, 255U, 256U, 70000U}) {
    for (const size_t value_size : {0U, 1U, 255U, 256U, 70000U}) {
      const std::string key(key_size, 'k');
      const std::string value(value_size, 'v');
      const Owner owner(Make(key, value, 99));
      EXPECT_EQ(owner.entry.key(), key);
      EXPECT_EQ(owner.entry.value(), value);
      EXPECT_EQ(owner.entry.expire(), 99);
    }
  }
}

TEST(Entry, ResizesOverTheNarrowLimitAndBack) {
  Owner owner(Make("key", "0123456789", 7));
  owner.entry = Entry::Resized(owner.entry, 300);
  EXPECT_EQ(owner.entry.value().substr(0, 10), "0123456789");
  EXPECT_EQ(owner.entry.value_size(), 300U);
  EXPECT_EQ(owner.entry.expire(), 7);
  owner.entry = Entry::Resized(owner.entry, 100'000);
  owner.entry = Entry::Resized(owner.entry, 5);
  EXPECT_EQ(owner.entry.value(), "01234");
  EXPECT_EQ(owner.entry.key(), "key");
  owner.entry = Entry::Resized(owner.entry, 0);
  EXPECT_EQ(owner.entry.value(), "");
}

TEST(Entry, GainsChangesAndLosesItsExpiry) {
  Owner owner(Make("key", "value"));
  owner.entry = Entry::WithExpire(owner.entry, 1);
  EXPECT_EQ(owner.entry.expire(), 1);
  owner.entry = Entry::WithExpire(owner.entry, 2);
  EXPECT_EQ(owner.entry.expire(), 2);
  owner.entry = Entry::WithExpire(owner.entry, kNever);
  EXPECT_FALSE(owner.entry.has_expire());
  owner.entry = Entry::WithExpire(owner.entry, kNever);
  EXPECT_EQ(owner.entry.value(), "value");
}

TEST(Entry, CanBeRenamedToALongerKey) {
  Owner owner(Make("key", "value", 5));
  const std::string key(1000, 'x');
  owner.entry = Entry::Renamed(owner.entry, key);
  EXPECT_EQ(owner.entry.key(), key);
  EXPECT_EQ(owner.entry.value(), "value");
  EXPECT_EQ(owner.entry.expire(), 5);
}

struct Counted : Object {
  explicit Counted(int* count) : alive(count) { ++*alive; }
  ~Counted() override { --*alive; }
  size_t memory() const override { return 1000; }
  std::unique_ptr<Object> Clone(Heap&) const override { return std::make_unique<Counted>(alive); }
  int* alive;
};

TEST(Entry, OwnsItsObject) {
  int alive = 0;
  {
    Owner owner(
        Entry::MakeObject(Encoding::kTableHash, "key", std::make_unique<Counted>(&alive), kNever));
    EXPECT_EQ(owner.entry.type(), ValueType::kHash);
    EXPECT_EQ(owner.entry.memory(MallocHeap()), FromMalloc(1032U, 1022));
    Object* const object = owner.entry.object();
    owner.entry = Entry::WithExpire(owner.entry, 8);
    owner.entry = Entry::Renamed(owner.entry, "other");
    EXPECT_EQ(owner.entry.object(), object);
    EXPECT_EQ(owner.entry.encoding(), Encoding::kTableHash);
    EXPECT_EQ(alive, 1);
    const Owner copy(Entry::MakeCopy(owner.entry, "copy"));
    EXPECT_EQ(copy.entry.key(), "copy");
    EXPECT_EQ(copy.entry.expire(), 8);
    EXPECT_NE(copy.entry.object(), object);
    EXPECT_EQ(alive, 2);
  }
  EXPECT_EQ(alive, 0);
}

TEST(Entry, KeepsItsEncoding) {
  for (const Encoding encoding : {Encoding::kPlainString, Encoding::kRawString,
                                  Encoding::kPackedHash, Encoding::kIntegerSet}) {
    Owner owner(Entry::MakeInline(encoding, "key", 3, kNever));
    std::memcpy(owner.entry.value_bytes(), "abc", 3);
    owner.entry = Entry::WithExpire(Entry::Resized(owner.entry, 300), 5);
    EXPECT_EQ(owner.entry.encoding(), encoding);
    EXPECT_EQ(owner.entry.type(), TypeOf(encoding));
    const Owner copy(Entry::MakeCopy(owner.entry, "copy"));
    EXPECT_EQ(copy.entry.encoding(), encoding);
    EXPECT_EQ(copy.entry.value().substr(0, 3), "abc");
  }
}

}  // namespace
}  // namespace keyhole::store
