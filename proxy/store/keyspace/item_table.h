// The table of a large collection's fields or members.
#pragma once

#include "proxy/store/keyspace/item.h"
#include "proxy/store/keyspace/linear_table.h"

namespace keyhole::store {

extern template class LinearTable<Item, HeapBuckets<Item>>;
using ItemTable = LinearTable<Item, HeapBuckets<Item>>;

}  // namespace keyhole::store
