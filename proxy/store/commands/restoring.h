// What is read from snapshots and payloads goes into the databases, kept as the settings say.
#pragma once

#include <cstddef>
#include <span>

#include "proxy/store/engine.h"
#include "proxy/store/rdb/dump.h"

namespace keyhole::store {

// Views of the engine.
inline rdb::ReadLimits LimitsOf(const Engine& engine) {
  return {engine.collection_limits(), engine.list_limits(), engine.sorted_set_limits()};
}
inline std::span<Keyspace> DatabasesOf(Engine& engine) {
  return {&engine.database(0), static_cast<size_t>(engine.database_count())};
}

}  // namespace keyhole::store
