// SORT: the elements of a list, a set or a sorted set in order, or what stands under keys made of
// them. Source: redis 7.0.15 sort.c.
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/sorted_sets.h"
#include "proxy/store/types/collection.h"
#include "proxy/store/types/list.h"
#include "proxy/store/types/list_edit.h"
#include "proxy/store/types/sorted_set.h"

namespace keyhole::store::handlers {

namespace {

struct SortQuery {
  bool downwards = false;
  bool by_text = false;   // ALPHA
  bool unsorted = false;  // BY a pattern without a star
  std::optional<std::string_view> by;
  std::vector<std::string_view> get;
  std::optional<std::string_view> target;
  int64_t offset = 0;
  int64_t limit = -1;
};

bool ParseSort(Call& call, bool may_store, SortQuery* query) {
  for (size_t i = 2; i < call.args.size(); ++i) {
    const size_t left = call.args.size() - i - 1;
    if (call.Is(i, "ASC")) {
      query->downwards = false;
    } else if (call.Is(i, "DESC")) {
      query->downwards = true;
    } else if (call.Is(i, "ALPHA")) {
      query->by_text = true;
    } else if (left >= 2 && call.Is(i, "LIMIT")) {
      if (!IntegerArgument(call, i + 1, &query->offset)) return false;
      if (!IntegerArgument(call, i + 2, &query->limit)) return false;
      i += 2;
    } else if (left >= 1 && may_store && call.Is(i, "STORE")) {
      query->target = call.args[++i];
    } else if (left >= 1 && call.Is(i, "BY")) {
      query->by = call.args[++i];
      // Once without a star, always without an order.
      if (UpToNul(*query->by).find('*') == std::string_view::npos) query->unsorted = true;
    } else if (left >= 1 && call.Is(i, "GET")) {
      query->get.push_back(call.args[++i]);
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// A pattern of BY or GET: "weight_*", "user:*->name", "#".
struct Pattern {
  explicit Pattern(std::string_view text) {
    const std::string_view shown = UpToNul(text);
    is_element = shown == "#";
    const size_t star = shown.find('*');
    has_star = star != std::string_view::npos;
    if (!has_star) return;
    const size_t arrow = shown.find("->", star + 1);
    const bool has_field = arrow != std::string_view::npos && arrow + 2 < shown.size();
    before = text.substr(0, star);
    behind = text.substr(star + 1, has_field ? arrow - star - 1 : std::string_view::npos);
    if (has_field) field = text.substr(arrow + 2);
  }

  bool is_element = false;
  bool has_star = false;
  std::string_view before;
  std::string_view behind;
  std::string_view field;  // empty: the key is a string
};

// What a pattern stands for with this element in place of its star; none if there is no such thing.
std::optional<std::string> Resolve(Call& call, const Pattern& pattern, const std::string& element) {
  if (pattern.is_element) return element;
  if (!pattern.has_star) return std::nullopt;
  const std::string key = std::string(pattern.before).append(element).append(pattern.behind);
  Entry* slot = call.Read(key);
  if (slot != nullptr) EndFields(call, &slot);
  if (slot == nullptr) return std::nullopt;
  if (pattern.field.empty()) {
    if (slot->type() != ValueType::kString) return std::nullopt;
    return std::string(slot->value());
  }
  if (slot->type() != ValueType::kHash) return std::nullopt;
  FoundItem item;
  FindItem(*slot, pattern.field, &item);
  if (!item.found) return std::nullopt;
  return std::string(item.value);
}

struct Item {
  std::string element;
  double weight = 0;
  std::optional<std::string> text;  // to be sorted by, with ALPHA and BY
};

// The part of so many items that LIMIT asks for.
RankRange PartOf(const SortQuery& query, size_t size) {
  const auto all = static_cast<int64_t>(size);
  const int64_t begin = std::clamp<int64_t>(query.offset, 0, all);
  const int64_t count = query.limit < 0 ? all - begin : std::min(query.limit, all - begin);
  return {static_cast<size_t>(begin), static_cast<size_t>(begin + count)};
}

size_t SizeOf(Entry entry) {
  if (!entry) return 0;
  if (entry.type() == ValueType::kList) return CountElements(entry);
  return entry.type() == ValueType::kSet ? CountItems(entry) : CountMembers(entry);
}

// The elements of a part, in the order in which they are kept, or backwards.
std::vector<Item> Load(Entry entry, RankRange part, bool downwards) {
  std::vector<Item> items;
  if (!entry || part.size() == 0) return items;
  items.reserve(part.size());
  const size_t size = SizeOf(entry);
  const auto add = [&items](std::string_view element, auto&&...) {
    items.push_back({.element = std::string(element), .weight = 0, .text = std::nullopt});
  };
  if (entry.type() == ValueType::kSet) {
    ForEachItem(entry, add);
  } else if (entry.type() == ValueType::kSortedSet) {
    if (downwards) part = {size - part.end, size - part.begin};
    VisitRange(entry, part, downwards, add);
  } else {
    const size_t first = downwards ? size - 1 - part.begin : part.begin;
    ListReader reader(entry, first, downwards ? ListEnd::kFront : ListEnd::kBack);
    for (size_t left = part.size(); left > 0; --left, reader.Next()) add(reader.text());
  }
  return items;
}

// As Redis reads a weight. False if it is none.
bool ParseWeight(const std::string& text, double* weight) {
  char* end = nullptr;
  errno = 0;
  *weight = std::strtod(text.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*weight);
}

// False if one has no weight.
bool Weigh(Call& call, const SortQuery& query, std::vector<Item>* items) {
  const std::optional<Pattern> by =
      query.by.has_value() ? std::optional<Pattern>(*query.by) : std::nullopt;
  bool good = true;
  for (Item& item : *items) {
    std::optional<std::string> text = by ? Resolve(call, *by, item.element) : std::nullopt;
    if (by && !text) continue;
    if (query.by_text) {
      item.text = std::move(text);
    } else if (!ParseWeight(text ? *text : item.element, &item.weight)) {
      good = false;
    }
  }
  return good;
}

void SortItems(const SortQuery& query, std::vector<Item>* items) {
  const bool by_element = !query.by_text || !query.by.has_value();
  const auto compare = [&](const Item& a, const Item& b) {
    if (a.weight != b.weight) return a.weight < b.weight ? -1 : 1;
    if (by_element) return a.element.compare(b.element);
    if (!a.text || !b.text) return (a.text ? 1 : 0) - (b.text ? 1 : 0);
    return a.text->compare(*b.text);
  };
  std::stable_sort(items->begin(), items->end(), [&](const Item& a, const Item& b) {
    return query.downwards ? compare(b, a) < 0 : compare(a, b) < 0;
  });
}

// Calls f(text or nothing) for everything that is asked for.
template <typename F>
void ForEachResult(Call& call, const SortQuery& query, std::span<const Item> items, F&& f) {
  std::vector<Pattern> patterns(query.get.begin(), query.get.end());
  for (const Item& item : items) {
    if (patterns.empty()) f(std::optional(item.element));
    for (const Pattern& pattern : patterns) f(Resolve(call, pattern, item.element));
  }
}

void StoreResult(Call& call, const SortQuery& query, std::span<const Item> items) {
  const std::string_view target = *query.target;
  std::vector<std::string> texts;
  ForEachResult(call, query, items, [&texts](std::optional<std::string> text) {
    texts.push_back(std::move(text).value_or(""));
  });
  call.reply.Integer(static_cast<int64_t>(texts.size()));
  if (texts.empty()) {
    Entry* const slot = call.Find(target);
    if (slot == nullptr) return;
    call.db().Erase(slot);
    return EmitGone(call, target);
  }
  ListEdit edit(call.db(), call.engine.list_limits(), nullptr);
  for (const std::string& text : texts) edit.Push(ListEnd::kBack, text);
  edit.Commit(target);
  call.Emit(EventClass::kList, "sortstore", target);
}

bool IsSortable(Entry entry) {
  return !entry || entry.type() == ValueType::kList || entry.type() == ValueType::kSet ||
         entry.type() == ValueType::kSortedSet;
}

// Redis makes a skiplist of a sorted set to sort its members, and shows it from then on. No change
// that a watch would see.
void ShowAsTree(Entry entry) {
  if (!entry || entry.encoding() != Encoding::kListZset) return;
  entry.set_encoding(Encoding::kPackedZset);
}

void SortElements(Call& call, bool may_store) {
  SortQuery query;
  if (!ParseSort(call, may_store, &query)) return;
  const Entry* const slot = call.Read(call.args[1]);
  const Entry entry = slot == nullptr ? Entry() : *slot;
  if (!IsSortable(entry)) return call.reply.Error(kWrongType);
  const bool is_set = entry && entry.type() == ValueType::kSet;
  if (query.unsorted && is_set && query.target) {  // so that the result is always the same
    query.unsorted = false;
    query.by_text = true;
    query.by.reset();
  }
  ShowAsTree(entry);
  const size_t size = SizeOf(entry);
  const RankRange part = PartOf(query, size);
  const bool direct = query.unsorted && !is_set;
  std::vector<Item> items =
      Load(entry, direct ? part : RankRange{0, size}, direct && query.downwards);
  if (!query.unsorted) {
    if (!Weigh(call, query, &items)) {
      return call.reply.Error("ERR One or more scores can't be converted into double");
    }
    SortItems(query, &items);
  }
  std::span<const Item> wanted(items);
  if (!direct) wanted = wanted.subspan(part.begin, part.size());
  if (query.target) return StoreResult(call, query, wanted);
  call.reply.Array(static_cast<int64_t>(wanted.size() * std::max<size_t>(query.get.size(), 1)));
  ForEachResult(call, query, wanted, [&call](const std::optional<std::string>& text) {
    if (text) {
      call.reply.Bulk(*text);
    } else {
      call.reply.Null();
    }
  });
}

}  // namespace

void Sort(Call& call) {
  SortElements(call, /*may_store=*/true);
}

void SortRo(Call& call) {
  SortElements(call, /*may_store=*/false);
}

}  // namespace keyhole::store::handlers
