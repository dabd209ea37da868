#include "tests/conformance/store/servers.h"

#include <chrono>
#include <string_view>

#include "tests/support/raw_client.h"

namespace keyhole::test {

namespace {

std::vector<std::string_view> Views(const std::vector<std::string>& args) {
  return {args.begin(), args.end()};
}

class RedisPeer : public Peer {
 public:
  explicit RedisPeer(uint16_t port) : client_(RawClient::Connect(port)) {}

  // A reply that comes where none is expected shows up as the answer to the next line.
  std::string Ask(const std::vector<std::string>& args, bool silent) override {
    client_.SendCommand(Views(args));
    return silent ? std::string() : client_.ReadReply();
  }

 private:
  RawClient client_;
};

store::UnixMillis Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

class StorePeer : public Peer {
 public:
  explicit StorePeer(store::Store& store)
      : store_(store), client_(store.Connect("127.0.0.1:5000", Now())) {}

  std::string Ask(const std::vector<std::string>& args, bool) override {
    const std::vector<std::string_view> views = Views(args);
    std::string out;
    store_.Execute(*client_, resp::Find(views), views, Now(), &out);
    return out;
  }

 private:
  store::Store& store_;
  store::Store::ClientPtr client_;
};

}  // namespace

std::unique_ptr<Peer> RealRedis::Connect() {
  return std::make_unique<RedisPeer>(server_.port());
}

std::unique_ptr<Peer> EmbeddedStore::Connect() {
  return std::make_unique<StorePeer>(store_);
}

}  // namespace keyhole::test
