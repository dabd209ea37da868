#include "proxy/sessions/readiness_check.h"

#include <string>
#include <utility>
#include <vector>

#include "metrics/counters.h"
#include "resp/command_table.h"
#include "resp/reply_writer.h"

namespace keyhole::core {
namespace {

constexpr std::string_view kAway = "Cannot connect to Redis";
constexpr std::string_view kSilent = "Redis has not answered for 1 s";

std::string FirstWord(std::string_view text) {
  return std::string(text.substr(0, text.find(' ')));
}

}  // namespace

void ReadinessCheck::OnLinkLost() {
  Finish(kAway);
}

boost::intrusive_ptr<ReadinessCheck> ReadinessCheck::Begin(Router& router, Instant now, Done done) {
  boost::intrusive_ptr<ReadinessCheck> check(new ReadinessCheck(now, std::move(done)));
  Link* const link = router.health_link();
  if (link == nullptr || !router.up()) {
    check->Finish(link != nullptr ? kSilent : router.up() ? "" : kAway);
    return check;
  }
  std::string bytes;
  const std::vector<std::string_view> args = {resp::Spec(resp::CommandId::kPing).name};
  resp::AppendRequest(args, &bytes);
  const resp::Request request{args, bytes};
  Exchange exchange = MakeExchange(request, /*in_pieces=*/false, /*replies_hidden=*/false);
  exchange.requester = check;
  exchange.sent = now;
  exchange.purpose = Purpose::kPart;  // no client's: it is not counted
  link->Send(request, std::move(exchange));
  return check;
}

void ReadinessCheck::OnReplyEnd(const Exchange&, const resp::ReplyHead& head) {
  const bool serves =
      !head.is_error() || metrics::ErrorClassOf(head.text) == metrics::ErrorClass::kDenied;
  Finish(serves ? "" : "Redis answers " + FirstWord(head.text));
}

void ReadinessCheck::OnLinkRefused(std::string_view error) {
  Finish("Redis refuses the connection: " + FirstWord(error));
}

void ReadinessCheck::Tick(Instant now) {
  if (now - began_ >= kPatience) Finish(kSilent);
}

void ReadinessCheck::Cancel() {
  done_ = nullptr;
  closed_ = true;
}

void ReadinessCheck::Finish(std::string_view problem) {
  const boost::intrusive_ptr<ReadinessCheck> self(this);  // whoever is told may drop it
  closed_ = true;
  if (const Done done = std::exchange(done_, nullptr)) done(problem);
}

}  // namespace keyhole::core
