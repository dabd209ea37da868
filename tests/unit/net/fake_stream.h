// A connection whose other end is the test:
//
//     Wire wire;
//     connection.Start(wire.MakeStream());
//     wire.Send("PING\r\n");
//     loop.RunReady();
//     EXPECT_EQ(wire.Received(), "+PONG\r\n");
//
// As with a socket the watcher is told at edges, and a read that is shorter than its room has found
// all there was.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/net/stream.h"

namespace keyhole::test {

class Wire {
 public:
  // Once. The stream must not outlive this.
  std::unique_ptr<net::Stream> MakeStream() { return std::make_unique<FakeStream>(*this); }

  // ---- what the other end does
  void Send(std::string_view bytes) {
    SendUnnoticed(bytes);
    Tell();
  }
  // Nobody is told of it yet.
  void SendUnnoticed(std::string_view bytes) { incoming_.append(bytes); }
  // It sends no more.
  void End() {
    EndUnnoticed();
    told_of_end_ = true;
    Tell();
  }
  // The end has come with the bytes before it: nobody is told of it.
  void EndUnnoticed() { ended_ = true; }
  // It is gone. What it has sent is still there to be read.
  void Break() {
    BreakUnnoticed();
    Tell();
  }
  void BreakUnnoticed() { broken_ = true; }
  // From now on only so many bytes of what is written fit in.
  void TakeOnly(size_t bytes) { room_ = bytes; }
  void Take(size_t bytes) {
    room_ += bytes;
    if (std::exchange(awaited_, false) && watcher_ != nullptr) watcher_->OnWritable();
  }
  // All that has come since the last call.
  std::string Received() { return std::exchange(received_, {}); }

  // ---- what has been done to the stream
  bool closed() const { return closed_; }
  bool shut() const { return shut_; }
  size_t unread() const { return incoming_.size(); }
  int reads() const { return reads_; }
  int writes() const { return writes_; }

 private:
  class FakeStream final : public net::Stream {
   public:
    explicit FakeStream(Wire& wire) : wire_(wire) {}
    ~FakeStream() override { FakeStream::Close(); }

    bool Open(net::Watcher& watcher) override {
      wire_.watcher_ = &watcher;
      open_ = true;
      return true;
    }
    Io Read(std::span<char> room, size_t* n) override {
      ++wire_.reads_;
      *n = std::min(room.size(), wire_.incoming_.size());
      if (*n == 0) {
        broken_ = wire_.broken_;
        if (broken_) return Io::kError;
        readable_ = wire_.ended_;
        return wire_.ended_ ? Io::kEof : Io::kWouldBlock;
      }
      std::memcpy(room.data(), wire_.incoming_.data(), *n);
      wire_.incoming_.erase(0, *n);
      if (*n == room.size()) return Io::kSome;
      readable_ = wire_.broken_ || wire_.told_of_end_;
      if (std::exchange(doubt_, 2) == 0) wire_.watcher_->OnShortRead();
      return Io::kSome;
    }
    Io Write(std::string_view bytes, size_t* n) override {
      ++wire_.writes_;
      *n = wire_.broken_ ? 0 : std::min(bytes.size(), wire_.room_);
      wire_.received_.append(bytes.substr(0, *n));
      wire_.room_ -= *n;
      broken_ = wire_.broken_;
      if (broken_) return Io::kError;
      return *n == 0 ? Io::kWouldBlock : Io::kSome;
    }
    Probe ProbeEof() override {
      if (doubt_ == 0) return Probe::kOver;
      if (--doubt_ > 0) return Probe::kAgain;
      readable_ = true;
      return Probe::kRead;
    }
    bool HasUnread() const override { return !wire_.incoming_.empty(); }
    void WaitWritable() override {
      full_ = true;
      wire_.awaited_ = true;
    }
    void ShutdownWrite() override { wire_.shut_ = true; }
    void Close() override {
      open_ = readable_ = false;
      wire_.closed_ = true;
      wire_.watcher_ = nullptr;
    }

   private:
    Wire& wire_;
    int doubt_ = 0;  // ticks until silence
  };

  void Tell() {
    if (watcher_ != nullptr) watcher_->OnReadable();
  }

  net::Watcher* watcher_ = nullptr;
  std::string incoming_;
  std::string received_;
  size_t room_ = SIZE_MAX / 2;
  bool ended_ = false;
  bool told_of_end_ = false;
  bool broken_ = false;
  bool awaited_ = false;
  bool closed_ = false;
  bool shut_ = false;
  int reads_ = 0;
  int writes_ = 0;
};

}  // namespace keyhole::test
