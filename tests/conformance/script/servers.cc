#include "tests/conformance/script/servers.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include "resp/reply_scanner.h"
#include "resp/reply_writer.h"

namespace keyhole::test {

namespace {

std::vector<std::string_view> Views(const std::vector<std::string>& args) {
  return {args.begin(), args.end()};
}

store::UnixMillis Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

std::chrono::system_clock::time_point At(store::UnixMillis moment) {
  return std::chrono::system_clock::time_point(std::chrono::milliseconds(moment));
}

class StorePeer : public Peer {
 public:
  explicit StorePeer(store::Store& store)
      : store_(store), client_(store.Connect("127.0.0.1:5000", Now())) {}

  void Send(const std::vector<const ScriptLine*>& lines) override {
    held_.insert(held_.end(), lines.begin(), lines.end());
    Run();
  }
  std::string Read() override {
    TakeMessages();
    while (replies_.empty() && waits_ && store_.next_deadline() != store::kNever) {
      std::this_thread::sleep_until(At(store_.next_deadline()));
      store_.EndWaits(Now());
      TakeMessages();
    }
    if (replies_.empty()) return "";
    std::string reply = std::move(replies_.front());
    replies_.pop_front();
    return reply;
  }
  std::string ReadUntilClosed() override { return Read(); }

 private:
  // Up to a request that waits; the others follow when it has its reply.
  void Run() {
    while (!waits_ && !held_.empty()) {
      const ScriptLine& line = *held_.front();
      held_.pop_front();
      const std::vector<std::string_view> views = Views(line.args);
      resp::ByteQueue out;
      const store::Outcome outcome =
          store_.Execute(*client_, resp::Find(views), views, Now(), &out);
      Split(out.Data());
      waits_ = outcome == store::Outcome::kWaiting;
      if (line.reads && outcome == store::Outcome::kSilent) replies_.emplace_back();
    }
  }
  void TakeMessages() {
    resp::ByteQueue messages;
    waits_ = !store_.TakeMessages(*client_, &messages);
    Split(messages.Data());
    Run();
  }
  // Of SUBSCRIBE there are as many as channels.
  void Split(std::string_view bytes) {
    while (!bytes.empty()) {
      resp::ReplyScanner scanner;
      size_t used = 0;
      const auto result = scanner.Scan(bytes, &used);
      if (result != resp::ReplyScanner::Result::kDone) throw std::runtime_error("no reply");
      replies_.emplace_back(bytes.substr(0, used));
      bytes.remove_prefix(used);
    }
  }

  store::Store& store_;
  store::Store::ClientPtr client_;
  bool waits_ = false;
  std::deque<const ScriptLine*> held_;
  std::deque<std::string> replies_;
};

}  // namespace

void SocketPeer::Send(const std::vector<const ScriptLine*>& lines) {
  std::string bytes;
  for (const ScriptLine* line : lines) resp::AppendRequest(line->args, &bytes);
  const ScriptLine& last = *lines.back();
  const bool may_wait = !last.reads && last.compare != Compare::kSilent;
  const std::string before = may_wait ? Blocked() : "";
  if (byte_by_byte_) {
    for (const char& byte : bytes) client_.Send({&byte, 1});
  } else {
    client_.Send(bytes);
  }
  if (!may_wait) return;
  // What the script says next must not come first. A request that is answered at once does not
  // show.
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
  while (Blocked() == before && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

std::string SocketPeer::Blocked() {
  if (!looker_) looker_ = RawClient::Connect(redis_);
  const std::string info = looker_->Ask({"INFO", "clients"});
  const size_t begin = info.find("blocked_clients:");
  return begin == std::string::npos ? "" : info.substr(begin, info.find('\r', begin) - begin);
}

std::vector<std::string> Complete(std::vector<std::string> config) {
  if (std::find(config.begin(), config.end(), "cluster-enabled yes") != config.end()) {
    config.push_back("cluster-port " + std::to_string(FreePort()));
  }
  return config;
}

std::unique_ptr<Peer> RealRedis::Connect() {
  return std::make_unique<SocketPeer>(server_.port(), false, server_.port());
}

ProxiedRedis::ProxiedRedis(const std::vector<std::string>& config, std::vector<std::string> options,
                           bool byte_by_byte)
    : server_(Complete(config)), byte_by_byte_(byte_by_byte) {
  options.push_back("--upstream=redis://127.0.0.1:" + std::to_string(server_.port()));
  proxy_ = std::make_unique<KeyholeProcess>(options);
}

std::unique_ptr<Peer> ProxiedRedis::Connect() {
  return std::make_unique<SocketPeer>(proxy_->port(), byte_by_byte_, server_.port());
}

std::unique_ptr<Peer> EmbeddedStore::Connect() {
  return std::make_unique<StorePeer>(store_);
}

}  // namespace keyhole::test
