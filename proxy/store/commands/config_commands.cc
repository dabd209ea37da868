// CONFIG.
#include <algorithm>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/glob.h"

namespace keyhole::store::handlers {

namespace {

struct Wanted {
  size_t name;  // index
  std::string value;

  Setting setting() const { return Settings::name(name).setting; }
};

std::string SetFailed(std::string_view name, std::string_view reason) {
  return std::string("ERR CONFIG SET failed (possibly related to argument '")
      .append(UpToNul(name))
      .append("') - ")
      .append(reason);
}

// Why a parameter cannot be changed at all, or not once more; empty if it can. Two names of one are
// two, as in Redis.
std::string_view Objection(size_t name, const std::vector<Wanted>& before) {
  const Settings::Change change = Settings::ChangeOf(Settings::name(name).setting);
  if (change == Settings::Change::kImmutable) return "can't set immutable config";
  if (change == Settings::Change::kProtected) return "can't set protected config";
  const bool twice = std::any_of(before.begin(), before.end(),
                                 [name](const Wanted& one) { return one.name == name; });
  return twice ? "duplicate parameter" : "";
}

// Finds the parameters of the pairs from args[2] on; each may be there once. False if that is not
// so; then that is the reply.
bool FindParameters(Call& call, std::vector<Wanted>* wanted) {
  for (size_t i = 2; i < call.args.size(); i += 2) {
    const auto index = Settings::Find(call.args[i]);
    if (!index.has_value()) {
      call.reply.Error(std::string("ERR Unknown option or number of arguments for CONFIG SET - '")
                           .append(UpToNul(call.args[i]))
                           .append("'"));
      return false;
    }
    if (const auto objection = Objection(*index, *wanted); !objection.empty()) {
      call.reply.Error(SetFailed(call.args[i], objection));
      return false;
    }
    wanted->push_back({*index, std::string()});
  }
  return true;
}

// Whatever else may be wrong with the request.
void HideSecrets(Call& call) {
  for (size_t i = 2; i + 1 < call.args.size(); i += 2) {
    const auto index = Settings::Find(call.args[i]);
    if (index.has_value() && Settings::IsSecret(Settings::name(*index).setting)) call.Hide(i + 1);
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
    const Settings::Name& name = Settings::name(i);
    if (name.hidden || !(*names)[i].empty()) continue;
    if (resp::GlobMatches(pattern, name.text, /*ignore_case=*/true)) (*names)[i] = name.text;
  }
}

}  // namespace

void ConfigGet(Call& call) {
  const Settings& settings = call.engine.settings;
  std::vector<std::string_view> names(Settings::name_count());  // as to be shown; empty: not
  for (const std::string_view pattern : call.args.subspan(2)) AddMatches(pattern, &names);
  call.reply.Map(
      std::count_if(names.begin(), names.end(), [](auto name) { return !name.empty(); }));
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    call.reply.Bulk(names[i]);
    call.reply.Bulk(settings.text(Settings::name(i).setting));
  }
}

// All or nothing: the first fault is the reply, and then no parameter has changed.
void ConfigSet(Call& call) {
  HideSecrets(call);
  if (call.args.size() % 2 != 0) return call.reply.Error(kSyntaxError);
  std::vector<Wanted> wanted;
  if (!FindParameters(call, &wanted)) return;
  for (size_t i = 0; i < wanted.size(); ++i) {
    std::string reason;
    auto value = call.engine.settings.Parse(wanted[i].setting(), call.args[2 * i + 3], &reason);
    if (!value.has_value()) {
      return call.reply.Error(SetFailed(Settings::name(wanted[i].name).text, reason));
    }
    wanted[i].value = *std::move(value);
  }
  for (Wanted& one : wanted) call.engine.settings.Set(one.setting(), std::move(one.value));
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
