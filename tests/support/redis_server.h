// A real redis-server for one test: its own process, directory, unix socket and loopback port.
//
//     RedisServer redis({"requirepass secret"});
//     RawClient client = RawClient::Connect(redis.port());
//
// The port stays the same over Stop() or Kill() and Start(), so that whoever is connected can be
// watched losing its server and finding it again. Data is not kept between the two.
//
// Thread: one. Construct it in a thread that outlives it: the child is told to die with that
// thread, lest a crashing test leaves servers behind. Failures throw std::runtime_error, with the
// log's end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace keyhole::test {

class RedisServer {
 public:
  // Starts the server and returns when it answers. `config`: lines as in redis.conf; they come last
  // and so override ours.
  explicit RedisServer(std::vector<std::string> config = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  uint16_t port() const { return port_; }
  std::string socket_path() const { return (directory_ / "redis.sock").string(); }
  pid_t pid() const { return pid_; }  // 0 while it is not running
  bool running() const { return pid_ != 0; }

  void Start();   // after Stop() or Kill()
  void Stop();    // SIGTERM, and waits for the end
  void Kill();    // SIGKILL, and waits for the end
  void Pause();   // SIGSTOP: connections stay open, nothing is answered
  void Resume();  // SIGCONT

 private:
  bool Launch();
  void Spawn();
  bool WaitUntilReady();
  bool Answers() const;
  bool WaitForEnd(int milliseconds);
  void Signal(int number) const;
  void WriteConfig() const;
  std::string LogTail() const;

  std::vector<std::string> config_;
  std::filesystem::path directory_;
  uint16_t port_ = 0;
  pid_t pid_ = 0;
  int pidfd_ = -1;  // readable once the process has ended
};

// A loopback TCP port that was free a moment ago.
uint16_t FreePort();

}  // namespace keyhole::test
