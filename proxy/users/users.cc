#include "proxy/users/users.h"

#include <algorithm>
#include <utility>

namespace keyhole::core {

User::User(std::string name) : name_(std::move(name)) {}

bool User::reads_all_keys() const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [](const Permissions& one) { return one.reads_all_keys(); });
}

Denial User::Check(const resp::CommandSpec& spec, Permissions::Args args, bool whole) const {
  if (everything_) return Denial::kNone;
  Denial furthest = Denial::kCommand;
  for (const Permissions& one : selectors_) {
    const Denial denial = one.Check(spec, args, whole);
    if (denial == Denial::kNone) return denial;
    furthest = std::max(furthest, denial);
  }
  return furthest;
}

bool User::Admits(const Digest& password) const {
  if (!on_) return false;
  bool right = any_password_;
  for (const Digest& known : passwords_) right = SameDigest(known, password) || right;
  return right;
}

User Users::Default(std::string_view password) {
  User user{std::string(kDefaultUser)};
  const std::string secret = ">" + std::string(password);
  user.Apply({"on", secret, "allkeys", "allchannels", "allcommands"});
  return user;
}

void Users::Add(User user) {
  std::string name = user.name();
  users_.insert_or_assign(std::move(name), std::move(user));
}

const User* Users::LogIn(std::string_view name, std::string_view password) const {
  const Digest digest = Sha256(password);  // whoever it is, so that the time does not tell
  const auto found = users_.find(name);
  return found != users_.end() && found->second.Admits(digest) ? &found->second : nullptr;
}

const User* Users::initial() const {
  const auto found = users_.find(kDefaultUser);
  return found != users_.end() && found->second.open() ? &found->second : nullptr;
}

const User* Users::Find(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() ? nullptr : &found->second;
}

bool Users::default_asks_password() const {
  const auto found = users_.find(kDefaultUser);
  return found == users_.end() || found->second.asks_password();
}

}  // namespace keyhole::core
