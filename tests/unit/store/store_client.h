// A store with a clock of the test's own, and clients that speak to it in plain words.
//
//     TestStore store;
//     TestClient client(store);
//     EXPECT_EQ(client.Ask("SET k v"), "+OK\r\n");
//     store.now += 1000;
#pragma once

#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/store.h"

namespace keyhole::test {

struct TestStore {
  explicit TestStore(store::StoreOptions options = {}) : store(std::move(options)) {}

  store::Store store;
  store::UnixMillis now = 1'700'000'000'000;
};

class TestClient {
 public:
  explicit TestClient(TestStore& test, std::string_view address = "127.0.0.1:50000")
      : test_(test), client_(test.store.Connect(address, test.now)) {}

  std::string Ask(const std::vector<std::string>& args) {
    const std::vector<std::string_view> views(args.begin(), args.end());
    resp::ByteQueue out;
    test_.store.Execute(*client_, resp::Find(views), views, test_.now, &out);
    return std::string(out.Data());
  }
  // Words between spaces.
  std::string Ask(const std::string& line) { return Ask(WordsOf(line)); }
  // The same by Store::Look().
  std::string Look(const std::string& line) {
    const std::vector<std::string> args = WordsOf(line);
    const std::vector<std::string_view> views(args.begin(), args.end());
    resp::ByteQueue out;
    test_.store.Look(*client_, resp::Find(views), views, test_.now, &out);
    return std::string(out.Data());
  }
  // What has come beside the replies, and the reply of a request that waited.
  std::string Messages() {
    resp::ByteQueue out;
    test_.store.TakeMessages(*client_, &out);
    return std::string(out.Data());
  }
  bool closing() const { return store::Store::Closing(*client_); }

 private:
  static std::vector<std::string> WordsOf(const std::string& line) {
    std::istringstream words(line);
    std::vector<std::string> args;
    for (std::string word; words >> word;) args.push_back(word);
    return args;
  }

  TestStore& test_;
  store::Store::ClientPtr client_;
};

}  // namespace keyhole::test
