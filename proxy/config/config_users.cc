// Who clients must be: what --requirepass, --users and the credentials in --upstream amount to.
#include <filesystem>
#include <fstream>

#include "proxy/config/config.h"
#include "proxy/config/config_values.h"
#include "proxy/users/users.h"

namespace keyhole::core {
namespace {

constexpr size_t kLargestFile = 1 << 20;

Problem ReadText(const std::string& path, std::string* text) {
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

}  // namespace

bool Config::AsksPassword() const {
  return users != nullptr ? users->initial() == nullptr : !upstream && !requirepass.empty();
}

bool Config::LendsIdentity() const {
  return upstream && !(upstream->user.empty() && upstream->password.empty());
}

std::optional<std::string> LoadUsers(Config* config) {
  if (config->users_file.empty()) {
    // The embedded store asks for it itself, so that CONFIG SET can change it.
    if (config->requirepass.empty() || !config->upstream) return std::nullopt;
    auto one = std::make_shared<Users>();
    one->Add(Users::Default(config->requirepass));
    config->users = std::move(one);
    return std::nullopt;
  }
  std::string text;
  if (Problem problem = ReadText(config->users_file, &text)) return problem;
  auto users = std::make_shared<Users>();
  if (Problem problem = users->Parse(text)) return config->users_file + " " + *problem;
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

std::optional<std::string> ProtectionProblem(const Config& config) {
  if (config.allow_unprotected || config.AsksPassword()) return std::nullopt;
  std::vector<std::pair<std::string_view, Endpoint>> open;
  for (const Endpoint& endpoint : config.listen) {
    if (!endpoint.IsLocal()) open.emplace_back("--listen ", endpoint);
  }
  if (config.http.listen && !config.http.listen->IsLocal())
    open.emplace_back("--http ", *config.http.listen);
  if (open.empty()) return std::nullopt;
  return std::string(open[0].first) + open[0].second.ToString() +
         " lets other machines read and write all data without a password" +
         (config.LendsIdentity() ? ", under the credentials in --upstream" : "") +
         "; listen on 127.0.0.1, make clients log in (KEYHOLE_REQUIREPASS or --users), or accept "
         "it with --allow-unprotected";
}

}  // namespace keyhole::core
