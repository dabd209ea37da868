#include "proxy/links/exchange.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "resp/number.h"

namespace keyhole::core {
namespace {

using resp::Effect;
using resp::IsKeyword;

// As long as for ever, and still a time that can be added to one.
constexpr std::chrono::milliseconds kLongestPause = std::chrono::hours(24 * 365);

bool IsClientName(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

// HELLO 3 AUTH user password SETNAME name: carried out word by word, up to the first that Redis
// refuses. False if it changes nothing.
bool ReadHello(std::span<const std::string_view> args, StateChange* change) {
  int64_t version = 0;
  if (args.size() < 2 || !resp::ParseInteger(args[1], &version)) return false;
  if (version != 2 && version != 3) return false;
  size_t i = 2;
  while (i < args.size()) {
    if (IsKeyword(args[i], "AUTH") && i + 2 < args.size()) {
      change->ambiguous = change->identity.has_value();
      change->identity = {std::string(args[i + 1]), std::string(args[i + 2])};
      i += 3;
    } else if (IsKeyword(args[i], "SETNAME") && i + 1 < args.size() && IsClientName(args[i + 1])) {
      change->name = args[i + 1];
      if (!change->identity.has_value()) change->name_before_auth = change->name;
      i += 2;
    } else {
      change->half_done = true;
      change->ambiguous = true;
      return true;
    }
  }
  change->protocol = static_cast<resp::Protocol>(version);
  return true;
}

std::unique_ptr<StateChange> ChangeBy(std::span<const std::string_view> args, Effect effect) {
  auto change = std::make_unique<StateChange>();
  switch (effect) {
    case Effect::kSelect: {
      int64_t db = 0;
      if (!resp::ParseInteger(args[1], &db) || db < 0 || db > std::numeric_limits<int>::max()) {
        return nullptr;
      }
      change->db = static_cast<int>(db);
      return change;
    }
    case Effect::kHello:
      return ReadHello(args, change.get()) ? std::move(change) : nullptr;
    case Effect::kAuth:
      if (args.size() > 3) return nullptr;
      change->identity = {args.size() > 2 ? std::string(args[1]) : std::string(),
                          std::string(args.back())};
      return change;
    case Effect::kSetName:
      change->name = args.back();
      return change;
    case Effect::kSetInfo:
      if (IsKeyword(args[2], "LIB-NAME")) change->library = args.back();
      if (IsKeyword(args[2], "LIB-VER")) change->library_version = args.back();
      return change->names() ? std::move(change) : nullptr;
    case Effect::kPause: {
      int64_t time = 0;
      if (!resp::ParseInteger(args[2], &time) || time < 0) return nullptr;
      change->pause = std::min(std::chrono::milliseconds(time), kLongestPause);
      return change;
    }
    case Effect::kUnpause:
      change->pause = std::chrono::milliseconds(0);
      return change;
    default:
      return nullptr;
  }
}

}  // namespace

void ReadEffect(const resp::Request& request, Exchange* exchange) {
  const resp::CommandSpec& spec = *exchange->spec;
  const bool unknown = spec.id == resp::CommandId::kUnknown;
  if (!unknown && !spec.AcceptsCount(request.argument_count())) return;
  exchange->effect = spec.effect;
  if (spec.effect == Effect::kClientReply) {
    const std::string_view mode = request.args.back();
    if (IsKeyword(mode, "ON")) exchange->answered = true;
    if (IsKeyword(mode, "OFF") || IsKeyword(mode, "SKIP")) exchange->answered = false;
  } else if (resp::TraitsOf(spec.effect).sets) {
    if (exchange->in_pieces) {
      exchange->effect = Effect::kTaint;  // nobody has read to what
    } else {
      exchange->change = ChangeBy(request.args, spec.effect);
    }
  }
}

int32_t AwaitedReplies(const Exchange& exchange, size_t arguments) {
  if (!exchange.answered) return 0;
  const resp::EffectTraits traits = resp::TraitsOf(exchange.effect);
  if (traits.listens == resp::Listens::kEnds && arguments == 1) return Exchange::kConfirmAll;
  return traits.confirmed() ? static_cast<int32_t>(arguments) - 1 : 1;
}

}  // namespace keyhole::core
