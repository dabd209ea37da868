// Keys that are credentials do not stand in labels, and still count one by one.
#include "metrics/session_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "metrics/key_directory.h"
#include "metrics/label.h"
#include "metrics/top_list.h"

namespace keyhole::metrics {
namespace {

using testing::Not;
using testing::StartsWith;

constexpr const char* kId = "iG55HTuf35SJ0aRq1bLx8ZkVnW2cYdM7Pe4tUoQs";  // of forty characters

TEST(SessionKeys, WhatFrameworksCallThem) {
  const std::string id = kId;
  for (const std::string prefix : {"sess:",
                                   "koa:sess:",
                                   "session:",
                                   "scs:session:",
                                   "shiro:session:",
                                   "rack:session:2::",
                                   "myapp:session:",
                                   "session_",
                                   "sess_",
                                   "spring:session:sessions:",
                                   "spring:session:sessions:expires:",
                                   ":1:django.contrib.sessions.cache",
                                   "shop:1:django.contrib.sessions.cached_db",
                                   "django.contrib.sessions.cache",
                                   "laravel_session:",
                                   "laravel_database_laravel_session:",
                                   "my-app-session-",
                                   "laravel_cache:",
                                   "laravel_database_laravel_cache_",
                                   "laravel_database_laravel_cache_:",
                                   "app-database-app-cache-",
                                   "PHPREDIS_SESSION:",
                                   "sf_s",
                                   "ci_session:"}) {
    EXPECT_TRUE(IsSessionKey(prefix + id)) << prefix;
    EXPECT_EQ(SessionLabel(prefix + id).find(id.substr(0, 6)), std::string::npos) << prefix;
  }
  EXPECT_TRUE(IsSessionKey("{/_" + id + "}_Data"));
  EXPECT_TRUE(IsSessionKey("{/_" + id + "}_Internal"));
}

TEST(SessionKeys, OtherKeysAreNot) {
  for (const std::string key :
       {"", "user:1", "product:17", "session", "sessions", "obsession:1", "sess", "possess:1",
        "laravel_cache:users", "laravel_database_laravel_cache_:config", "cache:1", "foo",
        "{tag}:x", ":1:greeting", "assessment:session"}) {
    EXPECT_FALSE(IsSessionKey(key)) << key;
  }
  EXPECT_FALSE(IsSessionKey(std::string(10'000'000, 'x') + ":session:1")) << "and it costs nothing";
}

TEST(SessionKeys, LabelsShowTheKindAndNoMore) {
  EXPECT_EQ(SessionLabel("sess:abc"), "sess:" + HashLabel("sess:abc"));
  EXPECT_EQ(SessionLabel("app:session:abc"), HashLabel("app:session:abc"));
  std::set<std::string> labels;
  for (int i = 0; i < 1000; ++i) labels.insert(SessionLabel("sess:" + std::to_string(i)));
  EXPECT_EQ(labels.size(), 1000u);
  // A key that looks like such a label gets another one.
  EXPECT_EQ(labels.count(KeyLabel(SessionLabel("sess:1"))), 0u);
}

TEST(SessionKeys, ByDefaultTheyAreHashedAndOneOptionTakesThatOff) {
  const std::string key = std::string("sess:") + kId;
  EXPECT_EQ(KeyDirectory(KeyOptions{}).LabelOf(key), SessionLabel(key));
  EXPECT_EQ(KeyDirectory(KeyOptions{}).LabelOf("user:1"), "user:1");
  EXPECT_EQ(KeyDirectory(KeyOptions{.hash_sessions = false}).LabelOf(key), key);
  EXPECT_EQ(KeyDirectory(KeyOptions{.labels = KeyLabels::kHash}).LabelOf(key), HashLabel(key));
  EXPECT_EQ(KeyDirectory(KeyOptions{.patterns = {"sess:*"}}).LabelOf(key), "sess:*");
}

TEST(SessionKeys, EachHasASlotOfItsOwn) {
  KeyDirectory directory(KeyOptions{.capacity = 3});
  const auto add = [&directory](const std::string& key) {
    return directory.Add(key, KeyIdentity(key));
  };
  EXPECT_NE(add("sess:a"), add("sess:b"));
  EXPECT_EQ(add("sess:a"), add("sess:a"));
  EXPECT_EQ(directory.size(), 2u);
  EXPECT_THAT(std::string(directory.label(0)), StartsWith("sess:#"));
  EXPECT_THAT(std::string(directory.label(0)), Not(std::string(directory.label(1))));
}

TEST(SessionKeys, TheBiggestAndSlowestDoNotShowThemEither) {
  const KeyDirectory directory(KeyOptions{});
  TopList list;
  list.Offer(resp::CommandId::kGet, std::string("sess:") + kId, 1000, TopList::Instant{},
             directory);
  std::vector<TopEntry> entries;
  list.AddTo(&entries);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].label, SessionLabel(std::string("sess:") + kId));
}

}  // namespace
}  // namespace keyhole::metrics
