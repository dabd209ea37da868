// The terminal, by ncurses. terminal.cc is the one file that knows it.
//
// One at a time; from its making to its end the terminal is its own.
#pragma once

#include <vector>

#include "proxy/top/screen.h"

namespace keyhole::top {

class Terminal {
 public:
  // What the user has pressed.
  enum class Key : uint8_t {
    kNone,  // nothing, for as long as it was waited
    kCharacter,
    kTab,
    kUp,
    kDown,
    kPageUp,
    kPageDown,
    kHome,
    kEnd,
    kEnter,
    kEscape,
    kBackspace,
    kResize,
  };
  struct Press {
    Key key = Key::kNone;
    char character = 0;  // kCharacter
  };

  explicit Terminal(bool color);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  size_t width() const;
  size_t height() const;
  void Show(const std::vector<Line>& lines);
  Press Wait(int milliseconds);
};

}  // namespace keyhole::top
