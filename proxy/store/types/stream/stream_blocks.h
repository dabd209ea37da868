// The blocks of a stream in the order of their IDs. The last one takes new entries and lies apart,
// so that a small stream, which has one block, needs no index.
//
//     closed:  [1-0 ..] [7-3 ..] [9-0 ..]      last:  [12-0 ..]
//
// Owned by its stream. A Place is valid until the next call that adds or removes a block.
#pragma once

#include <cstddef>
#include <memory>

#include "proxy/store/types/stream/id_index.h"
#include "proxy/store/types/stream/stream_block.h"

namespace keyhole::store {

class StreamBlocks {
 public:
  using Place = size_t;
  static constexpr Place kNone = IdIndex<StreamBlock>::kNone;
  static constexpr Place kLast = kNone - 1;

  size_t size() const { return (last_ ? 1 : 0) + (closed_ ? closed_->index.size() : 0); }
  StreamBlock& at(Place place) { return place == kLast ? last_ : closed_->index.part(place); }
  const StreamBlock& at(Place place) const {
    return place == kLast ? last_ : closed_->index.part(place);
  }

  // The first and the last block, the one behind, the one before; kNone: there is none.
  Place First() const;
  Place Last() const { return last_ ? kLast : kNone; }
  Place Next(Place place) const;
  Place Previous(Place place) const;
  // The last block whose first ID is not greater, or the first block.
  Place Find(StreamId id) const;

  // The new last block; the one before it is closed. Where its ID is less than those before, it
  // takes the place where it belongs.
  StreamBlock& Add(StreamBlock block);
  void Remove(Place place);

  // Nodes of Redis' radix tree, whose keys are the first IDs of the blocks.
  size_t tree_nodes() const;
  size_t memory() const;
  StreamBlocks Clone() const;

 private:
  struct Closed {
    IdIndex<StreamBlock> index;
    size_t bytes = 0;       // of its blocks
    size_t tree_nodes = 0;  // 0: not counted
  };

  StreamBlock last_;
  std::unique_ptr<Closed> closed_;  // null while there was never more than one
};

}  // namespace keyhole::store
