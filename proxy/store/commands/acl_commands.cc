// ACL, as far as it is about no user: those of --users are not the store's (proxy/users/).
#include <random>
#include <string>
#include <vector>

#include "proxy/store/commands/command_details.h"
#include "proxy/store/commands/handler_table.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "resp/command_rights.h"
#include "resp/number.h"

namespace keyhole::store::handlers {

namespace {

constexpr int64_t kUsualBits = 256;
constexpr int64_t kMostBits = 4096;
constexpr int64_t kBitsPerDigit = 4;

// So many hexadecimal digits that nobody can guess.
std::string Secret(size_t digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device device;
  std::uniform_int_distribution<size_t> pick(0, kDigits.size() - 1);
  std::string secret(digits, '0');
  for (char& digit : secret) digit = kDigits[pick(device)];
  return secret;
}

}  // namespace

void AclCat(Call& call) {
  if (call.args.size() > 3) return WrongSubcommand(call, "ACL");
  std::vector<std::string_view> names(std::begin(resp::kCategoryNames),
                                      std::end(resp::kCategoryNames));
  if (call.args.size() == 3) {
    const std::string_view category = call.args[2];
    if (!resp::CategoryNamed(category)) {
      return call.reply.Error("ERR Unknown category '" + std::string(resp::Quoted(category)) + "'");
    }
    names.clear();
    for (const resp::CommandSpec& spec : resp::AllCommands()) {
      if (Serves(spec) && IsOfCategory(spec, category)) names.push_back(spec.full_name);
    }
  }
  call.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) call.reply.Bulk(name);
}

void AclGenpass(Call& call) {
  if (call.args.size() > 3) return WrongSubcommand(call, "ACL");
  int64_t bits = kUsualBits;
  if (call.args.size() == 3 && !resp::ParseInteger(call.args[2], &bits)) {
    return call.reply.Error(kNotAnInteger);
  }
  if (bits <= 0 || bits > kMostBits) {
    return call.reply.Error(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive "
        "number up to 4096");
  }
  const auto digits = static_cast<size_t>((bits + kBitsPerDigit - 1) / kBitsPerDigit);
  call.reply.Bulk(Secret(digits));
}

// Where there are more users than the default one, the session knows better and asks nobody.
void AclWhoami(Call& call) {
  call.reply.Bulk("default");
}

void AclHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "CAT [<category>]",
      "    List all commands that belong to <category>, or all command categories",
      "    when no category is specified.",
      "GENPASS [<bits>]",
      "    Generate a secure 256-bit user password. The optional `bits` argument can",
      "    be used to specify a different size.",
      "WHOAMI",
      "    Return the current connection username."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
