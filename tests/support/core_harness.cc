#include "tests/support/core_harness.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proxy/near_cache/near_cache.h"

namespace keyhole::test {

using metrics::CloseReason;

// ---- RequestLog ----

void RequestLog::Add(std::string_view bytes) {
  bytes_.append(bytes);
  while (true) {
    const auto result = parser_.Next(bytes_);
    if (result == resp::RequestParser::Result::kRequest) {
      std::string& words = requests_.emplace_back();
      for (const std::string_view arg : parser_.request().args) {
        if (arg.data() != parser_.request().args.front().data()) words.push_back(' ');
        words.append(arg);
      }
    }
    bytes_.erase(0, parser_.consumed());
    if (result != resp::RequestParser::Result::kRequest) return;
  }
}

std::vector<std::string> RequestLog::Take() {
  return std::exchange(requests_, {});
}

std::string RequestLog::TakeBytes() {
  parser_ = resp::RequestParser({.big_argument = SIZE_MAX, .big_request = SIZE_MAX});
  return std::exchange(bytes_, {});
}

// ---- RedisEnd ----

void RedisEnd::Accept() {
  accepted_ = true;
  link_->OnConnected();
  harness_.Settle();
}

void RedisEnd::Lose() {
  const auto link = std::exchange(link_, nullptr);
  if (link == nullptr) return;
  link->BindTransport(nullptr);
  link->OnDisconnected();
  harness_.Settle();
}

std::vector<std::string> RedisEnd::Greeting() {
  std::vector<std::string> all = std::exchange(answered_, {});
  for (std::string& word : greeting_.Take()) all.push_back(std::move(word));
  return all;
}

void RedisEnd::Reply(std::string_view bytes) {
  incoming_.append(bytes);
  harness_.Settle();
}

void RedisEnd::TakeAll() {
  room_ = SIZE_MAX;
  harness_.Settle();
}

bool RedisEnd::Turn() {
  if (link_ == nullptr) return false;
  if (link_->gone()) {
    link_->BindTransport(nullptr);
    link_ = nullptr;
    return true;
  }
  if (!accepted_) {
    if (!harness_.accepts()) return false;
    accepted_ = true;
    link_->OnConnected();
    return true;
  }
  const bool out = MoveOut();
  return MoveIn() || out;
}

bool RedisEnd::MoveOut() {
  bool moved = false;
  while (room_ > 0 && !link_->PrepareWrite().empty()) {
    const bool is_greeting = greeting();
    const std::string bytes(link_->PrepareWrite().substr(0, room_));
    link_->CommitWrite(bytes.size());
    if (room_ != SIZE_MAX) room_ -= bytes.size();
    (is_greeting ? greeting_ : requests_).Add(bytes);
    wire_ += bytes;
    if (is_greeting && harness_.greets()) AnswerGreeting();
    moved = true;
  }
  input_ended_ = link_->wants_shutdown();
  return moved;
}

void RedisEnd::AnswerGreeting() {
  for (std::string& word : greeting_.Take()) {
    incoming_.append(word == "ping" ? "+PONG\r\n" : "+OK\r\n");
    answered_.push_back(std::move(word));
  }
}

bool RedisEnd::MoveIn() {
  if (link_ == nullptr || incoming_.empty() || !link_->wants_read()) return false;
  const std::string bytes = std::exchange(incoming_, {});
  if (!link_->OnRead(bytes)) Lose();
  return true;
}

// ---- Client ----

Client::Client(Harness& harness, std::string_view address)
    : harness_(harness), session_(new core::ClientSession(harness.worker(), address, *this)) {}

void Client::Send(std::string_view bytes) {
  unsent_.append(bytes);
  harness_.Settle();
}

std::string Client::Received() {
  return std::exchange(received_, {});
}

void Client::HalfClose() {
  half_closed_ = true;
  harness_.Settle();
}

void Client::Vanish() {
  if (session_ == nullptr) return;
  session_->OnOutputLost();
  half_closed_ = true;
  harness_.Settle();
}

void Client::ReadOn() {
  reading_ = true;
  harness_.Settle();
}

bool Client::Turn() {
  if (session_ == nullptr) return false;
  const bool in = MoveIn();
  const bool out = session_ != nullptr && MoveOut();
  if (!session_->finished()) return in || out;
  Leave(CloseReason::kByClient);
  return true;
}

bool Client::MoveIn() {
  bool moved = false;
  while (!unsent_.empty() && session_->wants_read()) {
    const std::span<char> room = session_->PrepareRead();
    const size_t n = std::min(room.size(), unsent_.size());
    std::memcpy(room.data(), unsent_.data(), n);
    unsent_.erase(0, n);
    session_->CommitRead(n);
    moved = true;
  }
  if (half_closed_ && unsent_.empty() && session_->wants_read()) {
    half_closed_ = false;
    session_->OnEof();
    moved = true;
  }
  return moved;
}

bool Client::MoveOut() {
  if (!reading_ || session_->PrepareWrite().empty()) return false;
  const size_t n = session_->PrepareWrite().size();
  received_.append(session_->PrepareWrite());
  session_->CommitWrite(n);
  return true;
}

void Client::Leave(CloseReason reason) {
  const auto session = std::exchange(session_, nullptr);
  if (session != nullptr) session->Detach(reason);
}

// ---- Harness ----

core::Config Harness::WithUpstream() {
  core::Config config;
  config.upstream.emplace();
  config.upstream->endpoint = core::Endpoint::Tcp("redis", 6379);
  config.links.spares = 0;
  return config;
}

Harness::Harness(const core::Config& config) : config_(config) {
  if (!config_.upstream.has_value()) {
    store_ = std::make_unique<store::Store>(
        store::StoreOptions{.databases = 16,
                            .workers = 1,
                            .password = config_.requirepass,
                            .max_clients = config_.clients.max,
                            .idle_timeout = config_.clients.idle_timeout.count()});
  }
  worker_ = std::make_unique<core::WorkerState>(config_, metrics_, store_.get(),
                                                config_.near.memory > 0 ? &near_shared_ : nullptr);
  worker_->now = core::Instant(std::chrono::hours(1));
  worker_->unix_now = 1'700'000'000'000;
  worker_->log = [this](core::LogLevel, std::string_view line) { log_.emplace_back(line); };
  worker_->post = [this](std::function<void()> f) { posted_.push_back(std::move(f)); };
  if (store_ == nullptr) worker_->links.Start(*this);
  if (worker_->near != nullptr) worker_->near->Start(*this);
  Settle();
}

Harness::~Harness() {
  for (const auto& client : clients_) client->Leave(CloseReason::kServerStop);
  if (worker_->near != nullptr) worker_->near->Stop();
  worker_->links.Stop();
  Settle();
}

Client& Harness::Connect() {
  const std::string address = absl::StrCat("10.0.0.", clients_.size() + 1, ":50000");
  clients_.push_back(std::make_unique<Client>(*this, address));
  return *clients_.back();
}

RedisEnd& Harness::redis(size_t number) {
  if (number >= connections_.size()) throw std::out_of_range("the proxy has not connected");
  return *connections_[number];
}

void Harness::Connect(core::UpstreamEnd& end, const core::Endpoint& endpoint) {
  connections_.push_back(std::make_unique<RedisEnd>(*this, end, endpoint));
  end.BindTransport(connections_.back().get());
}

void Harness::Advance(std::chrono::milliseconds time) {
  worker_->now += time;
  worker_->unix_now += time.count();
  worker_->links.Watch();
  worker_->links.Tick();
  if (worker_->near != nullptr) worker_->near->Tick();
  metrics_.keys.CatchUp();
  for (const auto& client : clients_) {
    if (!client->closed()) client->session().Tick();
  }
  Settle();
}

void Harness::Settle() {
  bool moved = true;
  while (moved) {
    moved = !posted_.empty();
    for (const auto& note : std::exchange(posted_, {})) note();
    for (size_t i = 0; i < connections_.size(); ++i) moved = connections_[i]->Turn() || moved;
    for (size_t i = 0; i < clients_.size(); ++i) moved = clients_[i]->Turn() || moved;
  }
}

std::string Harness::Counted() const {
  const metrics::WorkerMetrics* const workers[] = {&metrics_};
  const metrics::Snapshot snapshot = metrics::Take(workers, directory_);
  std::vector<metrics::KeyCounts> all = snapshot.keys;
  all.push_back(snapshot.other);
  std::vector<std::string> shown;
  for (const metrics::KeyCounts& key : all) {
    if (key.hits + key.misses == 0) continue;
    shown.push_back(absl::StrCat(key.label, " ", key.hits, "/", key.misses));
  }
  std::sort(shown.begin(), shown.end());
  return absl::StrJoin(shown, ", ");
}

}  // namespace keyhole::test
