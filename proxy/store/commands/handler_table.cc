#include "proxy/store/commands/handler_table.h"

#include <string_view>

namespace keyhole::store {

namespace {

using resp::CommandId;

// `None` of the table. Hides the declaration that handlers.h made of it.
inline constexpr Handler None = nullptr;

constexpr size_t Index(CommandId id) {
  return static_cast<size_t>(id);
}

constexpr std::array<Handler, resp::kCommandCount> MakeHandlers() {
  using namespace handlers;  // NOLINT: names of commands.def
  return {
      nullptr,
#define CMD(id, name, arity, flags, effect, keys, hit, store, ...) store,
#define SUB(id, parent, name, arity, flags, effect, keys, hit, store, ...) store,
#include "resp/commands.def"
#undef CMD
#undef SUB
  };
}

constexpr bool IsHandler(std::string_view name) {
  return name != "None";
}

// By name: with sanitizers g++ 12 does not take a function's address for a constant.
constexpr std::array<bool, resp::kCommandCount> MakeServed() {
  std::array<bool, resp::kCommandCount> served{};
#define CMD(id, name, arity, flags, effect, keys, hit, store, ...) \
  served[Index(CommandId::id)] = IsHandler(#store);
#define SUB(id, parent, name, arity, flags, effect, keys, hit, store, ...) \
  served[Index(CommandId::id)] = IsHandler(#store);                        \
  served[Index(CommandId::parent)] |= IsHandler(#store);
#include "resp/commands.def"
#undef CMD
#undef SUB
  return served;
}
constexpr std::array<bool, resp::kCommandCount> kServed = MakeServed();

}  // namespace

constexpr std::array<Handler, resp::kCommandCount> kHandlers = MakeHandlers();

bool Serves(const resp::CommandSpec& spec) {
  return kServed[Index(spec.id)];
}

}  // namespace keyhole::store
