#include "proxy/links/cluster/plan.h"

#include <absl/strings/ascii.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

namespace keyhole::core {
namespace {

using resp::CommandId;
using resp::Effect;
using Way = Plan::Way;
using Args = std::span<const std::string_view>;

constexpr std::string_view kCrossSlot = "CROSSSLOT Keys in request don't hash to the same slot";
constexpr std::string_view kNoCluster = "ERR This instance has cluster support disabled";

Plan Refuse(std::string text) {
  Plan plan;
  plan.way = Way::kRefused;
  plan.refusal = std::move(text);
  return plan;
}

Plan To(Path path, Slot slot = kNoSlot) {
  Plan plan;
  plan.path = path;
  plan.slot = slot;
  return plan;
}

// "CLIENT LIST"
std::string NameOf(const resp::CommandSpec& spec) {
  std::string name = absl::AsciiStrToUpper(std::string(spec.full_name));
  std::replace(name.begin(), name.end(), '|', ' ');
  return name;
}

Plan RefuseHere(const resp::CommandSpec& spec, std::string_view where) {
  return Refuse(NotAvailable(spec, where));
}

// Collects the slots of keys.
struct KeySlots {
  Slot slot = kNoSlot;
  bool several = false;

  void Add(std::string_view key) {
    const Slot next = SlotOf(key);
    several = several || (slot != kNoSlot && next != slot);
    slot = next;
  }
};

KeySlots SlotsOfKeys(const resp::CommandSpec& spec, Args args) {
  KeySlots slots;
  resp::ForEachKey(spec, args, [&slots](std::string_view key) { slots.Add(key); });
  return slots;
}

KeySlots SlotsOfChannels(const resp::CommandSpec& spec, Args args) {
  KeySlots slots;
  const bool all = resp::TraitsOf(spec.effect).confirmed();  // else the second is a message
  for (size_t i = 1; i < args.size() && (all || i == 1); ++i) slots.Add(args[i]);
  return slots;
}

KeySlots SlotsOf(const resp::CommandSpec& spec, const Treatment& treatment, Args args) {
  return treatment.way == Treatment::Way::kByChannel ? SlotsOfChannels(spec, args)
                                                     : SlotsOfKeys(spec, args);
}

Plan AtKeys(Path path, const KeySlots& slots) {
  return slots.several ? Refuse(std::string(kCrossSlot)) : To(path, slots.slot);
}

// Between MULTI and EXEC.
Plan Queued(const Exchange& exchange, const Treatment& treatment, const KeySlots& slots) {
  const resp::EffectTraits traits = resp::TraitsOf(exchange.effect);
  const bool changes = traits.sets && exchange.effect != Effect::kSelect;
  switch (treatment.way) {
    case Treatment::Way::kOneSlot:
    case Treatment::Way::kOneMaster:
    case Treatment::Way::kSplit:
    case Treatment::Way::kByChannel:
      if (!changes && !traits.confirmed()) return AtKeys(Path::kOwn, slots);
      [[fallthrough]];
    default:
      return RefuseHere(*exchange.spec, "inside MULTI ");
  }
}

// What changes the connection, or must not share one.
Plan WithEffect(const Exchange& exchange, const resp::Request& request, const PlanState& state,
                const KeySlots& slots) {
  const resp::CommandSpec& spec = *exchange.spec;
  switch (exchange.effect) {
    case Effect::kMulti: {
      Plan plan = To(Path::kNone);
      plan.way = Way::kBegin;
      return plan;
    }
    case Effect::kWatch:
      return AtKeys(Path::kOwn, slots);
    case Effect::kUnwatch:
      return To(state.watching ? Path::kOwn : Path::kShared);
    case Effect::kSubscribe:
    case Effect::kPsubscribe:
    case Effect::kUnsubscribe:
    case Effect::kPunsubscribe:
      return To(Path::kListen);
    case Effect::kSsubscribe:
    case Effect::kSunsubscribe:
      return AtKeys(Path::kListenShard, slots);
    case Effect::kTaint: {
      Plan plan = To(Path::kOpaque);
      plan.guessed = spec.id == CommandId::kUnknown && request.args.size() > 1;
      if (plan.guessed) plan.slot = SlotOf(request.args[1]);
      return plan;
    }
    case Effect::kSelect:
      return To(Path::kShared);
    default:
      break;
  }
  const StateChange* const change = exchange.change.get();
  if (change != nullptr && state.holds && (change->identity || change->protocol)) {
    return RefuseHere(spec, "while watching keys or subscribed, ");
  }
  const resp::EffectTraits traits = resp::TraitsOf(exchange.effect);
  // Scripts share with all: a node that one of them holds is slow for its own slots alone.
  const bool shares =
      (traits.need == resp::LinkNeed::kAny || traits.need == resp::LinkNeed::kScripts) &&
      !traits.sets;
  return AtKeys(shares ? Path::kShared : Path::kOnce, slots);
}

Plan Split(const resp::CommandSpec& spec, Args args, const KeySlots& slots,
           const PlanState& state) {
  const auto first = static_cast<size_t>(spec.keys.first);
  if ((args.size() - first) % static_cast<size_t>(spec.keys.step) != 0) {
    Plan plan = To(Path::kShared);
    plan.misshapen = true;
    return plan;
  }
  if (!slots.several) return To(Path::kShared, slots.slot);
  if (!state.splits) return Refuse(std::string(kCrossSlot));
  Plan plan = To(Path::kShared);
  plan.way = Way::kSplit;
  return plan;
}

Plan Plain(const resp::CommandSpec& spec, const Treatment& treatment, Args args,
           const KeySlots& slots, const PlanState& state) {
  Plan plan = AtKeys(Path::kShared, slots);
  switch (treatment.way) {
    case Treatment::Way::kSplit:
      return Split(spec, args, slots, state);
    case Treatment::Way::kEvery:
      plan.way = Way::kEvery;
      break;
    case Treatment::Way::kScan:
      plan.way = Way::kScan;
      break;
    case Treatment::Way::kByChannel:
      plan.orderly = true;
      break;
    default:
      break;
  }
  return plan;
}

std::string NotWhileSubscribed(const resp::CommandSpec& spec, std::string_view name) {
  const std::string shown =
      spec.id == CommandId::kUnknown ? std::string(name) : std::string(spec.full_name);
  return "ERR Can't execute '" + absl::AsciiStrToLower(shown) +
         "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
         "context";
}

Plan ByFacade() {
  Plan plan = To(Path::kNone);
  plan.way = Way::kFacade;
  return plan;
}

Plan Decide(const Exchange& exchange, const resp::Request& request, const Treatment& treatment,
            const PlanState& state) {
  const resp::CommandSpec& spec = *exchange.spec;
  const bool disabled = treatment.way == Treatment::Way::kDisabled;
  if (disabled && state.facade == ClusterFacade::kRedis) return Refuse(std::string(kNoCluster));
  if (treatment.way == Treatment::Way::kRefused) return RefuseHere(spec, "");
  const bool known = spec.id != CommandId::kUnknown;
  if (known && !spec.AcceptsCount(request.argument_count())) {
    return To(state.queueing ? Path::kOwn : Path::kShared);  // a node says so
  }
  const KeySlots slots = SlotsOf(spec, treatment, request.args);
  if (state.queueing) return Queued(exchange, treatment, slots);
  if (state.listening && state.protocol == resp::Protocol::kResp2) {
    if (!spec.has(resp::kWhileSubscribed) && !resp::TraitsOf(spec.effect).confirmed())
      return Refuse(NotWhileSubscribed(spec, request.args.front()));
    if (exchange.effect == Effect::kNone) return To(Path::kListen);  // PING has another form here
  }
  if (disabled) return ByFacade();
  const bool at_all = treatment.way == Treatment::Way::kEvery;  // SCRIPT KILL has an effect, too
  if (exchange.effect != Effect::kNone && !at_all)
    return WithEffect(exchange, request, state, slots);
  return Plain(spec, treatment, request.args, slots, state);
}

}  // namespace

std::string NotAvailable(const resp::CommandSpec& spec, std::string_view where) {
  return "ERR " + NameOf(spec) + " is not available " + std::string(where) +
         "in front of a Redis Cluster";
}

Plan MakePlan(const Exchange& exchange, const resp::Request& request, const PlanState& state) {
  const Treatment& treatment = TreatmentOf(*exchange.spec);
  Plan plan = Decide(exchange, request, treatment, state);
  plan.treatment = treatment;
  return plan;
}

}  // namespace keyhole::core
