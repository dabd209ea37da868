// CONFIG.
#include <algorithm>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/glob.h"

namespace keyhole::store::handlers {

namespace {

struct Change {
  size_t index;
  std::string value;
};

std::string SetFailed(size_t index, std::string_view reason) {
  return std::string("ERR CONFIG SET failed (possibly related to argument '")
      .append(Settings::name(index))
      .append("') - ")
      .append(reason);
}

// Finds the parameters of the pairs from args[2] on; each may be there once. False if that is not
// so; then that is the reply.
bool FindParameters(Call& call, std::vector<Change>* changes) {
  for (size_t i = 2; i < call.args.size(); i += 2) {
    const auto index = Settings::Find(call.args[i]);
    if (!index.has_value()) {
      call.reply.Error(std::string("ERR Unknown option or number of arguments for CONFIG SET - '")
                           .append(UpToNul(call.args[i]))
                           .append("'"));
      return false;
    }
    for (const Change& change : *changes) {
      if (change.index != *index) continue;
      call.reply.Error(SetFailed(*index, "duplicate parameter"));
      return false;
    }
    changes->push_back({*index, std::string()});
  }
  return true;
}

// Whatever else may be wrong with the request.
void HideSecrets(Call& call) {
  for (size_t i = 2; i + 1 < call.args.size(); i += 2) {
    const auto index = Settings::Find(call.args[i]);
    if (index.has_value() && Settings::is_secret(*index)) call.Hide(i + 1);
  }
}

// A name that is no pattern is shown as the client wrote it, capitals included.
void AddMatches(std::string_view pattern, std::vector<std::string_view>* names) {
  if (pattern.find_first_of("[*?") == std::string_view::npos) {
    const auto index = Settings::Find(pattern);
    if (index.has_value() && (*names)[*index].empty()) (*names)[*index] = pattern;
    return;
  }
  for (size_t i = 0; i < names->size(); ++i) {
    const std::string_view name = Settings::name(i);
    if ((*names)[i].empty() && resp::GlobMatches(pattern, name, /*ignore_case=*/true))
      (*names)[i] = name;
  }
}

}  // namespace

void ConfigGet(Call& call) {
  const Settings& settings = call.engine.settings;
  std::vector<std::string_view> names(settings.size());  // as they are to be shown; empty: not
  for (const std::string_view pattern : call.args.subspan(2)) AddMatches(pattern, &names);
  call.reply.Map(
      std::count_if(names.begin(), names.end(), [](auto name) { return !name.empty(); }));
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    call.reply.Bulk(names[i]);
    call.reply.Bulk(settings.value(i));
  }
}

// All or nothing: the first fault is the reply, and then no parameter has changed.
void ConfigSet(Call& call) {
  HideSecrets(call);
  if (call.args.size() % 2 != 0) return call.reply.Error(kSyntaxError);
  std::vector<Change> changes;
  if (!FindParameters(call, &changes)) return;
  for (size_t i = 0; i < changes.size(); ++i) {
    std::string reason;
    auto value = call.engine.settings.Parse(changes[i].index, call.args[2 * i + 3], &reason);
    if (!value.has_value()) return call.reply.Error(SetFailed(changes[i].index, reason));
    changes[i].value = *std::move(value);
  }
  for (Change& change : changes) call.engine.settings.Set(change.index, std::move(change.value));
  call.engine.ApplySettings();
  call.reply.Ok();
}

void ConfigResetstat(Call& call) {
  call.engine.ResetStats();
  call.reply.Ok();
}

// There is no file that could be written.
void ConfigRewrite(Call& call) {
  call.reply.Error("ERR The server is running without a config file");
}

void ConfigHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "GET <pattern>",
      "    Return parameters matching the glob-like <pattern> and their values.",
      "SET <directive> <value>",
      "    Set the configuration <directive> to <value>.",
      "RESETSTAT",
      "    Reset statistics reported by the INFO command.",
      "REWRITE",
      "    Rewrite the configuration file."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
