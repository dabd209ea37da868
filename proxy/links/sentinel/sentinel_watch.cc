#include "proxy/links/sentinel/sentinel_watch.h"

#include <algorithm>
#include <utility>

namespace keyhole::core {

using Master = SentinelLink::Master;

SentinelWatch::SentinelWatch(LinkContext& context, const Sentinels& options, const SessionState& us,
                             Connector& edge, CutOff cut)
    : context_(context), options_(options), us_(us), edge_(edge), cut_(std::move(cut)) {
  for (const Endpoint& endpoint : options.endpoints) sentinels_.push_back({.at = endpoint});
}

SentinelWatch::~SentinelWatch() = default;

void SentinelWatch::Tick() {
  if (stopped_) return;
  std::erase_if(waiting_, [](const auto& end) { return end->gone(); });
  // By number: one that is lost meanwhile changes nothing but itself, one that is learnt comes
  // last.
  for (size_t i = 0; i < sentinels_.size(); ++i) {
    const boost::intrusive_ptr<SentinelLink> link = sentinels_[i].link;
    if (link != nullptr) {
      link->Tick();
    } else if (sentinels_[i].backoff.IsOver(context_.now)) {
      sentinels_[i].link = new SentinelLink(context_, options_, sentinels_[i].at.tls, *this);
      edge_.Connect(*sentinels_[i].link, sentinels_[i].at);
    }
  }
  if (!promoted_.has_value()) return;
  if (context_.now >= scouting_until_) return EndScouting();
  scout_ != nullptr ? scout_->Tick() : Scout();
}

// Of whom several Sentinels may tell, or one that was lost: the last one that they name is asked.
void SentinelWatch::OnPromotion(const Endpoint& replica) {
  if (stopped_ || (master_.has_value() && master_->endpoint == replica)) return;
  EndScouting();
  promoted_ = replica;
  scouting_until_ = context_.now + kUnconfirmed;
  Scout();
}

void SentinelWatch::Scout() {
  scout_ = new SentinelScout(us_, *this);
  edge_.Connect(*scout_, *promoted_);
}

void SentinelWatch::EndScouting() {
  if (scout_ != nullptr) scout_->Stop();
  scout_ = nullptr;
  promoted_.reset();
}

void SentinelWatch::OnScouted() {
  const Endpoint at = *promoted_;
  EndScouting();
  unconfirmed_until_ = context_.now + kUnconfirmed;
  MoveTo({at, master_.has_value() ? master_->epoch + 1 : 0});
}

// Whoever has answered is there: it has only closed its connections, as it is being promoted.
void SentinelWatch::OnScoutLost(bool answered) {
  scout_ = nullptr;
  if (answered) Scout();
}

void SentinelWatch::Stop() {
  stopped_ = true;
  EndScouting();
  for (Sentinel& sentinel : sentinels_) {
    if (sentinel.link != nullptr) sentinel.link->Stop();
  }
  waiting_.clear();
}

// Whoever wants to connect may have lost a master that is none any more.
void SentinelWatch::Connect(UpstreamEnd& end, const Endpoint&) {
  AskAll();
  if (master_.has_value()) {
    edge_.Connect(end, master_->endpoint);
  } else {
    waiting_.emplace_back(&end);
  }
}

void SentinelWatch::AskAll() {
  for (const Sentinel& sentinel : sentinels_) {
    if (sentinel.link != nullptr) sentinel.link->Ask();
  }
}

SentinelWatch::Sentinel* SentinelWatch::Find(const SentinelLink& link) {
  const auto found =
      std::find_if(sentinels_.begin(), sentinels_.end(),
                   [&link](const Sentinel& sentinel) { return sentinel.link.get() == &link; });
  return found == sentinels_.end() ? nullptr : &*found;
}

void SentinelWatch::OnMaster(SentinelLink& link, const Master& master) {
  Sentinel* const sentinel = Find(link);
  if (sentinel == nullptr || stopped_) return;
  sentinel->said = master;
  sentinel->problem.clear();
  sentinel->backoff.Succeeded();
  Decide();
}

void SentinelWatch::OnOthers(const std::vector<Endpoint>& others) {
  for (const Endpoint& other : others) {
    const bool known =
        std::any_of(sentinels_.begin(), sentinels_.end(),
                    [&other](const Sentinel& sentinel) { return sentinel.at == other; });
    if (!known && sentinels_.size() < kMost) sentinels_.push_back({.at = other});
  }
}

void SentinelWatch::OnSentinelLost(SentinelLink& link, std::string_view problem) {
  Sentinel* const sentinel = Find(link);
  if (sentinel == nullptr) return;
  if (!problem.empty() && problem != sentinel->problem) {
    sentinel->problem = problem;
    const std::string at = sentinel->at.ToString();
    context_.log(LogLevel::kError, {"the Sentinel " + at + " is not used: " + sentinel->problem,
                                    {{kLogUpstream, at}}});
  }
  sentinel->link = nullptr;
  sentinel->said.reset();
  sentinel->backoff.Failed(context_.now, context_.Random());
}

// Whether it is worth to be looked at beside the master in use.
bool SentinelWatch::Believes(const Master& said) const {
  if (!master_.has_value() || said.epoch >= master_->epoch) return true;
  if (context_.now < unconfirmed_until_) return false;
  const auto same =
      std::count_if(sentinels_.begin(), sentinels_.end(),
                    [&said](const Sentinel& sentinel) { return sentinel.said == said; });
  return static_cast<size_t>(same) * 2 > sentinels_.size();
}

void SentinelWatch::Decide() {
  std::optional<Master> best;
  for (const Sentinel& sentinel : sentinels_) {
    if (!sentinel.said.has_value() || !Believes(*sentinel.said)) continue;
    if (!best.has_value() || sentinel.said->epoch > best->epoch) best = sentinel.said;
  }
  if (best.has_value() && best != master_) MoveTo(*best);
}

void SentinelWatch::MoveTo(const Master& master) {
  const std::optional<Master> before = std::exchange(master_, master);
  if (promoted_.has_value() && *promoted_ == master.endpoint) EndScouting();
  if (before.has_value() && before->endpoint == master.endpoint) return;  // a later epoch
  const std::string at = master.endpoint.ToString();
  context_.log(
      LogLevel::kInfo,
      {"Sentinel: the master of " + options_.master + " is " + at +
           (before.has_value() ? ", no longer " + before->endpoint.ToString() : std::string()),
       {{kLogUpstream, at}}});
  // Those who are cut off want to connect again, and so come to the new one.
  if (before.has_value()) cut_(before->endpoint);
  for (const auto& end : std::exchange(waiting_, {})) {
    if (!end->gone()) edge_.Connect(*end, master.endpoint);
  }
}

}  // namespace keyhole::core
