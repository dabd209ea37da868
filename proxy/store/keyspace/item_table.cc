#include "proxy/store/keyspace/item_table.h"

#include "proxy/store/keyspace/linear_table_code.h"

namespace keyhole::store {

template class LinearTable<Item, HeapBuckets<Item>>;

}  // namespace keyhole::store
