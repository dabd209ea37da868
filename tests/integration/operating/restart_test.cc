// A restart that clients do not notice, but for connections that end between two requests.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/proxy_test.h"
#include "tests/support/eventually.h"
#include "tests/support/loopback.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

// What systemd has for a keyhole.socket: it listens whoever is there.
class ListeningSocket {
 public:
  ListeningSocket() {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(descriptor, 511), 0);
    EXPECT_EQ(::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    descriptor_ = ::fcntl(descriptor, F_DUPFD, 50);  // children have it, out of the way of 3 and 4
    ::close(descriptor);
  }
  ~ListeningSocket() { ::close(descriptor_); }
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  int descriptor() const { return descriptor_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  uint16_t port() const { return port_; }

 private:
  int descriptor_ = -1;
  uint16_t port_ = 0;
};

// Keyhole as systemd starts it with these two.
std::unique_ptr<ChildProcess> Activated(const ListeningSocket& resp, const ListeningSocket& http,
                                        const std::vector<std::string>& options) {
  std::string line = "exec 3<&" + std::to_string(resp.descriptor()) + " 4<&" +
                     std::to_string(http.descriptor()) + "; LISTEN_PID=$$ LISTEN_FDS=2 exec \"$@\"";
  std::vector<std::string> args = {"bash", "-c", line, "keyhole"};
  for (const std::string& word : KeyholeProcess::CommandLine(options)) args.push_back(word);
  args.insert(args.end(), {"--listen", resp.address(), "--http", http.address()});
  auto process = std::make_unique<ChildProcess>(args);
  process->WaitForErr("RESP on " + resp.address());
  return process;
}

// An application that has one request in flight at a time, and connects again when it must.
class Application {
 public:
  Application(uint16_t port, uint16_t redis, int number)
      : port_(port), key_("n:" + std::to_string(number)), redis_(RawClient::Connect(redis)) {}
  ~Application() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;

  void Run(const std::atomic<bool>& stop) {
    while (!stop) {
      if (descriptor_ < 0) Connect();
      if (descriptor_ >= 0) Ask();
    }
    EXPECT_EQ(redis_.Ask({"GET", key_}), Bulk(std::to_string(answered)));
  }

  int answered = 0;
  int ends = 0;     // of connections, clean ones
  int refused = 0;  // connections
  int resets = 0;
  int lost = 0;  // replies: the request was carried out

 private:
  void Connect() {
    descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(port_);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
      return;
    ++refused;
    End();
  }
  void End() {
    ::close(descriptor_);
    descriptor_ = -1;
  }
  void Ask() {
    const std::string request = Request({"INCR", key_});
    const ssize_t sent = ::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL);
    std::string reply;
    ssize_t n = sent;
    while (n > 0 && !reply.ends_with("\r\n")) {
      char some[64];
      n = ::recv(descriptor_, some, sizeof(some), 0);
      if (n > 0) reply.append(some, static_cast<size_t>(n));
    }
    if (n > 0) {
      ++answered;
      EXPECT_EQ(reply, ":" + std::to_string(answered) + "\r\n");
      return;
    }
    // A stream that has ended gives EPIPE to those that write all the same.
    ++(n == 0 || errno == EPIPE ? ends : resets);
    if (redis_.Ask({"GET", key_}) != (answered == 0 ? "$-1\r\n" : Bulk(std::to_string(answered)))) {
      ++lost;
      ++answered;
    }
    End();
  }

  const uint16_t port_;
  const std::string key_;
  RawClient redis_;
  int descriptor_ = -1;
};

TEST(Restart, TwentyTimesUnderLoad) {
  const RedisServer redis;
  const ListeningSocket resp;
  const ListeningSocket http;
  const std::vector<std::string> options = {
      "--upstream", "redis://127.0.0.1:" + std::to_string(redis.port()), "--workers", "2"};
  auto running = Activated(resp, http, options);
  std::atomic<bool> stop{false};
  std::vector<std::unique_ptr<Application>> applications;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    applications.push_back(std::make_unique<Application>(resp.port(), redis.port(), i));
    threads.emplace_back([&application = *applications.back(), &stop] { application.Run(stop); });
  }
  for (int round = 0; round < 20; ++round) {
    // In turn: the new one serves beside the old one; the new one comes when the old one has gone.
    std::unique_ptr<ChildProcess> next;
    if (round % 2 == 0) next = Activated(resp, http, options);
    running->Signal(SIGTERM);
    EXPECT_EQ(running->Wait(), 0) << running->err();
    running = next != nullptr ? std::move(next) : Activated(resp, http, options);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  int ends = 0;
  for (const auto& application : applications) {
    EXPECT_GT(application->answered, 100);
    EXPECT_EQ(application->refused, 0);
    EXPECT_EQ(application->resets, 0);
    EXPECT_EQ(application->lost, 0);
    ends += application->ends;
  }
  EXPECT_GE(ends, 20) << "they have come to another process";
}

TEST(Restart, ASocketThatNobodyNamesIsTold) {
  const ListeningSocket resp;
  const ListeningSocket http;
  const std::string line =
      "exec 3<&" + std::to_string(resp.descriptor()) + "; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
  std::vector<std::string> args = {"bash", "-c", line, "keyhole"};
  for (const std::string& word :
       KeyholeProcess::CommandLine({"--listen", "127.0.0.1:0", "--http", "off"})) {
    args.push_back(word);
  }
  ChildProcess process(args);
  process.WaitForErr("a socket that listens on " + resp.address() + " was given and is closed");
}

TEST(Restart, ATransactionComesToItsEnd) {
  const RedisServer redis;
  KeyholeProcess proxy({"--upstream", "redis://127.0.0.1:" + std::to_string(redis.port())});
  RawClient client = RawClient::Connect(proxy.port());
  RawClient idle = RawClient::Connect(proxy.port());
  EXPECT_EQ(idle.Ask({"PING"}), "+PONG\r\n");
  EXPECT_EQ(client.Ask({"MULTI"}), "+OK\r\n");
  proxy.Terminate();
  EXPECT_EQ(idle.ReadUntilClosed(), "");
  EXPECT_EQ(client.Ask({"SET", "a", "b"}), "+QUEUED\r\n");
  EXPECT_EQ(client.Ask({"EXEC"}), "*1\r\n+OK\r\n");
  EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_EQ(proxy.Wait(), 0);
}

TEST(Restart, LoadBalancersAreToldFirst) {
  KeyholeProcess proxy({"--drain-delay", "60s"});
  RawClient client = RawClient::Connect(proxy.port());
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n");
  EXPECT_THAT(proxy.HttpGet("/readyz"), HasSubstr("ok"));
  proxy.Terminate();
  EXPECT_THAT(Eventually([&] { return proxy.HttpGet("/readyz"); },
                         [](const std::string& text) { return text.find("ok") == text.npos; }),
              HasSubstr("being stopped"));
  EXPECT_EQ(client.Ask({"PING"}), "+PONG\r\n") << "it is served all the same";
  RawClient late = RawClient::Connect(proxy.port());
  EXPECT_EQ(late.Ask({"PING"}), "+PONG\r\n");
  EXPECT_THAT(proxy.HttpGet("/healthz"), HasSubstr("ok"));
  proxy.Terminate();  // once more: at once
  EXPECT_EQ(client.ReadUntilClosed(), "");
  EXPECT_EQ(proxy.Wait(), 0);
}

}  // namespace
}  // namespace keyhole::test
