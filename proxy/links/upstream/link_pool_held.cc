// Links that Redis holds while it answers others, see link_pool.h.
#include <algorithm>
#include <utility>

#include "proxy/links/upstream/link_pool.h"

namespace keyhole::core {

using Phase = UpstreamLink::Phase;
using Role = UpstreamLink::Role;

namespace {
// How long a request is waited for before its link is suspected, beyond what Redis usually takes.
constexpr std::chrono::milliseconds kPatience{10};
constexpr size_t kMostHeld = 8;

// How long the way to Redis and back usually is. It has not become longer with one busy moment.
std::chrono::nanoseconds Usual(std::chrono::nanoseconds usual, std::chrono::nanoseconds took) {
  took = std::max(took - kPatience, took * 0);
  return took < usual ? took : usual + (took - usual) / 8;
}
}  // namespace

bool LinkPool::Watch() {
  ForgetAnswered();
  if (probe_.link != nullptr) {
    Judge();
    return true;
  }
  watching_ = Suspects() || wary();
  return watching_;
}

// Asks Redis elsewhere if a link has not answered for long. False: nothing is in flight.
bool LinkPool::Suspects() {
  const auto patience = kPatience + 2 * probe_time_;
  bool in_flight = false;
  for (const LinkPtr& link : shared_) {
    if (link->pending() == 0 || link->phase() != Phase::kReady) continue;
    in_flight = true;
    if (context_.now - link->oldest_sent() < patience) continue;
    probe_.suspects.push_back({link, link->oldest()});
  }
  if (probe_.suspects.empty()) return in_flight;
  const auto idle = std::find_if(idle_.begin(), idle_.end(), [](const LinkPtr& link) {
    return link->phase() == Phase::kReady && link->pending() == 0;
  });
  if (held_.size() >= kMostHeld || idle == idle_.end()) {
    probe_.suspects.clear();
  } else {
    probe_.link = *idle;
    probe_.mark = probe_.link->Probe();
    probe_.sent = context_.now;
  }
  return in_flight;
}

// Redis has answered the probe, or not yet. What it has said to a suspect before that has been
// read: it was in its socket when the answer came.
void LinkPool::Judge() {
  const bool lost = probe_.link->phase() != Phase::kReady;
  if (!lost && !probe_.link->has_answered(probe_.mark)) return OnSilent(probe_.sent);
  const Probe probe = std::exchange(probe_, Probe());
  if (lost) return;
  OnAnswer(probe.sent);
  probe_time_ = Usual(probe_time_, context_.now - probe.sent);
  for (const Suspect& suspect : probe.suspects) {
    UpstreamLink& link = *suspect.link;
    const bool silent = link.role() == Role::kShared && link.phase() == Phase::kReady &&
                        !link.has_answered(suspect.oldest);
    if (silent && held_.size() < kMostHeld) Hold(link);
  }
}

// Others get the place of one that is there already, if there is one.
void LinkPool::Hold(UpstreamLink& holding) {
  const LinkPtr link(&holding);
  const LinkPtr next = ShareIdle(link->state(), link->for_scripts());
  if (next == nullptr) {
    Retire(*link);
  } else {
    std::erase(shared_, link);
    next->set_for_scripts(link->for_scripts());
    shared_.push_back(next);
    if (main_ == link) main_ = next;
    link->SetRole(Role::kRetired, nullptr);
    private_.push_back(link);
  }
  held_.push_back(link);
  BeWary(true);
}

void LinkPool::ForgetAnswered() {
  std::erase_if(held_, [](const LinkPtr& link) {
    return link->pending() == 0 || link->phase() != Phase::kReady;
  });
  BeWary(!held_.empty() || context_.now < paused_until_);
}

// Each request is looked at by the router then.
void LinkPool::BeWary(bool wary) {
  if (!wary && !wary_) return;
  wary_ = wary;
  for (const LinkPtr& shared : shared_) shared->set_accepting(!wary);
}

// As in Redis, a pause may only become longer until it is ended.
void LinkPool::OnPause(std::chrono::milliseconds time) {
  paused_until_ = time.count() == 0 ? Instant() : std::max(paused_until_, context_.now + time);
  ForgetAnswered();
  OnWritten();  // to see its end
}

}  // namespace keyhole::core
