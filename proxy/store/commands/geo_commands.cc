// Positions on Earth, kept in sorted sets: adding and reading them. Searches are in
// geo_search_commands.cc. Source: redis 7.0.15 geo.c.
#include "absl/container/inlined_vector.h"
#include "proxy/store/commands/geo_arguments.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/sorted_sets.h"
#include "proxy/store/types/geo.h"

namespace keyhole::store::handlers {

void Geoadd(Call& call) {
  AddOptions options;
  size_t first = 2;
  for (; first < call.args.size(); ++first) {
    if (call.Is(first, "NX")) {
      options.only_new = true;
    } else if (call.Is(first, "XX")) {
      options.only_known = true;
    } else if (call.Is(first, "CH")) {
      options.count_changed = true;
    } else {
      break;
    }
  }
  const size_t args = call.args.size() - first;
  if (args == 0 || args % 3 != 0 || (options.only_new && options.only_known)) {
    return call.reply.Error(kSyntaxError);
  }
  absl::InlinedVector<ScoredMember, 8> members(args / 3);
  for (size_t i = 0; i < members.size(); ++i) {
    Position position;
    if (!PositionArgument(call, first + 3 * i, &position)) return;
    members[i] = {call.args[first + 3 * i + 2], GeoScore(position)};
  }
  AddMembers(call, options, members);
}

namespace {

// Calls f(position) for each of the members from args[2] on, and missing() for those that are not
// there.
template <typename F, typename G>
void ForEachAsked(Call& call, F&& f, G&& missing) {
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSortedSet, &set)) return;
  call.reply.Array(static_cast<int64_t>(call.args.size()) - 2);
  for (const std::string_view member : call.args.subspan(2)) {
    double score = 0;
    if (set && FindScore(set, member, &score)) {
      f(PositionOf(score));
    } else {
      missing();
    }
  }
}

}  // namespace

void Geohash(Call& call) {
  ForEachAsked(
      call, [&call](Position position) { call.reply.Bulk(GeohashOf(position)); },
      [&call] { call.reply.Null(); });
}

void Geopos(Call& call) {
  ForEachAsked(
      call, [&call](Position position) { ReplyPosition(call, position); },
      [&call] { call.reply.NullArray(); });
}

void Geodist(Call& call) {
  double unit = 1;
  if (call.args.size() == 5 && !UnitArgument(call, 4, &unit)) return;
  if (call.args.size() > 5) return call.reply.Error(kSyntaxError);
  Entry set;
  if (!ReadAs(call, call.args[1], ValueType::kSortedSet, &set)) return;
  double a = 0;
  double b = 0;
  if (!set || !FindScore(set, call.args[2], &a) || !FindScore(set, call.args[3], &b)) {
    return call.reply.Null();
  }
  call.reply.Bulk(DistanceText(DistanceBetween(PositionOf(a), PositionOf(b)) / unit));
}

}  // namespace keyhole::store::handlers
