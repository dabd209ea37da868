// Searches for positions around another one, in a circle or a box. Source: redis 7.0.15 geo.c
// georadiusGeneric, by whose order of checks it goes.
#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "proxy/store/commands/geo_arguments.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/sorted_sets.h"
#include "proxy/store/types/geo.h"

namespace keyhole::store::handlers {

namespace {

enum class Order : uint8_t { kNone, kNearestFirst, kFarthestFirst };

// What a command leaves to its options.
struct Form {
  bool names_all = false;      // centre and shape are options
  bool stores = false;         // the target is args[1]
  bool may_store = false;      // the target may be an option
  bool around_member = false;  // args[2] is a member
};

struct Search {
  Entry set;  // false: there is none
  GeoShape shape;
  bool by_member = false;
  bool by_position = false;
  bool by_circle = false;
  bool by_box = false;
  bool with_distance = false;
  bool with_score = false;
  bool with_position = false;
  bool any = false;  // the first ones found are good enough
  bool stores_distance = false;
  Order order = Order::kNone;
  int64_t count = 0;  // 0: no limit
  std::string_view target;
  bool has_target = false;
};

bool SyntaxError(Call& call) {
  call.reply.Error(kSyntaxError);
  return false;
}

// The centre is where this member is.
bool MemberArgument(Call& call, size_t index, Search* search) {
  double score = 0;
  if (!FindScore(search->set, call.args[index], &score)) {
    call.reply.Error("ERR could not decode requested zset member");
    return false;
  }
  search->shape.centre = PositionOf(score);
  return true;
}

// GEORADIUS and its relatives: centre and radius have their places. Returns where the options
// begin; 0 if something is wrong.
size_t ParsePlaces(Call& call, Form form, Search* search) {
  if (!form.around_member) {
    const bool good = PositionArgument(call, 2, &search->shape.centre) &&
                      CircleArguments(call, 4, &search->shape);
    return good ? 6 : 0;
  }
  if (!search->set) return 5;
  return MemberArgument(call, 2, search) && CircleArguments(call, 3, &search->shape) ? 5 : 0;
}

// Reads an option that says nothing of centre and shape. Returns how many arguments it takes; 0 if
// it is none; -1 if it is wrong.
int ParseCommon(Call& call, size_t i, Form form, Search* search) {
  const bool has_next = i + 1 < call.args.size();
  if (call.Is(i, "WITHDIST")) {
    search->with_distance = true;
  } else if (call.Is(i, "WITHHASH")) {
    search->with_score = true;
  } else if (call.Is(i, "WITHCOORD")) {
    search->with_position = true;
  } else if (call.Is(i, "ANY")) {
    search->any = true;
  } else if (call.Is(i, "ASC")) {
    search->order = Order::kNearestFirst;
  } else if (call.Is(i, "DESC")) {
    search->order = Order::kFarthestFirst;
  } else if (form.names_all && form.stores && call.Is(i, "STOREDIST")) {
    search->stores_distance = true;
  } else if (has_next && call.Is(i, "COUNT")) {
    if (!IntegerArgument(call, i + 1, &search->count)) return -1;
    if (search->count > 0) return 2;
    call.reply.Error("ERR COUNT must be > 0");
    return -1;
  } else if (has_next && form.may_store && (call.Is(i, "STORE") || call.Is(i, "STOREDIST"))) {
    search->target = call.args[i + 1];
    search->has_target = true;
    search->stores_distance = call.Is(i, "STOREDIST");
    return 2;
  } else {
    return 0;
  }
  return 1;
}

// The same for GEOSEARCH's own.
int ParseCentreOrShape(Call& call, size_t i, Search* search) {
  const size_t behind = call.args.size() - i - 1;
  if (behind >= 1 && !search->by_position && call.Is(i, "FROMMEMBER")) {
    search->by_member = true;
    return !search->set || MemberArgument(call, i + 1, search) ? 2 : -1;
  }
  if (behind >= 2 && !search->by_member && call.Is(i, "FROMLONLAT")) {
    search->by_position = true;
    return PositionArgument(call, i + 1, &search->shape.centre) ? 3 : -1;
  }
  if (behind >= 2 && !search->by_box && call.Is(i, "BYRADIUS")) {
    search->by_circle = true;
    return CircleArguments(call, i + 1, &search->shape) ? 3 : -1;
  }
  if (behind >= 3 && !search->by_circle && call.Is(i, "BYBOX")) {
    search->by_box = true;
    return BoxArguments(call, i + 1, &search->shape) ? 4 : -1;
  }
  return 0;
}

bool ParseSearchOptions(Call& call, size_t first, Form form, Search* search) {
  for (size_t i = first; i < call.args.size();) {
    int taken = ParseCommon(call, i, form, search);
    if (taken == 0 && form.names_all) taken = ParseCentreOrShape(call, i, search);
    if (taken == 0) return SyntaxError(call);
    if (taken < 0) return false;
    i += static_cast<size_t>(taken);
  }
  return true;
}

// What goes with what. False if something does not; then that is the reply.
bool Agree(Call& call, Form form, const Search& search) {
  std::string error;
  const bool shows = search.with_distance || search.with_score || search.with_position;
  if (search.has_target && shows) {
    error = form.stores ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS";
    error += " is not compatible with WITHDIST, WITHHASH and WITHCOORD options";
  } else if (form.names_all && !search.by_member && !search.by_position) {
    error = "exactly one of FROMMEMBER or FROMLONLAT can be specified for ";
    error += UpToNul(call.args[0]);
  } else if (form.names_all && !search.by_circle && !search.by_box) {
    error = "exactly one of BYRADIUS and BYBOX can be specified for ";
    error += UpToNul(call.args[0]);
  } else if (search.any && search.count == 0) {
    error = "the ANY argument requires COUNT argument";
  } else {
    return true;
  }
  call.reply.Error("ERR " + error);
  return false;
}

struct Found {
  std::string member;
  double score = 0;
  Position position;
  double distance = 0;
  size_t number = 0;  // in the order of their being found
};

// Goes through a square's scores, a few at a time: who wants any stops early.
void Gather(const Search& search, const ScoreBox& box, size_t most, std::vector<Found>* found) {
  constexpr size_t kPart = 64;
  RankRange range;
  range.begin = CountByScore(search.set, [&](double score) { return score < box.min; });
  range.end = CountByScore(search.set, [&](double score) { return score < box.max; });
  while (range.begin < range.end && found->size() < most) {
    const RankRange part{range.begin, std::min(range.end, range.begin + kPart)};
    VisitRange(search.set, part, /*downwards=*/false, [&](std::string_view member, double score) {
      double distance = 0;
      const Position position = PositionOf(score);
      if (found->size() >= most || !search.shape.Holds(position, &distance)) return;
      found->push_back({std::string(member), score, position, distance, found->size()});
    });
    range.begin = part.end;
  }
}

// Puts the first `count` of them in order; the others are left behind.
void Sort(Order order, size_t count, std::vector<Found>* found) {
  const auto before = [order](const Found& a, const Found& b) {
    if (a.distance == b.distance) return a.number < b.number;
    return order == Order::kNearestFirst ? a.distance < b.distance : a.distance > b.distance;
  };
  const auto middle = found->begin() + static_cast<std::ptrdiff_t>(count);
  if (middle != found->end()) std::nth_element(found->begin(), middle, found->end(), before);
  std::sort(found->begin(), middle, before);
}

std::vector<Found> Find(const Search& search) {
  const bool limited = search.count > 0;
  const auto limit = static_cast<size_t>(search.count);
  const size_t most = search.any ? limit : std::numeric_limits<size_t>::max();
  const ScoreBoxes boxes = BoxesOf(search.shape);
  std::vector<Found> found;
  for (size_t i = 0; i < boxes.count && found.size() < most; ++i) {
    Gather(search, boxes.boxes[i], most, &found);
  }
  const size_t count = limited ? std::min(limit, found.size()) : found.size();
  Order order = search.order;
  if (limited && order == Order::kNone && !search.any) order = Order::kNearestFirst;
  if (order != Order::kNone) Sort(order, count, &found);
  found.resize(count);
  return found;
}

void ReplyFound(Call& call, const Search& search, const std::vector<Found>& found) {
  const int extras =
      (search.with_distance ? 1 : 0) + (search.with_score ? 1 : 0) + (search.with_position ? 1 : 0);
  call.reply.Array(static_cast<int64_t>(found.size()));
  for (const Found& one : found) {
    if (extras > 0) call.reply.Array(extras + 1);
    call.reply.Bulk(one.member);
    if (search.with_distance) call.reply.Bulk(DistanceText(one.distance / search.shape.unit));
    if (search.with_score) call.reply.Integer(static_cast<int64_t>(one.score));
    if (search.with_position) ReplyPosition(call, one.position);
  }
}

void StoreFound(Call& call, const Search& search, Form form, const std::vector<Found>& found) {
  call.reply.Integer(static_cast<int64_t>(found.size()));
  if (found.empty()) return EraseTarget(call, search.target);
  SortedSetEdit edit(call.db(), call.engine.sorted_set_limits(), nullptr,
                     call.db().HeapOf(search.target));
  edit.BeginAsTree();
  for (const Found& one : found) {
    const double score = search.stores_distance ? one.distance / search.shape.unit : one.score;
    if (!edit.Find(one.member).found) edit.Add(one.member, score);
  }
  edit.CommitAnew(search.target);
  call.Emit(EventClass::kSortedSet, form.names_all ? call.spec.name : "georadiusstore",
            search.target);
}

void SearchAround(Call& call, Form form) {
  Search search;
  const size_t source = form.stores ? 2 : 1;
  if (!ReadAs(call, call.args[source], ValueType::kSortedSet, &search.set)) return;
  if (form.stores) {
    search.target = call.args[1];
    search.has_target = true;
  }
  const size_t options = form.names_all ? source + 1 : ParsePlaces(call, form, &search);
  if (options == 0 || !ParseSearchOptions(call, options, form, &search)) return;
  if (!Agree(call, form, search)) return;
  const std::vector<Found> found = search.set ? Find(search) : std::vector<Found>();
  if (search.has_target) return StoreFound(call, search, form, found);
  ReplyFound(call, search, found);
}

}  // namespace

void Geosearch(Call& call) {
  SearchAround(call, {.names_all = true});
}

void Geosearchstore(Call& call) {
  SearchAround(call, {.names_all = true, .stores = true});
}

void Georadius(Call& call) {
  SearchAround(call, {.may_store = true});
}

void GeoradiusRo(Call& call) {
  SearchAround(call, {});
}

void Georadiusbymember(Call& call) {
  SearchAround(call, {.may_store = true, .around_member = true});
}

void GeoradiusbymemberRo(Call& call) {
  SearchAround(call, {.around_member = true});
}

}  // namespace keyhole::store::handlers
