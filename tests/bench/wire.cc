#include "tests/bench/wire.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "resp/reply_writer.h"
#include "resp/request_parser.h"

namespace keyhole::bench {
namespace {

core::Config ConfigFor(Behind behind) {
  core::Config config;
  config.links.spares = 0;  // one connection is enough for GET
  if (behind == Behind::kRedis) {
    config.upstream.emplace();
    config.upstream->endpoint = core::Endpoint::Tcp("redis", 6379);
  }
  return config;
}

std::string KeyNumber(int number) {
  char text[24];
  std::snprintf(text, sizeof(text), "key:%012d", number);
  return text;
}

}  // namespace

Wire::Wire(int clients, int depth, Behind behind)
    : clients_count_(clients), depth_(depth), config_(ConfigFor(behind)) {
  if (behind == Behind::kStore) store_ = std::make_unique<store::Store>(store::StoreOptions{});
  worker_ = std::make_unique<core::WorkerState>(config_, metrics_, store_.get());
  worker_->now = core::Instant(std::chrono::hours(1));
  worker_->unix_now = 1'700'000'000'000;
  if (store_ == nullptr) {
    worker_->links.Start(*this);
    Greet();
  }
  const std::string value(64, 'x');
  for (int i = 0; i < clients; ++i) {
    clients_.emplace_back(new core::ClientSession(*worker_, "127.0.0.1:50000", *this));
    std::string& request = requests_.emplace_back();
    for (int k = 0; k < depth; ++k) {
      const std::string key = KeyNumber(i * depth + k);
      if (store_ != nullptr) {
        std::string set;
        resp::AppendRequest(std::initializer_list<std::string_view>{"SET", key, value}, &set);
        Send(*clients_.back(), set);
      }
      resp::AppendRequest(std::initializer_list<std::string_view>{"GET", key}, &request);
      replies_.append("$64\r\n").append(value).append("\r\n");
    }
  }
  MoveReplies();
  delivered_ = 0;
  Turn();
  if (delivered_ != replies_.size()) throw std::logic_error("a turn does not answer all requests");
}

Wire::~Wire() {
  for (const auto& client : clients_) client->Detach(metrics::CloseReason::kByClient);
  worker_->links.Stop();
  if (link_ != nullptr) link_->BindTransport(nullptr);
}

void Wire::Connect(core::UpstreamEnd& end, const core::Endpoint&) {
  link_.reset(&end);
  end.BindTransport(this);
}

// Whatever is said first is answered with OK.
void Wire::Greet() {
  link_->OnConnected();
  resp::RequestParser parser;
  std::string said(link_->PrepareWrite());
  link_->CommitWrite(said.size());
  while (parser.Next(said) == resp::RequestParser::Result::kRequest) {
    said.erase(0, parser.consumed());
    if (!link_->OnRead("+OK\r\n")) throw std::logic_error("the greeting failed");
  }
}

void Wire::Send(core::ClientSession& session, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = session.PrepareRead();
    const size_t n = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), n);
    session.CommitRead(n);
    bytes.remove_prefix(n);
  }
}

void Wire::MoveReplies() {
  for (const auto& client : clients_) {
    const size_t n = client->PrepareWrite().size();
    delivered_ += n;
    client->CommitWrite(n);
  }
}

void Wire::Turn() {
  for (size_t i = 0; i < clients_.size(); ++i) Send(*clients_[i], requests_[i]);
  if (link_ != nullptr) {
    while (!link_->PrepareWrite().empty()) link_->CommitWrite(link_->PrepareWrite().size());
    link_->OnRead(replies_);
  }
  MoveReplies();
}

}  // namespace keyhole::bench
