#include "proxy/net/worker.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "proxy/near_cache/near_cache.h"
#include "proxy/net/proxy_header.h"
#include "proxy/net/tcp_stream.h"

namespace keyhole::net {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kWatch{5};
constexpr std::chrono::milliseconds kBusySweep{2};
constexpr std::chrono::seconds kLookAtStrangers{1};
// Strangers that have just sent what nobody has read yet: so many are asked before there is no
// room.
constexpr size_t kMostSpared = 16;
// What clients are told that do not speak TLS where they have to.
constexpr std::string_view kPlainResp = "-ERR this port speaks TLS only\r\n";

}  // namespace

Worker::Worker(const core::Config& config, metrics::WorkerMetrics& metrics, store::Store* store,
               core::NearShared* near, LogFunction log)
    : state_(config, metrics, store, near),
      loop_([this] { state_.ReadClock(); }),
      tick_(loop_.context()),
      watch_(loop_.context()),
      sweep_(loop_.context()),
      deadline_(loop_.context()) {
  state_.log = std::move(log);
  state_.post = [this](std::function<void()> f) {
    Post([this, f = std::move(f)] {
      loop_.BeginTurn();
      f();
    });
  };
  state_.store_doorbell.on_wait = [this] { AwaitDeadline(); };
  state_.links.on_watch = [this] { Watch(); };
  state_.links.on_room = [this] {
    clients_.ForEach([](ClientConnection& client) { client.Wake(); });
  };
  state_.list_clients = [this](size_t most, std::vector<core::ClientInfo>* out) {
    clients_.ForEach([&](ClientConnection& client) {
      if (out->size() < most) out->push_back(client.session().Describe());
    });
    return clients_.size();
  };
  clients_.on_removed = [this] {
    if (on_client_gone) on_client_gone();
    OnGone();
  };
  http_ = HttpClients::Make(loop_, state_, handshakes_, [this] { OnGone(); });
}

Worker::~Worker() = default;

void Worker::Start() {
  loop_.BeginTurn();
  core::Connector* connector = this;
  if (state_.wants_master) {
    sentinels_ = std::make_unique<core::SentinelWatch>(
        state_, *state_.config.upstream->sentinels, state_.initial_state, *this,
        [this](const core::Endpoint& endpoint) { Cut(endpoint); });
    sentinels_->Start();
    connector = sentinels_.get();
  }
  if (state_.store == nullptr) state_.links.Start(*connector);
  if (state_.near != nullptr) state_.near->Start(*connector);
  if (state_.store != nullptr) Sweep();
  WatchName();
  Tick();
}

// Of one Redis. Sentinels and the nodes of a cluster tell themselves where others are.
void Worker::WatchName() {
  const auto& upstream = state_.config.upstream;
  const auto interval = state_.config.links.resolve;
  if (!upstream.has_value() || upstream->is_cluster() || upstream->sentinels.has_value()) return;
  if (interval.count() == 0 || !NameWatch::IsName(upstream->endpoint)) return;
  name_ = std::make_unique<NameWatch>(
      loop_, upstream->endpoint, interval,
      [this](const NameWatch::Addresses& addresses) { FollowName(addresses); });
}

void Worker::FollowName(const NameWatch::Addresses& addresses) {
  bool moved = false;
  upstreams_.ForEachOfNow([&](UpstreamConnection& connection) {
    if (!connection.is_connected()) return;
    if (std::binary_search(addresses.begin(), addresses.end(), connection.peer())) return;
    moved = true;
    // What it keeps has to be of the Redis that is read from.
    if (state_.near != nullptr && state_.near->IsLink(connection.link())) connection.Lose();
  });
  if (!moved) return;
  const std::string& name = state_.config.upstream->endpoint.host;
  state_.log(core::LogLevel::kInfo, {"the name of the upstream, " + name +
                                         ", leads elsewhere now; connections are made anew there",
                                     {{core::kLogUpstream, name}}});
  state_.links.MoveOn();
}

// More often while there is much to find: a tenth of the time then.
void Worker::Sweep() {
  if (stopped_) return;
  loop_.BeginTurn();
  const bool soon = state_.store->Sweep(state_.unix_now);
  sweep_.expires_after(soon ? kBusySweep : kTick);
  sweep_.async_wait([this](error_code error) {
    if (!error) Sweep();
  });
}

// Of links that Redis may hold, while there is something in flight.
void Worker::Watch() {
  watch_.expires_after(kWatch);
  watch_.async_wait([this](error_code error) {
    if (error || stopped_) return;
    loop_.BeginTurn();
    if (state_.links.Watch()) Watch();
  });
}

// Each worker with a request that waits has its timer set to that one's deadline or to an earlier
// one, and ends whatever is due then.
void Worker::AwaitDeadline() {
  const store::UnixMillis next = state_.store->next_deadline();
  if (next >= next_deadline_) return;
  next_deadline_ = next;
  deadline_.expires_after(std::chrono::milliseconds(std::max<int64_t>(next - state_.unix_now, 0)));
  deadline_.async_wait([this](error_code error) {
    if (error || stopped_) return;
    loop_.BeginTurn();
    next_deadline_ = store::kNever;
    state_.store->EndWaits(state_.unix_now);
    AwaitDeadline();
  });
}

void Worker::AddClient(int descriptor, std::string_view address, TlsContext::Pointer tls,
                       core::ClientAddress::Pointer origin) {
  loop_.BeginTurn();
  const boost::intrusive_ptr<ClientConnection> client(
      new ClientConnection(loop_, state_, clients_, address));
  if (origin != nullptr) client->session().session().set_origin(std::move(origin));
  std::unique_ptr<Stream> stream = std::make_unique<TcpStream>(loop_.context(), descriptor);
  if (tls != nullptr) {
    stream = handshakes_.WithClient(std::move(stream), std::move(tls), std::string(address),
                                    kPlainResp, *client);
  }
  if (state_.logs_debug) {
    state_.log(core::LogLevel::kDebug,
               {"client " + std::string(address) + " has come", {{core::kLogClient, address}}});
  }
  client->Start(std::move(stream));
  strangers_.push_back(client);
  if (draining_) DrainClients();
}

void Worker::Connect(core::UpstreamEnd& end, const core::Endpoint& endpoint) {
  (new UpstreamConnection(loop_, state_, upstreams_, end))
      ->Start(endpoint, [this, endpoint](int descriptor) {
        std::unique_ptr<Stream> stream = std::make_unique<TcpStream>(loop_.context(), descriptor);
        if (endpoint.proxy) SendProxyHeader(descriptor);
        if (!endpoint.tls) return stream;
        return handshakes_.WithUpstream(std::move(stream), upstream_tls_, endpoint);
      });
}

void Worker::Cut(const core::Endpoint& endpoint) {
  upstreams_.ForEachOfNow([&endpoint](UpstreamConnection& connection) {
    if (connection.endpoint() == endpoint) connection.Lose();
  });
  state_.links.RetryNow();
}

void Worker::Tick() {
  if (stopped_) return;
  loop_.BeginTurn();
  if (sentinels_ != nullptr) sentinels_->Tick();
  state_.links.Tick();
  if (state_.near != nullptr) state_.near->Tick();
  state_.metrics.keys.CatchUp();
  upstreams_.ForEachOfNow([](UpstreamConnection& link) { link.ExpireConnecting(); });
  loop_.Tick();
  // Else there is nothing to look for.
  if (state_.client_idle_timeout().count() > 0 || state_.leaving > 0) {
    clients_.ForEachOfNow([](ClientConnection& client) { client.session().Tick(); });
  }
  LookAtStrangers();
  WeighClients();
  if (draining_) DrainClients();
  LookAtLingering();
  handshakes_.Tick();
  if (http_ != nullptr) http_->Tick();
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
  loop_.BeginTurn();
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
      const std::string& address = client->session().session().address();
      state_.log(
          core::LogLevel::kWarn,
          {"closed " + address + " to make room, as --max-clients is reached and it has not " +
               (client->session().is_let_in() ? "sent a whole request" : "logged in") + *more,
           {{core::kLogClient, address}}});
    }
    client->Close(metrics::CloseReason::kMadeRoom);
    return true;
  }
  return false;
}

void Worker::Reload(const core::Config& next) {
  loop_.BeginTurn();
  const core::SessionState before = state_.initial_state;
  state_.Reload(next);
  name_ = nullptr;
  WatchName();  // the upstream may have another one now
  clients_.ForEachOfNow(
      [&before](ClientConnection& client) { client.session().session().OnReload(before); });
  if (http_ != nullptr) http_->Reload();
}

void Worker::Stop() {
  if (std::exchange(stopped_, true)) return;
  strangers_.clear();
  handshakes_.Clear();
  for (const Lingering& one : std::exchange(lingering_, {})) ::close(one.descriptor);
  clients_.linger = nullptr;
  clients_.ForEachOfNow(
      [](ClientConnection& client) { client.Close(metrics::CloseReason::kServerStop); });
  if (http_ != nullptr) http_->Close();
  if (state_.near != nullptr) state_.near->Stop();
  state_.links.Stop();
  name_ = nullptr;
  if (sentinels_ != nullptr) sentinels_->Stop();
  loop_.WriteFirst();
  upstreams_.ForEachOfNow([](UpstreamConnection& link) { link.Close(); });
  tick_.cancel();
  watch_.cancel();
  sweep_.cancel();
  deadline_.cancel();
  loop_.Finish();
  if (on_stopped) on_stopped();
}

}  // namespace keyhole::net
