#include "proxy/links/sentinel/sentinel_scout.h"

#include <utility>

namespace keyhole::core {

void SentinelScout::OnConnected() {
  Greeting greeting;
  greeting.LogIn(us_);
  greeting.AskRole();
  handshake_.Begin(std::move(greeting));
}

bool SentinelScout::OnRead(std::string_view bytes) {
  if (over_) return false;
  if (handshake_.state() != Handshake::State::kTalking) return true;  // what was not asked for
  handshake_.Read(bytes, &scanner_);
  answered_ = answered_ || handshake_.failure() == Handshake::Failure::kNotMaster;
  if (handshake_.state() == Handshake::State::kDone) {
    over_ = true;
    listener_.OnScouted();
    return false;
  }
  const bool fails = handshake_.state() == Handshake::State::kFailed;
  return !fails || handshake_.failure() == Handshake::Failure::kNotMaster;
}

void SentinelScout::Tick() {
  if (over_ || handshake_.failure() != Handshake::Failure::kNotMaster) return;
  Greeting role;
  role.AskRole();
  handshake_.Begin(std::move(role));
  if (transport_ != nullptr) transport_->Wake();
}

void SentinelScout::OnDisconnected() {
  if (!std::exchange(over_, true)) listener_.OnScoutLost(answered_);
}

void SentinelScout::Stop() {
  over_ = true;
  if (transport_ != nullptr) transport_->Wake();
}

}  // namespace keyhole::core
