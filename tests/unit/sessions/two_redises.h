// A client whose keys are spread over two Redises: a router as a cluster has one, with two links
// that the test plays.
//
//     TwoRedises both;
//     both.Send("GET a1\r\nGET b1\r\n");
//     both.link(1).Reply("$-1\r\n");
//     EXPECT_EQ(both.Received(), "");  // the reply to a1 comes first
#pragma once

#include <gtest/gtest.h>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/snapshot.h"
#include "proxy/links/link.h"
#include "proxy/links/router.h"
#include "proxy/links/transport.h"
#include "proxy/sessions/client_session.h"
#include "proxy/sessions/session_context.h"

namespace keyhole::test {

// A link whose Redis is the test.
class ScriptedLink final : public core::Link {
 public:
  using Link::Link;

  void Send(const resp::Request& request, core::Exchange&& exchange) override {
    for (size_t i = 0; i < request.args.size(); ++i) {
      sent_.append(i > 0 ? " " : "").append(request.args[i]);
    }
    sent_ += '|';
    if (exchange.replies != 0) Expect(request, std::move(exchange));
  }
  void SendMore(std::string_view) override {}

  // Requests since the last call, each with a '|' behind it.
  std::string requests() { return std::exchange(sent_, {}); }
  void Reply(std::string_view bytes) {
    const boost::intrusive_ptr<Link> self(this);
    ASSERT_TRUE(Receive(bytes));
  }
  void Lose() {
    while (!pending_.empty()) pending_.Pop().requester->OnLinkLost();
  }

 private:
  std::string sent_;
};

class TwoRedises final : private core::Transport {
 public:
  explicit TwoRedises(uint64_t output_limit = 0)
      : context_(metrics_, clients_, upstream_), router_(context_) {
    clients_.output_limit = output_limit;
    context_.router = &router_;
    context_.counted.fill(true);
    session_ = new core::ClientSession(context_, "127.0.0.1:50000", *this);
  }
  ~TwoRedises() { Leave(); }

  ScriptedLink& link(size_t i) { return *router_.links[i]; }

  void Send(std::string_view bytes) {
    const auto room = session_->PrepareRead();
    ASSERT_LE(bytes.size(), room.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    session_->CommitRead(bytes.size());
  }
  std::string Received() {
    std::string received(session_->PrepareWrite());
    if (!received.empty()) session_->CommitWrite(received.size());
    return received;
  }
  void Leave() {
    if (!session_->detached()) session_->Detach(metrics::CloseReason::kByClient);
  }
  bool closed() const { return session_->closed(); }
  bool finished() const { return session_->finished(); }
  // "a1 1/0": hits and misses of a key.
  std::string Counted(std::string_view key) const {
    for (size_t slot = 0; slot < directory_.size(); ++slot) {
      if (directory_.label(slot) != key) continue;
      return std::string(key) + ' ' + std::to_string(metrics_.keys.hits(slot)) + '/' +
             std::to_string(metrics_.keys.misses(slot));
    }
    return std::string(key) + " was not counted";
  }

 private:
  struct Context final : core::SessionContext {
    using SessionContext::SessionContext;
    bool asks_password() const override { return false; }
    std::chrono::milliseconds client_idle_timeout() const override { return {}; }
  };

  struct ByFirstLetter final : core::Router {
    explicit ByFirstLetter(core::LinkContext& context)
        : links{new ScriptedLink(context), new ScriptedLink(context)} {}

    Route Choose(const core::Exchange&, const resp::Request& request, const Asking&,
                 core::Attachment* at) override {
      const bool first = request.args.size() < 2 || request.args[1].starts_with('a');
      *at = {links[first ? 0 : 1], core::Attachment::Kind::kRouted};
      return Route::kGo;
    }
    void Release(core::Attachment* at) override { at->Detach(); }
    resp::RequestLimits limits() const override { return {}; }
    bool in_process() const override { return false; }
    bool asks_password() const override { return false; }
    bool up() const override { return true; }

    boost::intrusive_ptr<ScriptedLink> links[2];
  };

  void Wake() override {}
  core::ClientOptions clients_;
  core::UpstreamOptions upstream_;
  metrics::KeyDirectory directory_{100};
  metrics::WorkerMetrics metrics_{directory_};
  Context context_;
  ByFirstLetter router_;
  boost::intrusive_ptr<core::ClientSession> session_;
};

}  // namespace keyhole::test
