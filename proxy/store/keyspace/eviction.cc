#include "proxy/store/keyspace/eviction.h"

namespace keyhole::store {

// Puts it at the head of the queue that `use` names.
void EvictionQueues::Push(Arena::Handle handle, uint32_t use, size_t bytes) {
  Queue& queue = (use & kInMain) != 0 ? main_ : small_;
  const Arena::Links links = {.prev = Arena::kNone, .next = queue.head, .use = use};
  arena_.StoreLinks(handle, links);
  Bridge(links, handle, handle);
  ++queue.count;
  queue.bytes += bytes;
}

void EvictionQueues::Bridge(Arena::Links links, Arena::Handle before, Arena::Handle after) {
  Queue& queue = QueueOf(links);
  if (links.prev == Arena::kNone) {
    queue.head = after;
  } else {
    Arena::Links theirs = arena_.LoadLinks(links.prev);
    theirs.next = after;
    arena_.StoreLinks(links.prev, theirs);
  }
  if (links.next == Arena::kNone) {
    queue.tail = before;
  } else {
    Arena::Links theirs = arena_.LoadLinks(links.next);
    theirs.prev = before;
    arena_.StoreLinks(links.next, theirs);
  }
}

void EvictionQueues::Unlink(Arena::Links links) {
  Bridge(links, links.prev, links.next);
  --QueueOf(links).count;
}

void EvictionQueues::Requeue(Arena::Handle handle, Arena::Links links, uint32_t use) {
  const size_t bytes = Entry(arena_.At(handle)).memory(arena_);
  Unlink(links);
  QueueOf(links).bytes -= bytes;
  Push(handle, use, bytes);
}

void EvictionQueues::Add(Entry entry, uint64_t hash, Eviction policy, uint32_t now) {
  const bool known = policy == Eviction::kS3Fifo && ghosts_.Contains(hash);
  const uint32_t queue = known || policy == Eviction::kLru ? kInMain : 0;
  Push(HandleOf(entry), now * kSecond | queue, 0);
}

void EvictionQueues::Remove(Entry entry) {
  Unlink(Arena::LinksOf(entry.raw(), entry.size()));
}

void EvictionQueues::Used(Entry entry, Eviction policy, uint32_t now) {
  const uint32_t before = Arena::UseOf(entry.raw(), entry.size());
  uint32_t use = ((now * kSecond) & Arena::kUseMask) | (before & (kInMain | kUses));
  if (policy == Eviction::kS3Fifo && (use & kUses) != kUses) ++use;
  if (use != before) Arena::SetUse(entry.raw(), entry.size(), use);
  if (policy != Eviction::kLru) return;
  const Arena::Links links = Arena::LinksOf(entry.raw(), entry.size());
  if (links.prev == Arena::kNone && (use & kInMain) != 0) return;  // at the head already
  Requeue(HandleOf(entry), links, use | kInMain);
}

void EvictionQueues::Moved(Entry entry) {
  const Arena::Handle handle = HandleOf(entry);
  Bridge(arena_.LoadLinks(handle), handle, handle);
}

void EvictionQueues::Weigh(Entry entry, size_t before, size_t after) {
  Queue& queue = QueueOf(Arena::LinksOf(entry.raw(), entry.size()));
  queue.bytes = queue.bytes - before + after;
}

Entry EvictionQueues::Victim(Eviction policy) {
  for (int step = 0;; ++step) {
    const bool from_small =
        small_.count > 0 && (policy == Eviction::kLru || main_.count == 0 ||
                             small_.bytes * kSmallShare >= small_.bytes + main_.bytes);
    const Arena::Handle handle = from_small ? small_.tail : main_.tail;
    if (handle == Arena::kNone) return Entry();
    const Arena::Links links = arena_.LoadLinks(handle);
    const uint32_t uses = links.use & kUses;
    const bool chosen = policy == Eviction::kLru || step == kMaxSteps;
    if (!chosen && from_small && uses >= kPromoted) {
      Requeue(handle, links, (links.use & ~kUses) | kInMain);
    } else if (!chosen && !from_small && uses > 0) {
      Requeue(handle, links, links.use - 1);
    } else {
      return Entry(arena_.At(handle));
    }
  }
}

// As many ghosts as main has keys: a key that comes back while it would still be there, had it gone
// to main at once, was judged too soon.
void EvictionQueues::Remember(Entry victim, uint64_t hash, Eviction policy) {
  if (policy != Eviction::kS3Fifo || (Arena::UseOf(victim.raw(), victim.size()) & kInMain) != 0)
    return;
  ghosts_.Fit(main_.count + small_.count);
  ghosts_.Add(hash);
}

void EvictionQueues::Clear() {
  small_ = Queue();
  main_ = Queue();
  ghosts_.Clear();
}

}  // namespace keyhole::store
