// The table of the keys of a database.
#pragma once

#include "proxy/store/keyspace/entry.h"
#include "proxy/store/keyspace/linear_table.h"

namespace keyhole::store {

extern template class LinearTable<Entry, MappedBuckets<Entry>>;
using EntryTable = LinearTable<Entry, MappedBuckets<Entry>>;

}  // namespace keyhole::store
