#include "proxy/store/keyspace/entry_table.h"

#include "proxy/store/keyspace/linear_table_code.h"

namespace keyhole::store {

template class LinearTable<Entry, MappedBuckets<Entry>>;

}  // namespace keyhole::store
