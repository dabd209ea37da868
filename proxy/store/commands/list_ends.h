// Putting elements to the ends of lists and taking them from there, with the events that says:
// what the commands that wait share with those that do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/list_edit.h"

namespace keyhole::store {

// Reads LEFT or RIGHT. False if it is neither; then that is the reply.
bool EndArgument(Call& call, size_t index, ListEnd* end);

// Reads an integer of at least `min`. False, with this error as the reply, if it is none.
bool BoundedArgument(Call& call, size_t index, int64_t min, std::string_view error, int64_t* value);

// What LMPOP and BLMPOP read behind the time-out that only the latter has.
struct ManyPops {
  std::span<const std::string_view> keys;
  ListEnd end = ListEnd::kFront;
  int64_t count = 1;
};
// Reads them from the number of keys on. False if they are wrong; then that is the reply.
bool ParseManyPops(Call& call, size_t first, ManyPops* pops);

// An array of `count` elements from `first` on, the last one first if they are read towards the
// front.
void ReplyElements(Call& call, Entry list, size_t first, size_t count, ListEnd towards);

// Removes `count` elements, of which there are so many, from one end of the list in the slot.
void DropFromEnd(Call& call, std::string_view key, Entry* slot, ListEnd end, size_t count);

// Replies with the element at this end of the list in the slot, and removes it.
void PopOne(Call& call, std::string_view key, Entry* slot, ListEnd end);

// Replies with the key and up to `count` elements, and removes those.
void PopWithKey(Call& call, std::string_view key, Entry* slot, ListEnd end, int64_t count);

// Moves the element at the end `take` of the list in the slot, which is args[1], to the end `put`
// of args[2], and replies with it; or that args[2] is no list, and then nothing is moved.
void MoveElement(Call& call, ListEnd take, ListEnd put);

}  // namespace keyhole::store
