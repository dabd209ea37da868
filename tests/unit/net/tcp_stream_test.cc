// A real socket: what its reads and writes come to, and what its watcher is told.
#include "proxy/net/tcp_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace keyhole::net {
namespace {

class Told final : public Watcher {
 public:
  void OnReadable() override { ++readable; }
  void OnWritable() override { ++writable; }
  void OnShortRead() override { ++short_read; }

  int readable = 0;
  int writable = 0;
  int short_read = 0;
};

class TcpStreamTest : public testing::Test {
 protected:
  using Io = Stream::Io;
  using Probe = Stream::Probe;

  TcpStreamTest() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0)
      throw std::runtime_error("no pair");
    peer_ = ends[1];
    stream_.emplace(context_, ends[0]);
    EXPECT_TRUE(stream_->Open(told_));
    Settle();
  }
  ~TcpStreamTest() override { ClosePeer(); }

  void Settle() {
    context_.restart();
    context_.poll();
    if (std::exchange(told_.readable, 0) > 0) stream_->set_readable();
  }
  void Send(std::string_view bytes) {
    EXPECT_EQ(::send(peer_, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    Settle();
  }
  void ClosePeer() {
    if (peer_ >= 0) ::close(std::exchange(peer_, -1));
  }
  // What a read of so many bytes gives.
  Io Read(size_t room, std::string* bytes) {
    bytes->resize(room);
    size_t n = 0;
    const Io result = stream_->Read(*bytes, &n);
    bytes->resize(n);
    return result;
  }
  // Beyond the first reads, after which an end is looked for at once.
  void Age() {
    std::string bytes;
    for (int i = 0; i < 16; ++i) {
      Send("x");
      Read(100, &bytes);
    }
  }

  asio::io_context context_;
  asio::executor_work_guard<Executor> work_{context_.get_executor()};
  Told told_;
  int peer_ = -1;
  std::optional<TcpStream> stream_;
  std::string bytes_;
};

TEST_F(TcpStreamTest, IsReadableWhenSomethingHasCome) {
  EXPECT_FALSE(stream_->readable());
  EXPECT_FALSE(stream_->HasUnread());
  Send("abc");
  EXPECT_TRUE(stream_->readable());
  EXPECT_TRUE(stream_->HasUnread());
  EXPECT_EQ(Read(100, &bytes_), Io::kSome);
  EXPECT_EQ(bytes_, "abc");
  EXPECT_EQ(Read(100, &bytes_), Io::kWouldBlock);
  EXPECT_FALSE(stream_->readable());
}

TEST_F(TcpStreamTest, AFullReadLeavesItReadable) {
  Age();
  Send("abcdef");
  EXPECT_EQ(Read(3, &bytes_), Io::kSome);
  EXPECT_TRUE(stream_->readable());
  EXPECT_EQ(Read(3, &bytes_), Io::kSome);
  EXPECT_EQ(bytes_, "def");
}

// One call for each request, once it is clear that the client means to stay.
TEST_F(TcpStreamTest, AShortReadWasAllThereWas) {
  Age();
  Send("abc");
  EXPECT_EQ(Read(100, &bytes_), Io::kSome);
  EXPECT_FALSE(stream_->readable());
  Send("def");
  EXPECT_TRUE(stream_->readable()) << "the next bytes announce themselves";
}

TEST_F(TcpStreamTest, AnEndThatCameWithBytesIsFoundAtOnceWhileItIsNew) {
  ASSERT_EQ(::send(peer_, "abc", 3, 0), 3);
  ClosePeer();
  Settle();
  EXPECT_EQ(Read(100, &bytes_), Io::kSome);
  EXPECT_TRUE(stream_->readable());
  EXPECT_EQ(Read(100, &bytes_), Io::kEof);
}

TEST_F(TcpStreamTest, AnEndThatCameWithBytesIsFoundInSilenceLater) {
  Age();
  EXPECT_EQ(told_.short_read, 1);
  ASSERT_EQ(::send(peer_, "abc", 3, 0), 3);
  ClosePeer();
  Settle();
  EXPECT_EQ(Read(100, &bytes_), Io::kSome);
  EXPECT_FALSE(stream_->readable());
  EXPECT_EQ(stream_->ProbeEof(), Probe::kAgain);
  EXPECT_FALSE(stream_->readable());
  EXPECT_EQ(stream_->ProbeEof(), Probe::kRead);
  EXPECT_TRUE(stream_->readable());
  EXPECT_EQ(Read(100, &bytes_), Io::kEof);
}

TEST_F(TcpStreamTest, BytesPutSilenceOff) {
  Age();
  EXPECT_EQ(stream_->ProbeEof(), Probe::kAgain);
  Send("abc");
  Read(100, &bytes_);
  EXPECT_EQ(stream_->ProbeEof(), Probe::kAgain);
  EXPECT_EQ(stream_->ProbeEof(), Probe::kRead);
  EXPECT_EQ(stream_->ProbeEof(), Probe::kOver);
  EXPECT_EQ(told_.short_read, 1);
  Send("abc");
  Read(100, &bytes_);
  EXPECT_EQ(told_.short_read, 2) << "told again after silence";
}

TEST_F(TcpStreamTest, SaysOnceWhenItTakesMore) {
  const std::string much(1 << 20, 'x');
  size_t n = 0;
  Io result = Io::kSome;
  while (result == Io::kSome) result = stream_->Write(much, &n);
  EXPECT_EQ(result, Io::kWouldBlock);
  stream_->WaitWritable();
  stream_->WaitWritable();
  Settle();
  EXPECT_EQ(told_.writable, 0);
  std::string taken(1 << 20, 0);
  while (::recv(peer_, taken.data(), taken.size(), MSG_DONTWAIT) > 0) {
  }
  Settle();
  EXPECT_EQ(told_.writable, 1);
}

TEST_F(TcpStreamTest, ReadingGoesOnAfterItsOwnEnd) {
  stream_->ShutdownWrite();
  char byte = 0;
  EXPECT_EQ(::recv(peer_, &byte, 1, 0), 0);
  Send("abc");
  EXPECT_EQ(Read(100, &bytes_), Io::kSome);
  EXPECT_EQ(bytes_, "abc");
}

TEST_F(TcpStreamTest, AWriteToNobodyFails) {
  ClosePeer();
  size_t n = 0;
  EXPECT_EQ(stream_->Write("abc", &n), Io::kError);
}

TEST_F(TcpStreamTest, NobodyIsToldAfterItIsClosed) {
  stream_->WaitWritable();
  stream_->Close();
  stream_->Close();
  ASSERT_EQ(::send(peer_, "x", 1, MSG_NOSIGNAL), -1);
  context_.restart();
  context_.poll();
  EXPECT_EQ(told_.readable, 0);
  EXPECT_EQ(told_.writable, 0);
  EXPECT_FALSE(stream_->is_open());
}

}  // namespace
}  // namespace keyhole::net
