// A cluster of two masters that the test plays, behind a worker without sockets: "a" has the lower
// half of the slots and "b" the upper half.
//
//     TwoNodes cluster;
//     Client& app = cluster.Connect();
//     app.Send("GET foo\r\n");                        // slot 12182, at b
//     EXPECT_THAT(cluster.at("b").Requests(), ElementsAre("GET foo"));
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/support/core_harness.h"

namespace keyhole::test {

class TwoNodes {
 public:
  // Keys by where they are: "foo" and "c" are at b, "b" and "bar" at a.
  static constexpr std::string_view kAtA = "b";    // slot 3300
  static constexpr std::string_view kAtB = "foo";  // slot 12182

  static core::Config InFrontOfIt() {
    core::Config config = Harness::WithUpstream();
    config.upstream->seeds = {core::Endpoint::Tcp("a", 1)};
    config.upstream->endpoint = config.upstream->seeds.front();
    return config;
  }
  explicit TwoNodes(const core::Config& config = InFrontOfIt(), bool answers = true)
      : keyhole_(config) {
    if (!answers) return;
    TellMap(Map("a", "b"));
    at("a").Requests();
    at("b").Requests();
  }

  // The reply to CLUSTER SLOTS: who has the lower and who the upper half.
  static std::string Map(std::string_view lower, std::string_view upper) {
    return "*2\r\n" + Range(0, 8191, lower) + Range(8192, 16383, upper);
  }
  // A node has been asked for the map, and says this.
  void TellMap(std::string_view slots, uint64_t epoch = 1, std::string_view node = "a") {
    const std::string info = "cluster_current_epoch:" + std::to_string(epoch) + "\r\n";
    at(node).Reply(std::string(slots) + "$" + std::to_string(info.size()) + "\r\n" + info + "\r\n");
  }

  Client& Connect() { return keyhole_.Connect(); }
  Harness& keyhole() { return keyhole_; }
  // The main link to the node.
  RedisEnd& at(std::string_view host) { return *Find(host, false); }
  // The connection to it that was made last.
  RedisEnd& last_at(std::string_view host) { return *Find(host, true); }
  void Advance(int milliseconds) { keyhole_.Advance(std::chrono::milliseconds(milliseconds)); }

 private:
  static std::string Range(int from, int to, std::string_view host) {
    return "*3\r\n:" + std::to_string(from) + "\r\n:" + std::to_string(to) + "\r\n*3\r\n$" +
           std::to_string(host.size()) + "\r\n" + std::string(host) + "\r\n:1\r\n$2\r\nid\r\n";
  }
  RedisEnd* Find(std::string_view host, bool last) {
    RedisEnd* found = nullptr;
    for (size_t i = 0; i < keyhole_.connections() && (found == nullptr || last); ++i) {
      RedisEnd& end = keyhole_.redis(i);
      if (end.endpoint().host == host && end.open()) found = &end;
    }
    if (found == nullptr) throw std::out_of_range("no connection to " + std::string(host));
    return found;
  }

  Harness keyhole_;
};

}  // namespace keyhole::test
