// How clients go that did not want to. How a worker comes to its end:
//
//     Drain(): a client goes when it is quiet     half of the grace period, 2.5 s at most
//              then: no more is read of it        the other half; Stop() cuts off what is left
//
// Quiet is who has sent nothing that is not answered, and is not in a transaction. Its output ends
// first, and what comes in the same moment is read and thrown away: it sees the end of a stream,
// not a reset, and knows that what it has sent last was not carried out.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "proxy/net/worker.h"

namespace keyhole::net {
namespace {

constexpr std::chrono::milliseconds kLinger{200};

// True: the other side has ended it too, or is gone.
bool HasEnded(int descriptor) {
  char thrown_away[16384];
  for (;;) {
    const ssize_t n = ::recv(descriptor, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);
    if (n > 0) continue;
    return n == 0 || (errno != EAGAIN && errno != EINTR);
  }
}

}  // namespace

void Worker::Drain(std::chrono::milliseconds patience) {
  loop_.BeginTurn();
  draining_ = true;
  drain_by_ = state_.now + patience;
  clients_.linger = [this](int descriptor) { Linger(descriptor); };
  if (http_ != nullptr) http_->Drain();
  DrainClients();
  OnGone();
}

void Worker::DrainClients() {
  const bool waits = state_.now < drain_by_;
  clients_.ForEachOfNow([waits](ClientConnection& client) {
    core::ClientSession& session = client.session();
    if (session.draining()) return;
    const bool busy =
        (!session.quiet() || client.HasUnread() || session.session().in_transaction()) &&
        !session.session().blocked() && !session.session().uploading();
    if (!waits || !busy) session.Drain();
  });
}

void Worker::Linger(int descriptor) {
  if (HasEnded(descriptor)) {
    ::close(descriptor);
  } else {
    lingering_.push_back({descriptor, state_.now + kLinger});
  }
}

void Worker::LookAtLingering() {
  if (lingering_.empty()) return;
  std::erase_if(lingering_, [this](const Lingering& one) {
    if (state_.now < one.until && !HasEnded(one.descriptor)) return false;
    ::close(one.descriptor);
    return true;
  });
  if (lingering_.empty()) OnGone();
}

// The fattest client goes, one in a tick: what it has is gone before the next one is judged.
void Worker::WeighClients() {
  const uint64_t limit = state_.clients.memory;
  auto& gauge = state_.metrics.counters.client_buffers;
  if (memory_ == nullptr || limit == 0) {
    if (gauge.Load() != 0) gauge.Set(0);
    return;
  }
  uint64_t sum = 0;
  uint64_t most = 0;
  ClientConnection* fattest = nullptr;
  clients_.ForEach([&](ClientConnection& client) {
    const uint64_t bytes = client.session().buffered();
    sum += bytes;
    if (bytes > most) fattest = &client;
    most = std::max(most, bytes);
  });
  gauge.Set(static_cast<int64_t>(sum));
  memory_->Tell(number_, sum, most);
  if (memory_->total() <= limit || !memory_->HasFattest(number_)) return;
  const std::string who = fattest->session().session().ForPeople();
  state_.log(core::LogLevel::kWarn,
             {"closed " + who + ": of all clients it kept most in memory, " + std::to_string(most) +
                  " bytes, and together they kept more than --client-memory",
              {{core::kLogClient, who}, {core::kLogBytes, static_cast<int64_t>(most)}}});
  fattest->Close(metrics::CloseReason::kMemoryLimit);
  memory_->Tell(number_, sum - most, 0);
}

// Not from inside of what has closed it.
void Worker::OnGone() {
  if (draining_) loop_.Post([this] { StopIfDrained(); });
}

void Worker::StopIfDrained() {
  if (draining_ && clients_.empty() && lingering_.empty() &&
      (http_ == nullptr || http_->size() == 0))
    Stop();
}

}  // namespace keyhole::net
