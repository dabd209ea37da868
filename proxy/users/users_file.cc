// Reading an aclfile: "user alice on >password ~app:* +@read". Source of the rules: redis 7.0.15
// src/acl.c ACLSetUser and ACLLoadFromFile.
//
// A word that is no rule may be a password whose '>' was forgotten, so it is shown only where it
// looks like a rule.
#include <algorithm>

#include "proxy/base/text.h"
#include "proxy/users/users.h"

namespace keyhole::core {
namespace {

using resp::EqualsIgnoreCase;
using Rules = std::vector<std::string_view>;

constexpr std::string_view kSpace = " \t\r";
constexpr std::string_view kKeywords[] = {"on",
                                          "off",
                                          "nopass",
                                          "resetpass",  // layering: not a command
                                          "allkeys",
                                          "resetkeys",
                                          "allchannels",
                                          "resetchannels",
                                          "allcommands",
                                          "nocommands",
                                          "clearselectors",
                                          "reset",  // layering: not a command
                                          "skip-sanitize-payload",
                                          "sanitize-payload"};

std::vector<std::string_view> SplitWords(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kSpace), line.size()));
    if (line.empty()) return words;
    const size_t end = std::min(line.find_first_of(kSpace), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::string NotARule(std::string_view word) {
  const std::vector<std::string_view> keywords(std::begin(kKeywords), std::end(kKeywords));
  const std::string hint = DidYouMean(Nearest(Lower(word), keywords));
  if (!hint.empty()) return Quoted(word) + " is not a rule" + hint;
  return "a word is not a rule (it is not shown, as it may be a password); a password begins with "
         ">, its SHA-256 with #, keys with ~, channels with &, commands with + or -";
}

}  // namespace

std::optional<std::string> User::Apply(const std::vector<std::string_view>& rules) {
  for (size_t i = 0; i < rules.size(); ++i) {
    if (!rules[i].starts_with('(')) {
      if (auto problem = ApplyOne(rules[i])) return problem;
      continue;
    }
    // "(+get", "~a:*)" are the words of one selector.
    Rules inside;
    std::string_view word = rules[i].substr(1);
    while (!word.ends_with(')') && i + 1 < rules.size()) {
      if (!word.empty()) inside.push_back(word);
      word = rules[++i];
    }
    if (!word.ends_with(')')) return "a selector that begins with ( has no end; give )";
    word.remove_suffix(1);
    if (!word.empty()) inside.push_back(word);
    if (auto problem = AddSelector(inside)) return problem;
  }
  everything_ = std::any_of(selectors_.begin(), selectors_.end(),
                            [](const Permissions& one) { return one.everything(); });
  return std::nullopt;
}

std::optional<std::string> User::AddSelector(const Rules& rules) {
  Permissions selector;
  for (const std::string_view rule : rules) {
    if (auto problem = selector.Apply(rule)) return problem;
  }
  selectors_.push_back(std::move(selector));
  return std::nullopt;
}

std::optional<std::string> User::ApplyOne(std::string_view rule) {
  if (rule.find_first_of("><#!") == 0) return ApplyPassword(rule);
  if (ApplySwitch(rule)) return std::nullopt;
  const bool looks_right = rule.find_first_of("~%&+-") == 0;
  const bool is_keyword = std::any_of(std::begin(kKeywords), std::end(kKeywords),
                                      [&](auto word) { return EqualsIgnoreCase(word, rule); });
  if (!looks_right && !is_keyword) return NotARule(rule);
  return selectors_.front().Apply(rule);
}

// The words that are about the user as a whole. False if it is none of them.
bool User::ApplySwitch(std::string_view rule) {
  if (EqualsIgnoreCase(rule, "on")) {
    on_ = true;
  } else if (EqualsIgnoreCase(rule, "off")) {
    on_ = false;
  } else if (EqualsIgnoreCase(rule, "nopass")) {
    any_password_ = true;
    passwords_.clear();
  } else if (EqualsIgnoreCase(rule, "resetpass")) {
    any_password_ = false;
    passwords_.clear();
  } else if (EqualsIgnoreCase(rule, "clearselectors")) {
    selectors_.resize(1);
  } else if (EqualsIgnoreCase(rule, "RESET")) {
    *this = User(name_);
  } else {
    // About RESTORE's payloads, which are Redis' to check.
    return EqualsIgnoreCase(rule, "sanitize-payload") ||
           EqualsIgnoreCase(rule, "skip-sanitize-payload");
  }
  return true;
}

// >password, #digest; < and ! take them away.
std::optional<std::string> User::ApplyPassword(std::string_view rule) {
  const bool adds = rule.front() == '>' || rule.front() == '#';
  const bool plain = rule.front() == '>' || rule.front() == '<';
  const std::optional<Digest> digest = plain ? Sha256(rule.substr(1)) : ParseDigest(rule.substr(1));
  if (!digest) {
    return "what stands behind " + std::string(1, rule.front()) +
           " is not a SHA-256; give 64 hexadecimal digits of lower case";
  }
  const auto known = std::find(passwords_.begin(), passwords_.end(), *digest);
  if (adds) {
    any_password_ = false;
    if (known == passwords_.end()) passwords_.push_back(*digest);
  } else if (known == passwords_.end()) {
    return "the password that " + std::string(1, rule.front()) + " removes is not the user's";
  } else {
    passwords_.erase(known);
  }
  return std::nullopt;
}

std::optional<std::string> Users::Parse(std::string_view text) {
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (auto problem = ParseLine(text.substr(0, end))) {
      return "line " + std::to_string(number) + ": " + *problem;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::nullopt;
}

std::optional<std::string> Users::ParseLine(std::string_view line) {
  const std::vector<std::string_view> words = SplitWords(line);
  if (words.empty() || words[0].starts_with('#')) return std::nullopt;
  if (!EqualsIgnoreCase(words[0], "user")) {
    return "a line begins with user, as in: user alice on >password ~app:* +@read";
  }
  if (words.size() < 2) return "user has no name; give one, as in: user alice on >password";
  if (line.find('\0') != std::string_view::npos) return "the line has a byte 0 in it";
  if (Has(words[1])) return "user " + Quoted(words[1]) + " is there already; give it one line";
  User user{std::string(words[1])};
  if (auto problem = user.Apply(Rules(words.begin() + 2, words.end()))) {
    return "user " + Quoted(words[1]) + ": " + *problem;
  }
  Add(std::move(user));
  return std::nullopt;
}

}  // namespace keyhole::core
