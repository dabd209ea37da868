#include "proxy/store/commands/bit_arguments.h"

#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store {

// The product may be as wrong as Redis'.
bool BitOffsetArgument(Call& call, size_t index, unsigned width, uint64_t* bit) {
  std::string_view text = call.args[index];
  const bool counts_integers = width > 0 && text.starts_with('#');
  if (counts_integers) text.remove_prefix(1);
  int64_t number = 0;
  if (resp::ParseInteger(text, &number)) {
    *bit = static_cast<uint64_t>(number) * (counts_integers ? width : 1);
    if (*bit >> 3 < static_cast<uint64_t>(resp::kMaxBulkBytes)) return true;
  }
  call.reply.Error("ERR bit offset is not an integer or out of range");
  return false;
}

Entry* BitsToWrite(Call& call, uint64_t bit, bool* grown) {
  const std::string_view key = call.args[1];
  const size_t size = bit / 8 + 1;
  Entry* slot = nullptr;
  if (!FindAs(call, key, ValueType::kString, &slot)) return nullptr;
  *grown = slot == nullptr || slot->value_size() < size;
  if (slot == nullptr) slot = call.db().Put(key, {}, kNever, Encoding::kRawString);
  if (*grown) {
    call.db().Resize(slot, size);
  } else {
    slot->set_encoding(Encoding::kRawString);
  }
  return slot;
}

}  // namespace keyhole::store
