#include "proxy/config/config_users.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "proxy/base/text.h"
#include "proxy/users/permissions.h"
#include "proxy/users/users.h"
#include "resp/command_table.h"

namespace keyhole::core {
namespace {

constexpr size_t kLargestFile = 1 << 20;

std::optional<std::string> ReadText(const std::string& path, std::string* text) {
  const std::string named = "--users: the file " + Quoted(path);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return named + " is a directory";
  std::ifstream input(path, std::ios::binary);
  if (!input) return named + " does not exist or may not be read";
  text->resize(kLargestFile + 1);
  input.read(text->data(), static_cast<std::streamsize>(text->size()));
  text->resize(static_cast<size_t>(input.gcount()));
  if (text->size() > kLargestFile) return named + " is longer than 1 MiB, too long for users";
  return std::nullopt;
}

// Scripts that may write, whatever their name says: nobody sees what is in them.
constexpr resp::CommandId kWritingScripts[] = {resp::CommandId::kEval, resp::CommandId::kEvalsha,
                                               resp::CommandId::kFcall};

}  // namespace

Problem ParseDenied(std::string_view text, std::string* out) {
  std::string rule = Lower(text);
  std::replace(rule.begin(), rule.end(), ' ', '|');
  if (rule.ends_with("|*")) rule.resize(rule.size() - 2);
  if (auto problem = Permissions().Apply("-" + rule)) return problem;
  *out = std::move(rule);
  return std::nullopt;
}

void DenyCommands(Config* config) {
  const ClientOptions& clients = config->clients;
  config->allowed = nullptr;
  if (clients.deny.empty() && !clients.read_only) return;
  auto allowed = std::make_shared<Permissions>();
  allowed->Apply("+@all");
  if (clients.read_only) {
    allowed->Apply("-@write");
    for (const resp::CommandId id : kWritingScripts) {
      allowed->Apply("-" + std::string(resp::Spec(id).name));
    }
  }
  for (const std::string& rule : clients.deny) allowed->Apply("-" + rule);
  config->allowed = std::move(allowed);
}

std::optional<std::string> LoadUsers(Config* config) {
  DenyCommands(config);
  if (config->users_file.empty()) {
    // The embedded store asks for it itself, so that CONFIG SET can change it.
    if (config->requirepass.empty() || !config->upstream) return std::nullopt;
    auto one = std::make_shared<Users>();
    one->Add(Users::Default(config->requirepass));
    config->users = std::move(one);
    return std::nullopt;
  }
  std::string text;
  if (auto problem = ReadText(config->users_file, &text)) return problem;
  auto users = std::make_shared<Users>();
  if (auto problem = users->Parse(text)) return config->users_file + " " + *problem;
  if (!config->requirepass.empty()) {
    if (users->Has(kDefaultUser)) {
      return "--requirepass is the password of the user default, who is in " +
             Quoted(config->users_file) + " too; give it in one of the two places";
    }
    users->Add(Users::Default(config->requirepass));
  }
  if (users->empty()) return "--users: there is no user in " + Quoted(config->users_file);
  config->users = std::move(users);
  return std::nullopt;
}

}  // namespace keyhole::core
