#include "proxy/net/worker.h"

#include <utility>

#include "proxy/near_cache/near_cache.h"
#include "proxy/net/client_connection.h"
#include "proxy/net/http_connection.h"
#include "proxy/net/upstream_connection.h"

namespace keyhole::net {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kBusySweep{2};
constexpr std::chrono::seconds kLookAtStrangers{1};
// Strangers that have just sent what nobody has read yet: so many are asked before there is no
// room.
constexpr size_t kMostSpared = 16;

// A copy of what is registered: closing one changes the registry.
template <typename Registry>
std::vector<typename Registry::mapped_type> All(const Registry& registry) {
  std::vector<typename Registry::mapped_type> all;
  all.reserve(registry.size());
  for (const auto& entry : registry) all.push_back(entry.second);
  return all;
}

}  // namespace

Worker::Worker(const core::Config& config, metrics::WorkerMetrics& metrics, store::Store* store,
               core::NearShared* near, LogFunction log)
    // One thread runs this loop; only post() may be called from others.
    : context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(context_.get_executor()),
      tick_(context_),
      sweep_(context_),
      state_(config, metrics, store, near) {
  state_.log = std::move(log);
  state_.post = [this](std::function<void()> f) {
    Post([this, f = std::move(f)] {
      BeginTurn();
      f();
    });
  };
  state_.links.on_room = [this] {
    for (const auto& [client, owned] : clients_) client->Wake();
  };
}

Worker::~Worker() = default;

void Worker::Run() {
  context_.run();
}

void Worker::Start() {
  BeginTurn();
  if (state_.store == nullptr) state_.links.Start(*this);
  if (state_.near != nullptr) state_.near->Start(*this);
  if (state_.store != nullptr) Sweep();
  Tick();
}

// More often while there is much to find: a tenth of the time then.
void Worker::Sweep() {
  if (stopped_) return;
  BeginTurn();
  const bool soon = state_.store->Sweep(state_.unix_now);
  sweep_.expires_after(soon ? kBusySweep : kTick);
  sweep_.async_wait([this](error_code error) {
    if (!error) Sweep();
  });
}

void Worker::AddClient(int descriptor, std::string_view address) {
  BeginTurn();
  const boost::intrusive_ptr<ClientConnection> client(new ClientConnection(*this, address));
  client->Start(descriptor);
  strangers_.push_back(client);
  if (draining_) client->session().Drain();
}

void Worker::Connect(core::UpstreamEnd& end, const core::Endpoint& endpoint) {
  UpstreamConnection::Start(*this, end, endpoint);
}

void Worker::ReadInTurn(Connection& connection) {
  to_read_.emplace_back(&connection);
  ScheduleTurn();
}

void Worker::WriteInTurn(Connection& connection, Connection::Writes writes) {
  (writes == Connection::Writes::kFirst ? to_write_first_ : to_write_).emplace_back(&connection);
  ScheduleTurn();
}

void Worker::ScheduleTurn() {
  if (std::exchange(turn_scheduled_, true)) return;
  // Runs when all sockets that are ready by then have said so.
  asio::post(context_, [this] { Turn(); });
}

void Worker::Turn() {
  if (!std::exchange(turn_begun_, true)) state_.ReadClock();
  CarryOut(to_read_, &Connection::TurnRead);
  CarryOut(to_write_first_, &Connection::TurnWrite);
  CarryOut(to_write_, &Connection::TurnWrite);
  turn_begun_ = false;
  turn_scheduled_ = false;
  // Who is not done waits for the next turn, so that nobody starves.
  if (!to_read_.empty() || !to_write_first_.empty() || !to_write_.empty()) ScheduleTurn();
  StopIfDrained();
}

void Worker::CarryOut(List& list, void (Connection::*what)()) {
  in_work_.swap(list);
  for (const auto& connection : in_work_) (connection.get()->*what)();
  in_work_.clear();
}

void Worker::Tick() {
  if (stopped_) return;
  BeginTurn();
  state_.links.Tick();
  if (state_.near != nullptr) state_.near->Tick();
  state_.metrics.keys.CatchUp();
  for (const auto& link : All(upstreams_)) link->ExpireConnecting();
  std::erase_if(active_, [](const auto& connection) { return !connection->CheckSilence(); });
  // Else there is nothing to look for.
  if (state_.client_idle_timeout().count() > 0 || state_.leaving > 0) {
    for (const auto& client : All(clients_)) client->session().Tick();
  }
  LookAtStrangers();
  for (const auto& connection : All(http_)) connection->Tick();
  tick_.expires_after(kTick);
  tick_.async_wait([this](error_code error) {
    if (!error) Tick();
  });
}

// Who is in, or gone, is no stranger any more.
void Worker::LookAtStrangers() {
  if (state_.now - strangers_seen_ < kLookAtStrangers) return;
  strangers_seen_ = state_.now;
  std::erase_if(strangers_, [](const auto& client) {
    if (client->session().trickles()) client->Close(metrics::CloseReason::kSlowRequest);
    return client->session().detached() || client->session().is_in();
  });
}

bool Worker::CloseOldestStranger() {
  BeginTurn();
  size_t speaking = 0;
  while (speaking < kMostSpared && speaking < strangers_.size()) {
    const auto place = strangers_.begin() + static_cast<std::ptrdiff_t>(speaking);
    const boost::intrusive_ptr<ClientConnection> client = *place;
    if (client->HasUnread()) {
      ++speaking;
      continue;
    }
    strangers_.erase(place);
    if (client->session().detached() || client->session().is_in()) continue;
    if (const auto more = made_room_.Pass(state_.now)) {
      state_.log(core::LogLevel::kWarn,
                 "closed " + client->session().address() +
                     " to make room, as --max-clients is reached and it has not " +
                     (client->session().is_let_in() ? "sent a whole request" : "logged in") +
                     *more);
    }
    client->Close(metrics::CloseReason::kMadeRoom);
    return true;
  }
  return false;
}

bool Worker::CloseIdleHttp() {
  BeginTurn();
  HttpConnection* first = nullptr;
  for (const auto& [connection, owned] : http_) {
    const bool sooner = first == nullptr || connection->pace().MustGoBefore(first->pace());
    if (sooner && connection->CanGo()) first = connection;
  }
  if (first == nullptr) return false;
  if (const auto more = made_http_room_.Pass(state_.now)) {
    state_.log(core::LogLevel::kWarn,
               "closed an HTTP connection that was doing nothing to make room for another" + *more);
  }
  first->CloseFor(metrics::HttpCloseReason::kMadeRoom);
  return true;
}

void Worker::Drain() {
  BeginTurn();
  draining_ = true;
  for (const auto& client : All(clients_)) client->session().Drain();
  for (const auto& connection : All(http_)) connection->Drain();
  ScheduleTurn();
}

void Worker::StopIfDrained() {
  if (draining_ && clients_.empty() && http_.empty()) Stop();
}

void Worker::Stop() {
  if (std::exchange(stopped_, true)) return;
  strangers_.clear();
  for (const auto& client : All(clients_)) client->Close(metrics::CloseReason::kServerStop);
  for (const auto& connection : All(http_)) connection->Close();
  if (state_.near != nullptr) state_.near->Stop();
  state_.links.Stop();
  CarryOut(to_write_first_, &Connection::TurnWrite);
  for (const auto& link : All(upstreams_)) link->Close();
  tick_.cancel();
  sweep_.cancel();
  work_.reset();
  if (on_stopped) on_stopped();
}

void Worker::Register(ClientConnection& connection) {
  clients_.emplace(&connection, &connection);
}

void Worker::Unregister(ClientConnection& connection) {
  clients_.erase(&connection);
  if (on_client_gone) on_client_gone();
  if (draining_) ScheduleTurn();
}

void Worker::Register(HttpConnection& connection) {
  http_.emplace(&connection, &connection);
}

void Worker::Unregister(HttpConnection& connection) {
  http_.erase(&connection);
  if (draining_) ScheduleTurn();
}

void Worker::Register(UpstreamConnection& connection) {
  upstreams_.emplace(&connection, &connection);
}

void Worker::Unregister(UpstreamConnection& connection) {
  upstreams_.erase(&connection);
}

}  // namespace keyhole::net
