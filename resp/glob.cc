#include "resp/glob.h"

#include <algorithm>
#include <utility>

namespace keyhole::resp {

namespace {

class Matcher {
 public:
  Matcher(std::string_view pattern, bool ignore_case)
      : pattern_(pattern), ignore_case_(ignore_case) {}

  bool Matches(std::string_view text) const {
    size_t p = 0;
    size_t t = 0;
    size_t star = std::string_view::npos;  // the pattern behind the last '*'
    size_t star_t = 0;                     // where in the text what follows it is tried
    while (t < text.size()) {
      size_t next = p;
      if (p < pattern_.size() && pattern_[p] == '*') {
        star = ++p;
        star_t = t;
      } else if (p < pattern_.size() && MatchesOne(&next, text[t])) {
        p = next;
        ++t;
      } else if (star != std::string_view::npos) {
        p = star;
        t = ++star_t;
      } else {
        return false;
      }
    }
    return pattern_.find_first_not_of('*', p) == std::string_view::npos;
  }

 private:
  // As signed char, in which Redis compares ranges.
  signed char Fold(char c) const {
    if (ignore_case_ && c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return static_cast<signed char>(c);
  }
  bool Equal(char a, char b) const { return Fold(a) == Fold(b); }

  // Matches one byte with the element at *p, which is not '*', and moves behind that.
  bool MatchesOne(size_t* p, char c) const {
    switch (pattern_[*p]) {
      case '?':
        ++*p;
        return true;
      case '[':
        return MatchesClass(p, c);
      case '\\':
        if (*p + 1 < pattern_.size()) ++*p;
        break;
      default:
        break;
    }
    return Equal(pattern_[(*p)++], c);
  }

  bool MatchesClass(size_t* p, char c) const {
    size_t i = *p + 1;
    const bool negated = i < pattern_.size() && pattern_[i] == '^';
    if (negated) ++i;
    bool found = false;
    for (; i < pattern_.size() && pattern_[i] != ']'; ++i) {
      if (pattern_[i] == '\\' && i + 1 < pattern_.size()) {
        ++i;
        found |= Equal(pattern_[i], c);
      } else if (i + 2 < pattern_.size() && pattern_[i + 1] == '-') {
        found |= InRange(pattern_[i], pattern_[i + 2], c);
        i += 2;
      } else {
        found |= Equal(pattern_[i], c);
      }
    }
    *p = std::min(i + 1, pattern_.size());
    return found != negated;
  }

  bool InRange(char a, char b, char c) const {
    // The ends are put in order before they are folded, both as signed char.
    if (static_cast<signed char>(a) > static_cast<signed char>(b)) std::swap(a, b);
    return Fold(c) >= Fold(a) && Fold(c) <= Fold(b);
  }

  std::string_view pattern_;
  bool ignore_case_;
};

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text, bool ignore_case) {
  return Matcher(pattern, ignore_case).Matches(text);
}

}  // namespace keyhole::resp
