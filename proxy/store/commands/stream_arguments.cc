#include "proxy/store/commands/stream_arguments.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "proxy/store/commands/replies.h"
#include "resp/number.h"

namespace keyhole::store {

namespace {

constexpr size_t kMaxIdText = 127;
constexpr std::string_view kTwoStrategies =
    "ERR syntax error, MAXLEN and MINID options at the same time are not compatible";

void InvalidId(Call& call) {
  call.reply.Error("ERR Invalid stream ID specified as stream command argument");
}

// As Redis reads an unsigned number: what strtoull takes will do.
// Source: redis 7.0.15 util.c string2ull.
bool ParsePart(std::string_view text, uint64_t* value) {
  int64_t number = 0;
  if (resp::ParseInteger(text, &number)) {
    *value = static_cast<uint64_t>(number);
    return number >= 0;
  }
  if (text.empty()) return false;
  const std::string copy(text);
  char* end = nullptr;
  errno = 0;
  *value = std::strtoull(copy.c_str(), &end, 10);
  return errno == 0 && *end == '\0';
}

// Reads what may stand before the number of MAXLEN and MINID; *index is that of the number then.
bool IsApproximate(const Call& call, size_t* index) {
  const bool more = *index + 1 < call.args.size();
  const std::string_view sign = UpToNul(call.args[*index]);
  if (!more || (sign != "~" && sign != "=")) return false;
  ++*index;
  return sign == "~";
}

bool Refuse(Call& call, std::string_view error) {
  call.reply.Error(error);
  return false;
}

// The number of MAXLEN, or the ID of MINID, from args[*index] on.
bool TrimArgument(Call& call, StreamTrim::By by, size_t* index, StreamTrim* trim) {
  if (trim->by != StreamTrim::By::kNothing) return Refuse(call, kTwoStrategies);
  ++*index;
  trim->whole_blocks = IsApproximate(call, index);
  trim->by = by;
  if (by == StreamTrim::By::kId) return StreamIdArgument(call, *index, &trim->min_id);
  int64_t length = 0;
  if (!IntegerArgument(call, *index, &length)) return false;
  if (length < 0) return Refuse(call, "ERR The MAXLEN argument must be >= 0.");
  trim->length = static_cast<uint64_t>(length);
  return true;
}

bool LimitArgument(Call& call, size_t index, StreamTrim* trim) {
  int64_t limit = 0;
  if (!IntegerArgument(call, index, &limit)) return false;
  if (limit < 0) return Refuse(call, "ERR The LIMIT argument must be >= 0.");
  trim->limit = static_cast<uint64_t>(limit);
  return true;
}

// Without ~ there is no limit, and with it there is always one, unless it was given as 0.
bool CheckTrim(Call& call, bool adds, bool limit_given, StreamTrim* trim) {
  const bool none = trim->by == StreamTrim::By::kNothing;
  if (trim->limit != 0 && none) {
    return Refuse(call,
                  "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
  }
  if (!adds && none) {
    return Refuse(call, "ERR syntax error, XTRIM must be called with a trimming strategy");
  }
  if (limit_given && !trim->whole_blocks) {
    return Refuse(call, "ERR syntax error, LIMIT cannot be used without the special ~ option");
  }
  if (limit_given || !trim->whole_blocks) return true;
  constexpr uint64_t kBlocks = 100;
  constexpr uint64_t kDefault = 10'000;
  constexpr uint64_t kMost = 1'000'000;
  const uint64_t entries = call.engine.stream_limits().entries;
  const auto wanted = static_cast<int64_t>(kBlocks * entries);  // may wrap round, as in Redis
  trim->limit = wanted <= 0 ? kDefault : std::min(static_cast<uint64_t>(wanted), kMost);
  return true;
}

}  // namespace

bool ParseStreamId(std::string_view text, uint64_t missing, StreamId* id, bool* any_seq) {
  if (text.size() > kMaxIdText) return false;
  text = UpToNul(text);
  if (text == "-" || text == "+") return false;
  if (any_seq != nullptr) *any_seq = false;
  StreamId parsed{.ms = 0, .seq = missing};
  const size_t dash = text.find('-');
  if (!ParsePart(text.substr(0, dash), &parsed.ms)) return false;
  if (dash != std::string_view::npos) {
    const std::string_view seq = text.substr(dash + 1);
    if (any_seq != nullptr && seq == "*") {
      *any_seq = true;
      parsed.seq = 0;
    } else if (!ParsePart(seq, &parsed.seq)) {
      return false;
    }
  }
  *id = parsed;
  return true;
}

bool StreamIdArgument(Call& call, size_t index, StreamId* id, bool* any_seq) {
  if (ParseStreamId(call.args[index], 0, id, any_seq)) return true;
  InvalidId(call);
  return false;
}

bool RangeArgument(Call& call, size_t index, RangeEnd end, StreamId* id) {
  std::string_view text = call.args[index];
  const uint64_t missing = end == RangeEnd::kFrom ? 0 : kMaxSeq;
  const bool excluded = text.size() > 1 && text[0] == '(';
  if (excluded) text.remove_prefix(1);
  const bool is_short = text.size() <= kMaxIdText;
  if (!excluded && is_short && UpToNul(text) == "-") {
    *id = kNoStreamId;
  } else if (!excluded && is_short && UpToNul(text) == "+") {
    *id = kMaxStreamId;
  } else if (!ParseStreamId(text, missing, id)) {
    InvalidId(call);
    return false;
  }
  if (!excluded) return true;
  if (end == RangeEnd::kFrom) {
    return Increment(id) || Refuse(call, "ERR invalid start ID for the interval");
  }
  return Decrement(id) || Refuse(call, "ERR invalid end ID for the interval");
}

bool StreamAddOptionsOf(Call& call, bool adds, StreamAddOptions* options) {
  bool limit_given = false;
  size_t i = 2;
  for (; i < call.args.size(); ++i) {
    const std::string_view option = UpToNul(call.args[i]);
    const bool more = i + 1 < call.args.size();
    if (adds && option == "*") break;
    if (more && resp::EqualsIgnoreCase(option, "MAXLEN")) {
      if (!TrimArgument(call, StreamTrim::By::kLength, &i, &options->trim)) return false;
    } else if (more && resp::EqualsIgnoreCase(option, "MINID")) {
      if (!TrimArgument(call, StreamTrim::By::kId, &i, &options->trim)) return false;
    } else if (more && resp::EqualsIgnoreCase(option, "LIMIT")) {
      if (!LimitArgument(call, ++i, &options->trim)) return false;
      limit_given = true;
    } else if (adds && resp::EqualsIgnoreCase(option, "NOMKSTREAM")) {
      options->no_stream_made = true;
    } else if (adds) {
      if (!StreamIdArgument(call, i, &options->id, &options->any_seq)) return false;
      options->has_id = true;
      break;
    } else {
      return Refuse(call, kSyntaxError);
    }
  }
  options->id_index = i;
  return CheckTrim(call, adds, limit_given, &options->trim);
}

bool FindStream(Call& call, std::string_view key, Entry** slot, StreamObject** stream) {
  if (!FindAs(call, key, ValueType::kStream, slot)) return false;
  *stream = *slot == nullptr ? nullptr : static_cast<StreamObject*>((*slot)->object());
  return true;
}

bool ReadStream(Call& call, std::string_view key, const StreamObject** stream) {
  Entry entry;
  if (!ReadAs(call, key, ValueType::kStream, &entry)) return false;
  *stream = entry ? static_cast<const StreamObject*>(entry.object()) : nullptr;
  return true;
}

void ReplyStreamId(Call& call, StreamId id) {
  call.reply.Bulk(StreamIdText(id).view());
}

void ReplyEntry(Call& call, const StreamEntry& entry) {
  call.reply.Array(2);
  ReplyStreamId(call, entry.id);
  call.reply.Array(static_cast<int64_t>(2 * entry.fields));
  entry.ForEachField([&call](std::string_view name, std::string_view value) {
    call.reply.Bulk(name);
    call.reply.Bulk(value);
  });
}

namespace {

template <typename F>
void ForEachInRange(const StreamObject& stream, StreamId from, StreamId to, bool backward, F&& f) {
  if (backward) {
    stream.ForEachBackward(from, to, f);
  } else {
    stream.ForEach(from, to, f);
  }
}

}  // namespace

// Twice over the range, as the head of an array says how long it is.
size_t ReplyRange(Call& call, const StreamObject& stream, StreamId from, StreamId to, size_t count,
                  bool backward) {
  size_t found = 0;
  ForEachInRange(stream, from, to, backward, [&](const StreamEntry&) { return ++found != count; });
  call.reply.Array(static_cast<int64_t>(found));
  size_t left = found;
  if (left == 0) return 0;
  ForEachInRange(stream, from, to, backward, [&](const StreamEntry& entry) {
    ReplyEntry(call, entry);
    return --left != 0;
  });
  return found;
}

bool ReplyEntryOf(Call& call, const StreamObject& stream, StreamId id) {
  bool found = false;
  stream.ForEach(id, id, [&](const StreamEntry& entry) {
    ReplyEntry(call, entry);
    found = true;
    return false;
  });
  return found;
}

}  // namespace keyhole::store
