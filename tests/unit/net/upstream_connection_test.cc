// How bytes of links are moved, once they are connected.
#include "proxy/net/upstream_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/net/net_story.h"

namespace keyhole::test {
namespace {

// The core's end, as far as the edge sees it.
class End final : public core::UpstreamEnd {
 public:
  void BindTransport(core::Transport* transport) override { transport_ = transport; }
  void OnConnected() override { connected = true; }
  bool OnRead(std::string_view bytes) override {
    read.append(bytes);
    return !refuses;
  }
  bool wants_read() const override { return reading; }
  std::string_view PrepareWrite() const override { return unsent; }
  void CommitWrite(size_t n) override { unsent.erase(0, n); }
  bool wants_shutdown() const override { return ending && unsent.empty(); }
  bool gone() const override { return is_gone; }
  void OnDisconnected() override { ++lost; }
  void Retain() override {}
  void Release() override {}

  void Send(std::string_view bytes) {
    unsent.append(bytes);
    transport_->Wake();
  }
  void Wake() { transport_->Wake(); }
  bool bound() const { return transport_ != nullptr; }

  std::string unsent;
  std::string read;
  bool connected = false;
  bool reading = true;
  bool refuses = false;
  bool ending = false;
  bool is_gone = false;
  int lost = 0;

 private:
  core::Transport* transport_ = nullptr;
};

class UpstreamConnectionTest : public testing::Test {
 protected:
  UpstreamConnectionTest()
      : connection_(
            new net::UpstreamConnection(story_.loop(), story_.state(), story_.upstreams, end_)) {
    connection_->OnConnected(wire_.MakeStream());
    story_.Settle();
  }

  Wire wire_;
  End end_;
  NetStory story_;
  boost::intrusive_ptr<net::UpstreamConnection> connection_;
};

TEST_F(UpstreamConnectionTest, BytesGoBothWays) {
  EXPECT_TRUE(end_.connected);
  end_.Send("one ");
  end_.Send("two");
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "one two");
  EXPECT_EQ(wire_.writes(), 1);
  wire_.Send("reply");
  story_.Settle();
  EXPECT_EQ(end_.read, "reply");
}

TEST_F(UpstreamConnectionTest, HalfAWrite) {
  wire_.TakeOnly(2);
  end_.Send("request");
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "re");
  wire_.Take(100);
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "quest");
}

TEST_F(UpstreamConnectionTest, NothingIsReadThatIsNotWanted) {
  end_.reading = false;
  wire_.Send("reply");
  story_.Settle();
  EXPECT_EQ(end_.read, "");
  end_.reading = true;
  end_.Wake();
  story_.Settle();
  EXPECT_EQ(end_.read, "reply");
}

TEST_F(UpstreamConnectionTest, ALostOneTellsItsLinkOnce) {
  wire_.Send("last words");
  wire_.End();
  story_.Settle();
  EXPECT_EQ(end_.read, "last words");
  EXPECT_EQ(end_.lost, 1);
  EXPECT_FALSE(end_.bound());
  EXPECT_TRUE(wire_.closed());
  EXPECT_TRUE(story_.upstreams.empty());
}

TEST_F(UpstreamConnectionTest, AWriteThatFailsLosesIt) {
  wire_.Break();
  end_.reading = false;
  end_.Send("request");
  story_.Settle();
  EXPECT_EQ(end_.lost, 1);
}

TEST_F(UpstreamConnectionTest, BytesThatMakeNoSenseLoseIt) {
  end_.refuses = true;
  wire_.Send("nonsense");
  story_.Settle();
  EXPECT_EQ(end_.lost, 1);
  EXPECT_TRUE(wire_.closed());
}

TEST_F(UpstreamConnectionTest, TheSendingSideIsClosedWhenAllIsWritten) {
  wire_.TakeOnly(2);
  end_.ending = true;
  end_.Send("bye");
  story_.Settle();
  EXPECT_FALSE(wire_.shut());
  wire_.Take(100);
  story_.Settle();
  EXPECT_EQ(wire_.Received(), "bye");
  EXPECT_TRUE(wire_.shut());
  EXPECT_FALSE(wire_.closed());
}

TEST_F(UpstreamConnectionTest, ALinkThatIsGoneIsToldNothing) {
  end_.is_gone = true;
  end_.Wake();
  story_.Settle();
  EXPECT_TRUE(wire_.closed());
  EXPECT_EQ(end_.lost, 0);
}

}  // namespace
}  // namespace keyhole::test
