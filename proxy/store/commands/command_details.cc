#include "proxy/store/commands/command_details.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "proxy/store/commands/handler_table.h"
#include "resp/command_rights.h"
#include "resp/hit_rule.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

using resp::CommandFlag;
using resp::CommandId;
using resp::CommandSpec;
using Words = std::vector<std::string_view>;

struct Details {
  std::string_view flags;
  std::string_view tips;
  std::string_view keys;
};

constexpr std::array<Details, resp::kCommandCount> kDetails = [] {
  std::array<Details, resp::kCommandCount> details{};
#define DETAIL(id, flags, tips, keys) \
  details[static_cast<size_t>(CommandId::id)] = {flags, tips, keys};
#include "proxy/store/commands/command_details.def"
#undef DETAIL
  return details;
}();

const Details& DetailsOf(const CommandSpec& spec) {
  return kDetails[static_cast<size_t>(spec.id)];
}

// A flag of the table, as COMMAND calls it.
struct FlagWord {
  std::string_view word;
  CommandFlag flag = resp::kNoFlags;  // none: only command_details.def has it
};
// In the order in which COMMAND gives them.
constexpr FlagWord kFlagWords[] = {
    {"write", resp::kWrite},
    {"readonly", resp::kRead},  // layering: not a command
    {"denyoom", resp::kDenyOom},
    {"admin", resp::kAdmin},
    {"pubsub", resp::kPubSub},  // layering: not a command
    {"noscript"},
    {"blocking", resp::kBlocking},
    {"loading"},
    {"stale"},
    {"skip_monitor"},
    {"skip_slowlog"},
    {"fast"},
    {"no_auth", resp::kNoAuth},
    {"no_mandatory_keys"},
    {"no_async_loading"},
    {"no_multi", resp::kNoMulti},
    {"movablekeys", resp::kMovableKeys},
    {"allow_busy", resp::kAllowBusy},
};

Words Split(std::string_view text, char separator) {
  Words words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

bool Contains(std::string_view text, std::string_view word) {
  const Words words = Split(text, ' ');
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool HasFlag(const CommandSpec& spec, const FlagWord& row) {
  return (row.flag != resp::kNoFlags && spec.has(row.flag)) ||
         Contains(DetailsOf(spec).flags, row.word);
}

Words FlagsOf(const CommandSpec& spec) {
  Words flags;
  for (const FlagWord& row : kFlagWords) {
    if (HasFlag(spec, row)) flags.push_back(row.word);
  }
  return flags;
}

Words CategoriesOf(const CommandSpec& spec) {
  Words categories;
  for (const std::string_view category : resp::kCategoryNames) {
    if (IsOfCategory(spec, category)) categories.push_back(category);
  }
  return categories;
}

// What the column `shards` says. Redis names what is special behind all else, the others before it.
std::vector<std::string> TipsOf(const CommandSpec& spec) {
  const resp::ShardColumn& shards = spec.shards;
  std::vector<std::string> tips;
  for (const auto& [name, policy] :
       {std::pair("request_policy:", resp::RequestPolicy(shards.split)),
        std::pair("response_policy:", resp::ResponsePolicy(shards.merge))}) {
    if (!policy.empty()) tips.push_back(std::string(name).append(policy));
  }
  const Words others = Split(DetailsOf(spec).tips, ' ');
  const bool special =
      shards.split == resp::Split::kSpecial || shards.merge == resp::Merge::kSpecial;
  tips.insert(special ? tips.begin() : tips.end(), others.begin(), others.end());
  return tips;
}

void ReplySet(Call& call, const Words& words, std::string_view prefix = {}) {
  call.reply.Set(static_cast<int64_t>(words.size()));
  for (const std::string_view word : words) call.reply.Simple(std::string(prefix).append(word));
}

// The first and last key and the step, as COMMAND gives them.
void ReplyRange(Call& call, const CommandSpec& spec) {
  using Kind = resp::KeySpec::Kind;
  const resp::KeySpec& keys = spec.keys;
  const bool fixed = keys.kind == Kind::kRange || keys.kind == Kind::kTwo;
  // Channels of shards, which the table does not take for keys, are reported like keys.
  const Words words = Split(DetailsOf(spec).keys, ' ');
  const bool channels = keys.kind == Kind::kNone && words.size() > 2;
  call.reply.Integer(fixed ? keys.first : channels ? 1 : 0);
  call.reply.Integer(fixed ? keys.last : channels ? (words[1] == "-1" ? -1 : 1) : 0);
  call.reply.Integer(fixed ? keys.step : channels ? 1 : 0);
}

int64_t NumberIn(std::string_view word) {
  int64_t number = 0;
  resp::ParseInteger(word, &number);
  return number;
}

// One run of keys: "1 -1 2 OW update|notes".
struct KeyRunWords {
  std::string_view first;  // "STREAMS@1": behind that word
  std::string_view last;   // "#": a count of keys stands before the first
  std::string_view step;
  std::string_view flags;
  std::string_view notes;
};

KeyRunWords ReadRun(std::string_view text) {
  const size_t bar = std::min(text.find('|'), text.size());
  const std::string_view notes = text.substr(std::min(bar + 1, text.size()));
  text = text.substr(0, bar);
  const auto next = [&text] {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    return word;
  };
  KeyRunWords run;
  run.first = next();
  run.last = next();
  run.step = next();
  run.flags = text;
  run.notes = notes;
  return run;
}

void ReplyPairs(Call& call,
                std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  call.reply.Map(static_cast<int64_t>(pairs.size()));
  for (const auto& [name, number] : pairs) {
    call.reply.Bulk(name);
    call.reply.Integer(NumberIn(number));
  }
}

void ReplyTyped(Call& call, std::string_view name, std::string_view type) {
  call.reply.Bulk(name);
  call.reply.Map(2);
  call.reply.Bulk("type");  // layering: not a command
  call.reply.Bulk(type);
  call.reply.Bulk("spec");
}

void ReplyKeySpec(Call& call, std::string_view text) {
  const KeyRunWords run = ReadRun(text);
  call.reply.Map(run.notes.empty() ? 3 : 4);
  if (!run.notes.empty()) {
    call.reply.Bulk("notes");
    call.reply.Bulk(run.notes);
  }
  call.reply.Bulk("flags");
  ReplySet(call, Split(run.flags, ' '));
  if (run.first == "?") {
    for (const std::string_view step : {"begin_search", "find_keys"}) {
      ReplyTyped(call, step, "unknown");
      call.reply.Map(0);
    }
    return;
  }
  if (const size_t at = run.first.find('@'); at != std::string_view::npos) {
    ReplyTyped(call, "begin_search", "keyword");
    call.reply.Map(2);
    call.reply.Bulk("keyword");
    call.reply.Bulk(run.first.substr(0, at));
    call.reply.Bulk("startfrom");
    call.reply.Integer(NumberIn(run.first.substr(at + 1)));
  } else {
    ReplyTyped(call, "begin_search", "index");
    ReplyPairs(call, {{"index", run.first}});
  }
  if (run.last == "#") {
    ReplyTyped(call, "find_keys", "keynum");
    ReplyPairs(call, {{"keynumidx", "0"}, {"firstkey", "1"}, {"keystep", run.step}});
  } else {
    ReplyTyped(call, "find_keys", "range");
    const Words last = Split(run.last, '/');
    const std::string_view limit = last.size() > 1 ? last[1] : "0";
    ReplyPairs(call, {{"lastkey", last[0]}, {"keystep", run.step}, {"limit", limit}});
  }
}

}  // namespace

bool IsOfCategory(const CommandSpec& spec, std::string_view category) {
  const auto bit = resp::CategoryNamed(category);
  return bit && (resp::RightsOf(spec.id).categories & *bit) != 0;
}

bool IsFast(const CommandSpec& spec) {
  return DetailsOf(spec).flags.find("fast") != std::string_view::npos;
}

bool IsForScripts(const CommandSpec& spec) {
  static const auto refused_ones = [] {
    std::array<bool, resp::kCommandCount> refused{};
    for (const CommandSpec& each : resp::AllCommands()) {
      refused[static_cast<size_t>(each.id)] = Contains(DetailsOf(each).flags, "noscript");
    }
    return refused;
  }();
  return !refused_ones[static_cast<size_t>(spec.id)];
}

void ReplyInfo(Call& call, const CommandSpec& spec) {
  call.reply.Array(10);
  call.reply.Bulk(spec.full_name);
  call.reply.Integer(spec.arity);
  ReplySet(call, FlagsOf(spec));
  ReplyRange(call, spec);
  ReplySet(call, CategoriesOf(spec), "@");
  const std::vector<std::string> tips = TipsOf(spec);
  call.reply.Set(static_cast<int64_t>(tips.size()));
  for (const std::string& tip : tips) call.reply.Bulk(tip);
  const Words runs = Split(DetailsOf(spec).keys, ';');
  call.reply.Set(static_cast<int64_t>(runs.size()));
  for (const std::string_view run : runs) ReplyKeySpec(call, run);

  std::vector<const CommandSpec*> subcommands;
  for (const CommandSpec& sub : resp::AllCommands()) {
    if (spec.has(resp::kContainer) && sub.parent == spec.id && Serves(sub)) {
      subcommands.push_back(&sub);
    }
  }
  call.reply.Set(static_cast<int64_t>(subcommands.size()));
  for (const CommandSpec* const sub : subcommands) ReplyInfo(call, *sub);
}

void ReplyWords(Call& call, std::string_view words) {
  ReplySet(call, Split(words, ' '));
}

void ForEachKeyWithFlags(const CommandSpec& spec, std::span<const std::string_view> request,
                         const std::function<void(std::string_view, std::string_view)>& f) {
  const bool overwrites = spec.hit.rule == resp::HitRule::kSetGet &&
                          resp::Resolve(spec, request) == resp::HitRule::kNone;
  const Words runs = Split(DetailsOf(spec).keys, ';');
  size_t index = 0;
  resp::ForEachKey(spec, request, [&](std::string_view key) {
    // The first run of several has one key, the last one the others.
    std::string_view flags = ReadRun(runs[std::min(index++, runs.size() - 1)]).flags;
    if (spec.hit.rule == resp::HitRule::kSetGet)
      flags = overwrites ? "OW update" : "RW access update";
    f(key, flags);
  });
}

}  // namespace keyhole::store
