#include "proxy/store/waiting.h"

#include <algorithm>
#include <cassert>

namespace keyhole::store {

Waiting::~Waiting() {
  assert(lines_.empty());
}

// Of one key all rings come under one lock, so `is_ready` needs none of its own.
void Waiting::Line::Ring() {
  if (std::exchange(is_ready, true)) return;
  const std::lock_guard<std::mutex> lock(waiting.ready_mutex_);
  waiting.ready_.push_back(this);
  waiting.due_.store(true, std::memory_order_relaxed);
}

Waiting::Line& Waiting::LineOf(int database, std::string_view key) {
  std::unique_ptr<Line>& line = lines_[Place(database, key)];
  if (line != nullptr) return *line;
  line = std::make_unique<Line>(*this, Place(database, key));
  Keyspace& keys = databases_[static_cast<size_t>(database)];
  keys.SetBell(key, line.get());
  const size_t shard = Keyspace::ShardOf(EntryTable::Hash(key), keys.shard_count());
  if (++lines_in_[shard] == 1) shards_ |= uint64_t{1} << shard;
  return *line;
}

void Waiting::Close(const Place& place, Line& line) {
  const auto& [database, key] = place;
  Keyspace& keys = databases_[static_cast<size_t>(database)];
  keys.SetBell(key, nullptr);
  const size_t shard = Keyspace::ShardOf(EntryTable::Hash(key), keys.shard_count());
  if (--lines_in_[shard] == 0) shards_ = (shards_ & ~(uint64_t{1} << shard)) | always_;
  if (line.is_ready) std::erase(ready_, &line);
  lines_.erase(lines_.find(place));
}

void Waiting::Add(Client& client, QueuedCommand command, std::span<const std::string_view> keys,
                  UnixMillis deadline) {
  assert(client.wait == nullptr);
  client.wait = std::make_unique<Wait>();
  client.wait->command = std::move(command);
  client.wait->database = client.database;
  client.wait->deadline = deadline;
  for (const std::string_view key : keys) {
    Line& line = LineOf(client.database, key);
    if (!line.clients.empty() && line.clients.back() == &client) continue;  // named twice
    line.clients.push_back(&client);
    client.wait->keys.emplace_back(key);
  }
  if (deadline != kNever) {
    deadlines_[deadline].push_back(&client);
    next_deadline_.store(deadlines_.begin()->first, std::memory_order_relaxed);
  }
  ++count_;
}

void Waiting::Withdraw(Client& client) {
  if (client.wait == nullptr) return;
  const std::unique_ptr<Wait> wait = std::move(client.wait);
  for (const std::string& key : wait->keys) {
    const Place place(wait->database, key);
    Line& line = *lines_.at(place);
    std::erase(line.clients, &client);
    if (line.clients.empty()) Close(place, line);
  }
  if (const auto it = deadlines_.find(wait->deadline); it != deadlines_.end()) {
    std::erase(it->second, &client);
    if (it->second.empty()) deadlines_.erase(it);
    next_deadline_.store(deadlines_.empty() ? kNever : deadlines_.begin()->first,
                         std::memory_order_relaxed);
  }
  --count_;
}

bool Waiting::TakeReady(Place* place) {
  const std::lock_guard<std::mutex> lock(ready_mutex_);
  if (ready_.empty()) return false;
  Line* const line = ready_.front();
  ready_.pop_front();
  line->is_ready = false;
  *place = line->place;
  return true;
}

Client* Waiting::At(const Place& place, size_t index) const {
  const auto it = lines_.find(place);
  if (it == lines_.end() || index >= it->second->clients.size()) return nullptr;
  return it->second->clients[index];
}

std::vector<Client*> Waiting::Overdue(UnixMillis now) {
  std::vector<Client*> overdue;
  for (const auto& [deadline, clients] : deadlines_) {
    if (deadline > now) break;
    overdue.insert(overdue.end(), clients.begin(), clients.end());
  }
  return overdue;
}

}  // namespace keyhole::store
