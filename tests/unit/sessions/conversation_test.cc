// What requests make of a connection: every effect from every state.
#include "proxy/sessions/conversation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace keyhole::core {
namespace {

using Multi = Conversation::Multi;
using Replies = Conversation::Replies;
using resp::Effect;

void Send(Conversation& talk, Effect effect, std::string_view last = {}) {
  talk.OnSent({.effect = effect, .last = last});
}

struct Start {
  std::string name;
  std::vector<std::pair<Effect, std::string_view>> requests;
};

const Start kStarts[] = {
    {"new", {}},
    {"queueing", {{Effect::kMulti, ""}}},
    {"watching", {{Effect::kWatch, ""}}},
    {"queueing while watching", {{Effect::kWatch, ""}, {Effect::kMulti, ""}}},
    {"replies off", {{Effect::kClientReply, "off"}}},
    {"next reply skipped", {{Effect::kClientReply, "skip"}}},
    {"blocked", {{Effect::kPrivateOnce, ""}}},
};

Conversation From(const Start& start) {
  Conversation talk;
  for (const auto& [effect, last] : start.requests) Send(talk, effect, last);
  return talk;
}

TEST(Conversation, EveryEffectFromEveryState) {
  for (const Start& start : kStarts) {
    for (int i = 0; i < resp::kEffectCount; ++i) {
      const auto effect = static_cast<Effect>(i);
      const Conversation before = From(start);
      Conversation after = before;
      Send(after, effect, "nothing");
      SCOPED_TRACE(start.name + ", effect " + std::to_string(i));

      Multi multi = before.multi();
      if (effect == Effect::kMulti) multi = Multi::kQueueing;
      if (effect == Effect::kExec || effect == Effect::kDiscard || effect == Effect::kReset) {
        multi = Multi::kNone;
      }
      EXPECT_EQ(after.multi(), multi);

      bool watching = before.watching();
      if (effect == Effect::kWatch && !before.queueing()) watching = true;
      if (effect == Effect::kUnwatch && !before.queueing()) watching = false;
      if ((effect == Effect::kExec || effect == Effect::kDiscard) && before.queueing()) {
        watching = false;
      }
      if (effect == Effect::kReset) watching = false;
      EXPECT_EQ(after.watching(), watching);

      const bool off = before.replies() == Replies::kOff && effect != Effect::kReset;
      EXPECT_EQ(after.replies(), off ? Replies::kOff : Replies::kOn);

      const bool waits =
          effect == Effect::kPrivateOnce || effect == Effect::kSentinel || effect == Effect::kWait;
      EXPECT_EQ(after.blocked(), before.blocked() || (waits && !before.queueing()));

      const bool leaves = effect == Effect::kPin || effect == Effect::kTaint ||
                          effect == Effect::kMonitor || effect == Effect::kReplication ||
                          effect == Effect::kWait || effect == Effect::kClientReply;
      const bool begins = effect == Effect::kSubscribe || effect == Effect::kPsubscribe ||
                          effect == Effect::kSsubscribe;
      const bool more = leaves || (begins && before.queueing());
      EXPECT_EQ(after.untracked(), before.untracked() + (more ? 1 : 0));
    }
  }
}

TEST(Conversation, ClientReply) {
  Conversation talk;
  Send(talk, Effect::kClientReply, "SKIP");
  EXPECT_EQ(talk.replies(), Replies::kSkipNext);
  Send(talk, Effect::kClientReply, "SKIP");  // itself the one that is skipped
  EXPECT_EQ(talk.replies(), Replies::kSkipNext);
  EXPECT_TRUE(talk.TakeSkip());
  EXPECT_FALSE(talk.hides_reply());
  Send(talk, Effect::kClientReply, "OFF");
  Send(talk, Effect::kClientReply, "SKIP");
  EXPECT_EQ(talk.replies(), Replies::kOff);
  EXPECT_FALSE(talk.TakeSkip());
  Send(talk, Effect::kClientReply, "ON");
  EXPECT_EQ(talk.replies(), Replies::kOn);
}

TEST(Conversation, AnUploadLastsFromHeadToTail) {
  Conversation talk;
  talk.OnSent({.in_pieces = true, .answered = false, .arguments = 3});
  EXPECT_TRUE(talk.uploading());
  EXPECT_TRUE(talk.needs_own_link());
  const auto upload = talk.TakeUpload();
  ASSERT_TRUE(upload.has_value());
  EXPECT_FALSE(upload->answered);
  EXPECT_EQ(upload->arguments, 3u);
  EXPECT_FALSE(talk.uploading());
  EXPECT_TRUE(talk.unheard());
  EXPECT_FALSE(talk.needs_own_link());
  talk.OnRaw();
  EXPECT_TRUE(talk.needs_own_link());
}

TEST(Conversation, WhatRedisRefusesLeavesNothingBehind) {
  Conversation talk;
  Send(talk, Effect::kPin);
  EXPECT_FALSE(talk.may_be_cached());
  talk.OnRefused();
  EXPECT_TRUE(talk.may_be_cached());
}

TEST(Conversation, BelievesRepliesUnlessSomeAreHidden) {
  using Value = ProvenState::Value;
  Conversation talk;
  Send(talk, Effect::kMulti);
  talk.Believe(Value::kClean);  // it was refused
  EXPECT_FALSE(talk.needs_own_link());
  talk.Believe(Value::kQueueing);
  EXPECT_TRUE(talk.queueing());
  talk.Believe(Value::kWatching);
  EXPECT_TRUE(talk.watching());
  EXPECT_FALSE(talk.queueing());
  Send(talk, Effect::kClientReply, "OFF");
  talk.Believe(Value::kClean);
  EXPECT_TRUE(talk.watching());
  talk.Reset();
  EXPECT_FALSE(talk.needs_own_link());
}

}  // namespace
}  // namespace keyhole::core
