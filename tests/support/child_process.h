// A program run by a test: its output is collected, its end awaited, and it never outlives the
// test.
//
//     ChildProcess cli({"redis-cli", "-p", port, "GET", "k"});
//     EXPECT_EQ(cli.Wait(), 0);
//     EXPECT_EQ(cli.out(), "v\n");
//
// Output is taken in while one of the waiting calls runs; a program that says more than a pipe
// holds stands still in between.
//
// Thread: one. Construct it in a thread that outlives it: the child is told to die with that
// thread. What does not happen within the deadline throws std::runtime_error, with what the program
// said.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace keyhole::test {

class ChildProcess {
 public:
  // args[0] is looked up in PATH. input: what it finds on its standard input.
  explicit ChildProcess(const std::vector<std::string>& args, std::string_view input = {});
  ~ChildProcess();  // SIGKILL, if it still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool running() const { return pidfd_ >= 0; }
  void Signal(int number) const;
  // Waits for the end. The exit code; of a program ended by a signal minus its number.
  int Wait();
  // Waits until standard output or standard error contains the text.
  void WaitForOut(std::string_view text) { WaitForText(out_, text); }
  void WaitForErr(std::string_view text) { WaitForText(err_, text); }
  // What it has said so far.
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }
  void set_deadline(std::chrono::milliseconds deadline) { deadline_ = deadline; }

 private:
  void WaitForText(const std::string& said, std::string_view text);
  void Pump(const std::function<bool()>& enough, std::string_view what);
  void Drain(int* fd, std::string* to);
  void Reap();

  pid_t pid_ = 0;
  int pidfd_ = -1;  // readable once the process has ended; -1: it has been reaped
  int out_fd_ = -1;
  int err_fd_ = -1;
  int exit_code_ = 0;
  std::string out_;
  std::string err_;
  std::string name_;
  std::chrono::milliseconds deadline_{60'000};
};

}  // namespace keyhole::test
