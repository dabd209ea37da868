// The parts of DEBUG that concern all keys.
#pragma once

#include "proxy/store/commands/handlers.h"

namespace keyhole::store {

// RELOAD: what is in memory is written as a snapshot and read again, in memory, so that what tests
// compare before and after has gone through that.
void ReloadDataset(Call& call);

// DIGEST: 40 digits that are the same for the same keys with the same values, in whatever order
// their tables have them. Other digits than those of Redis.
void ShowDigest(Call& call);
// DIGEST-VALUE key ...: the same of values.
void ShowValueDigests(Call& call);

}  // namespace keyhole::store
