#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace keyhole::test {
namespace {

using Clock = std::chrono::steady_clock;

std::system_error LastError(const std::string& what) {
  return std::system_error(errno, std::generic_category(), what);
}

// A file in memory with the given contents, at its beginning.
int InputFile(std::string_view contents) {
  const int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0) throw LastError("memfd_create");
  while (!contents.empty()) {
    const ssize_t n = write(fd, contents.data(), contents.size());
    if (n < 0) throw LastError("write");
    contents.remove_prefix(static_cast<size_t>(n));
  }
  lseek(fd, 0, SEEK_SET);
  return fd;
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& args, std::string_view input)
    : name_(args.at(0)) {
  std::vector<char*> argv;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  const int in = InputFile(input);
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw LastError("pipe2");
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) throw LastError("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(in, STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  for (const int fd : {in, out[1], err[1]}) close(fd);
  out_fd_ = out[0];
  err_fd_ = err[0];
  for (const int fd : {out_fd_, err_fd_}) fcntl(fd, F_SETFL, O_NONBLOCK);
  // Not pidfd_open(): its declaration in glibc 2.36 is not for C++.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) throw LastError("pidfd_open");
}

ChildProcess::~ChildProcess() {
  if (running()) {
    kill(pid_, SIGKILL);
    Reap();
  }
  for (const int fd : {out_fd_, err_fd_}) {
    if (fd >= 0) close(fd);
  }
}

void ChildProcess::Signal(int number) const {
  if (!running()) throw std::logic_error(name_ + " is not running");
  if (kill(pid_, number) != 0) throw LastError("kill");
}

int ChildProcess::Wait() {
  if (running()) {
    Pump([] { return false; }, "the end");
    Reap();
  }
  return exit_code_;
}

void ChildProcess::Reap() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  close(std::exchange(pidfd_, -1));
}

void ChildProcess::WaitForText(const std::string& said, std::string_view text) {
  const auto enough = [&] { return said.find(text) != std::string::npos; };
  if (running()) Pump(enough, text);
  if (!enough()) {
    throw std::runtime_error(name_ + " ended without saying \"" + std::string(text) + "\":\n" +
                             out_ + err_);
  }
}

// Takes in output until there is enough of it, or the process has ended.
void ChildProcess::Pump(const std::function<bool()>& enough, std::string_view what) {
  const Clock::time_point until = Clock::now() + deadline_;
  while (!enough()) {
    pollfd ready[] = {{.fd = out_fd_, .events = POLLIN, .revents = 0},
                      {.fd = err_fd_, .events = POLLIN, .revents = 0},
                      {.fd = pidfd_, .events = POLLIN, .revents = 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    const int count = poll(ready, 3, static_cast<int>(std::max<decltype(left)>(left, 0)));
    if (count < 0 && errno != EINTR) throw LastError("poll");
    if (count == 0) {
      throw std::runtime_error(name_ + ": no sign of \"" + std::string(what) +
                               "\" before the deadline:\n" + out_ + err_);
    }
    const bool ended = ready[2].revents != 0;  // whatever it said is in the pipes by now
    Drain(&out_fd_, &out_);
    Drain(&err_fd_, &err_);
    if (ended) return;
  }
}

void ChildProcess::Drain(int* fd, std::string* to) {
  char chunk[16 * 1024];
  while (*fd >= 0) {
    const ssize_t n = read(*fd, chunk, sizeof(chunk));
    if (n > 0) {
      to->append(chunk, static_cast<size_t>(n));
    } else if (n == 0) {
      close(std::exchange(*fd, -1));
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace keyhole::test
