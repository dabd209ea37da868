#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tests/support/loopback.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {
namespace {

constexpr int kDeadlineMillis = 10'000;
constexpr int kRetryMillis = 2;
constexpr int kPortAttempts = 10;

std::system_error LastError(const std::string& what) {
  return std::system_error(errno, std::generic_category(), what);
}

std::filesystem::path MakeDirectory() {
  // /tmp rather than $TMPDIR: the path of a unix socket may have 107 bytes.
  char path[] = "/tmp/keyhole-redis-XXXXXX";
  if (mkdtemp(path) == nullptr) throw LastError("mkdtemp");
  return path;
}

}  // namespace

uint16_t FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw LastError("socket");
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!bound) throw LastError("bind");
  return ntohs(address.sin_port);
}

RedisServer::RedisServer(std::vector<std::string> config)
    : config_(std::move(config)), directory_(MakeDirectory()) {
  std::string log;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    port_ = FreePort();
    if (Launch()) return;
    // Somebody else may take the port between our asking for it and the server's binding it.
    log = LogTail();
    if (log.find("Address already in use") == std::string::npos) break;
  }
  std::filesystem::remove_all(directory_);
  throw std::runtime_error("redis-server does not start:\n" + log);
}

RedisServer::~RedisServer() {
  if (running()) Kill();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::Start() {
  if (running()) throw std::logic_error("redis-server is already running");
  if (!Launch()) throw std::runtime_error("redis-server does not start:\n" + LogTail());
}

void RedisServer::Stop() {
  Signal(SIGCONT);  // a paused process would not see the next one
  Signal(SIGTERM);
  if (!WaitForEnd(kDeadlineMillis)) {
    Kill();
    throw std::runtime_error("redis-server ignored SIGTERM:\n" + LogTail());
  }
}

void RedisServer::Kill() {
  Signal(SIGKILL);
  WaitForEnd(-1);
}

void RedisServer::Pause() {
  Signal(SIGSTOP);
  // The signal is on its way only; wait until the process really has stopped.
  int status = 0;
  if (waitpid(pid_, &status, WUNTRACED) != pid_) throw LastError("waitpid");
  if (!WIFSTOPPED(status)) throw std::runtime_error("redis-server ended instead of pausing");
}

void RedisServer::Resume() {
  Signal(SIGCONT);
}

bool RedisServer::Launch() {
  WriteConfig();
  Spawn();
  if (WaitUntilReady()) return true;
  if (running()) Kill();
  return false;
}

void RedisServer::Spawn() {
  const std::string config = (directory_ / "redis.conf").string();
  const std::string log = (directory_ / "redis.log").string();
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw LastError("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execlp("redis-server", "redis-server", config.c_str(), nullptr);
    _exit(127);
  }
  pid_ = child;
  // Not pidfd_open(): its declaration in glibc 2.36 is not for C++.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  if (pidfd_ < 0) throw LastError("pidfd_open");
}

bool RedisServer::WaitUntilReady() {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kDeadlineMillis);
  while (std::chrono::steady_clock::now() < deadline) {
    if (Answers()) return true;
    if (WaitForEnd(kRetryMillis)) return false;
  }
  return false;
}

// Asks on the unix socket, which is ours for sure and is opened after the port.
bool RedisServer::Answers() const {
  try {
    RawClient client = RawClient::ConnectUnix(socket_path());
    client.Send("PING\r\n");
    const std::string reply = client.ReadReply();
    return reply.starts_with("+PONG") || reply.starts_with("-NOAUTH");
  } catch (const std::runtime_error&) {
    return false;
  }
}

// True once the process has ended; waits for that for so long at most, for ever if < 0.
bool RedisServer::WaitForEnd(int milliseconds) {
  pollfd ended{.fd = pidfd_, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&ended, 1, milliseconds);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) return false;
  waitpid(pid_, nullptr, 0);
  close(pidfd_);
  pidfd_ = -1;
  pid_ = 0;
  return true;
}

void RedisServer::Signal(int number) const {
  if (!running()) throw std::logic_error("redis-server is not running");
  if (kill(pid_, number) != 0) throw LastError("kill");
}

void RedisServer::WriteConfig() const {
  std::ofstream out(directory_ / "redis.conf", std::ios::trunc);
  out << "bind 127.0.0.1\n"
      << "port " << port_ << "\n"
      << "unixsocket " << socket_path() << "\n"
      << "dir " << directory_.string() << "\n"
      << "daemonize no\n"
      << "save \"\"\n"
      << "appendonly no\n"
      << "enable-debug-command yes\n";
  for (const std::string& line : config_) out << line << "\n";
}

std::string RedisServer::LogTail() const {
  std::ifstream in(directory_ / "redis.log");
  std::string log((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  constexpr size_t kTail = 2000;
  return log.size() > kTail ? log.substr(log.size() - kTail) : log;
}

}  // namespace keyhole::test
