// Who may log in to the proxy itself, and what each of them may do: made once, from --users and
// --requirepass, and then only read.
//
//     const User* user = users.initial();              // null: the client must log in
//     user = users.LogIn("alice", "password");         // null: WRONGPASS
//     user->Check(spec, args, true)                    // Denial::kNone, or why not
//
// Where there is no Users nobody asks, or somebody else does: Redis, or the embedded store.
//
// Owned by Config. Pointers to users live as long as it. Thread: any.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/users/digest.h"
#include "proxy/users/permissions.h"

namespace keyhole::core {

inline constexpr std::string_view kDefaultUser = "default";

class User {
 public:
  // As ACL SETUSER makes it: off, without a password, allowed nothing.
  explicit User(std::string name);

  const std::string& name() const { return name_; }
  // Nothing needs to be checked.
  bool everything() const { return everything_; }
  // It may see the names of all keys, as reports and metrics show them.
  bool reads_all_keys() const;
  // As Permissions::Check(), by each of its selectors; one that agrees is enough.
  Denial Check(const resp::CommandSpec& spec, Permissions::Args args, bool whole) const;

  bool asks_password() const { return !any_password_; }
  bool Admits(const Digest& password) const;
  // Clients are this user from the start, if it is the default one.
  bool open() const { return on_ && any_password_; }

  // Applies the rules of a line of an aclfile, one after the other. Gives what is wrong, without
  // any password, or none.
  std::optional<std::string> Apply(const std::vector<std::string_view>& rules);

  bool operator==(const User&) const = default;

 private:
  std::optional<std::string> ApplyOne(std::string_view rule);
  std::optional<std::string> ApplyPassword(std::string_view rule);
  std::optional<std::string> AddSelector(const std::vector<std::string_view>& rules);
  bool ApplySwitch(std::string_view rule);

  std::string name_;
  bool on_ = false;
  bool any_password_ = false;  // nopass
  bool everything_ = false;
  std::vector<Digest> passwords_;
  std::vector<Permissions> selectors_{1};  // the first one is made by the rules outside of ( )
};

class Users {
 public:
  // The user "default", with this password and all permissions.
  static User Default(std::string_view password);

  // Reads an aclfile of Redis 7.0; lines that begin with # are comments. A default user that it
  // does not have is off. Gives what is wrong, beginning with "line 3: ", or none.
  std::optional<std::string> Parse(std::string_view text);
  bool Has(std::string_view name) const { return users_.contains(name); }
  bool empty() const { return users_.empty(); }
  void Add(User user);

  const User* LogIn(std::string_view name, std::string_view password) const;
  // Who a client is before it logs in; null: nobody.
  const User* initial() const;
  // AUTH with a password alone makes sense.
  bool default_asks_password() const;
  // Null: there is none of this name.
  const User* Find(std::string_view name) const;

  bool operator==(const Users&) const = default;

 private:
  std::optional<std::string> ParseLine(std::string_view line);

  std::map<std::string, User, std::less<>> users_;
};

}  // namespace keyhole::core
