// A Redis that is connected and ill: it answers nothing, or it has become a replica. See
// link_pool.h.
#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "proxy/links/upstream/link_pool.h"

namespace keyhole::core {

using Phase = UpstreamLink::Phase;

namespace {
// How long Redis may be busy with one command before people are told that it is silent.
constexpr std::chrono::seconds kReportsAfter{1};
// Between two looks at where a replica's name leads now.
constexpr std::chrono::seconds kRenewsAfter{1};
constexpr std::chrono::seconds kRenewsAtLeast{60};

std::string Seconds(std::chrono::nanoseconds time) {
  return std::to_string(time / std::chrono::seconds(1)) + " s";
}
}  // namespace

void LinkPool::Tell(LogLevel level, std::string_view what) const {
  context_.log(level, {options_.label + " " + std::string(what),
                       {{kLogUpstream, options_.endpoint.ToString()}}});
}

// What was asked then has not been answered, on any link.
void LinkPool::OnSilent(Instant since) {
  if (context_.now < paused_until_) return;  // it does as it was told
  const auto silent_for = context_.now - since;
  if (!silent_ && silent_for >= kReportsAfter) {
    silent_ = true;
    ShowUp(false);
    Tell(LogLevel::kWarn, "is connected and has answered nothing for " + Seconds(silent_for) +
                              "; is it stopped or overloaded?");
  }
  if (options_.timeout.count() > 0 && silent_for >= options_.timeout) CloseSilent();
}

void LinkPool::OnAnswer(Instant asked) {
  if (!silent_) return;
  silent_ = false;
  ShowUp(up());
  Tell(LogLevel::kInfo, "answers again, after " + Seconds(context_.now - asked));
}

// What was sent has an unknown outcome, as when a connection breaks. The main link is greeted
// before anything is sent there again.
void LinkPool::CloseSilent() {
  Tell(LogLevel::kError, "has answered nothing for " + Seconds(options_.timeout) +
                             " (--upstream-timeout); its connections are made anew");
  probe_ = Probe();
  held_.clear();
  if (up()) {
    const LinkPtr main = main_;
    context_.metrics.counters.link_losses.Add();
    OnUpstreamState(*main, false);
    Retire(*main);
  }
  for (const LinkPtr& link : LinksIn(Phase::kReady)) link->Close();
}

// Those that are in this phase now: what is done to them changes the lists.
std::vector<LinkPool::LinkPtr> LinkPool::LinksIn(Phase phase) const {
  std::vector<LinkPtr> found;
  for (const auto* links : {&shared_, &idle_, &private_}) {
    std::copy_if(links->begin(), links->end(), std::back_inserter(found),
                 [phase](const LinkPtr& link) { return link->phase() == phase; });
  }
  return found;
}

// A greeting that is never answered: the Redis is silent, or it is none.
void LinkPool::CloseUngreeted() {
  if (options_.timeout.count() == 0) return;
  for (const LinkPtr& link : LinksIn(Phase::kGreeting)) {
    if (context_.now - link->greeting_since() < options_.timeout) continue;
    if (IsMain(*link)) Retire(*link);
    link->Close();
  }
}

// A name may change late, and a replica may be meant to be one: while nothing helps links are made
// anew ever more rarely.
void LinkPool::OnReadOnly(UpstreamLink& link) {
  if (link.phase() != Phase::kReady) return;
  const auto gap = std::clamp<std::chrono::nanoseconds>((renewed_ - read_only_since_) / 4,
                                                        kRenewsAfter, kRenewsAtLeast);
  if (context_.now - renewed_ < gap) return;
  read_only_ = true;
}

void LinkPool::Renew() {
  if (context_.now - renewed_ > 2 * kRenewsAtLeast) {
    read_only_since_ = context_.now;
    Tell(LogLevel::kWarn,
         "refuses writes (READONLY): it is a replica; its name is looked up again, and its "
         "connections are made anew");
  }
  renewed_ = context_.now;
  MoveOn();
}

// Requests in flight are answered where they were sent.
void LinkPool::MoveOn() {
  const std::vector<LinkPtr> shared = shared_;
  for (const LinkPtr& link : shared) {
    if (link->phase() == Phase::kReady) Retire(*link);
  }
  const std::vector<LinkPtr> idle = idle_;
  for (const LinkPtr& link : idle) link->Close();
  for (const LinkPtr& link : private_) link->Outlive();
}

}  // namespace keyhole::core
