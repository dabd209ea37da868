// LCS: what two strings have in common.
#include <algorithm>
#include <cstring>
#include <vector>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

namespace {

struct LcsOptions {
  bool length = false;        // LEN
  bool index = false;         // IDX
  bool match_length = false;  // WITHMATCHLEN
  int64_t min_length = 0;     // MINMATCHLEN
};

// False if they are wrong; then that is the reply.
bool ParseLcs(Call& call, LcsOptions* options) {
  for (size_t i = 3; i < call.args.size(); ++i) {
    if (call.Is(i, "IDX")) {
      options->index = true;
    } else if (call.Is(i, "LEN")) {
      options->length = true;
    } else if (call.Is(i, "WITHMATCHLEN")) {
      options->match_length = true;
    } else if (call.Is(i, "MINMATCHLEN") && i + 1 < call.args.size()) {
      if (!IntegerArgument(call, ++i, &options->min_length)) return false;
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  if (!options->index || !options->length) return true;
  call.reply.Error("ERR If you want both the length and indexes, please just use IDX.");
  return false;
}

// Bytes of both strings that are the same and follow each other.
struct Match {
  size_t a = 0;
  size_t b = 0;
  size_t size = 0;
};

// length(i, j): of the longest common subsequence of a's first i and b's first j bytes. Cost: the
// product of the lengths. Source: Wagner and Fischer, The String-to-String Correction Problem,
// 1974.
class LcsTable {
 public:
  LcsTable(std::string_view a, std::string_view b)
      : a_(a), b_(b), cells_((a.size() + 1) * (b.size() + 1)) {
    for (size_t i = 1; i <= a.size(); ++i) {
      for (size_t j = 1; j <= b.size(); ++j) {
        cell(i, j) = a[i - 1] == b[j - 1] ? cell(i - 1, j - 1) + 1
                                          : std::max(cell(i - 1, j), cell(i, j - 1));
      }
    }
  }

  size_t length() { return cell(a_.size(), b_.size()); }

  // The runs of the subsequence, from its end to its beginning.
  std::vector<Match> Matches() {
    std::vector<Match> matches;
    bool in_run = false;
    for (size_t i = a_.size(), j = b_.size(); i > 0 && j > 0;) {
      if (a_[i - 1] == b_[j - 1]) {
        --i;
        --j;
        if (!in_run) matches.emplace_back();
        in_run = true;
        matches.back() = {i, j, matches.back().size + 1};
      } else {
        in_run = false;
        if (cell(i - 1, j) > cell(i, j - 1)) {
          --i;
        } else {
          --j;
        }
      }
    }
    return matches;
  }

 private:
  uint32_t& cell(size_t i, size_t j) { return cells_[i * (b_.size() + 1) + j]; }

  std::string_view a_;
  std::string_view b_;
  std::vector<uint32_t> cells_;
};

void ReplyRange(Call& call, size_t first, size_t size) {
  call.reply.Array(2);
  call.reply.Integer(static_cast<int64_t>(first));
  call.reply.Integer(static_cast<int64_t>(first + size - 1));
}

void ReplyMatches(Call& call, const LcsOptions& options, LcsTable& table) {
  std::vector<Match> matches = table.Matches();
  std::erase_if(matches, [&](const Match& match) {
    return static_cast<int64_t>(match.size) < options.min_length;
  });
  call.reply.Map(2);
  call.reply.Bulk("matches");
  call.reply.Array(static_cast<int64_t>(matches.size()));
  for (const Match& match : matches) {
    call.reply.Array(options.match_length ? 3 : 2);
    ReplyRange(call, match.a, match.size);
    ReplyRange(call, match.b, match.size);
    if (options.match_length) call.reply.Integer(static_cast<int64_t>(match.size));
  }
  call.reply.Bulk("len");
  call.reply.Integer(static_cast<int64_t>(table.length()));
}

}  // namespace

void Lcs(Call& call) {
  std::string_view texts[2];
  bool are_strings = true;
  for (size_t i = 0; i < 2; ++i) {
    const Entry* const slot = call.Read(call.args[1 + i]);
    if (slot == nullptr) continue;
    if (slot->type() == ValueType::kString) {
      texts[i] = slot->value();
    } else {
      are_strings = false;
    }
  }
  if (!are_strings) {
    return call.reply.Error("ERR The specified keys must contain string values");
  }
  LcsOptions options;
  if (!ParseLcs(call, &options)) return;
  const uint64_t cells = (uint64_t{texts[0].size()} + 1) * (uint64_t{texts[1].size()} + 1);
  if (cells > static_cast<uint64_t>(resp::kMaxBulkBytes) / sizeof(uint32_t)) {
    return call.reply.Error(
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
  }
  LcsTable table(texts[0], texts[1]);
  if (options.index) return ReplyMatches(call, options, table);
  if (options.length) return call.reply.Integer(static_cast<int64_t>(table.length()));
  std::string common;
  const std::vector<Match> matches = table.Matches();
  for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
    common.append(texts[0].substr(match->a, match->size));
  }
  call.reply.Bulk(common);
}

}  // namespace keyhole::store::handlers
