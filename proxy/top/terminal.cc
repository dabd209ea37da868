#include "proxy/top/terminal.h"

#include <ncurses.h>

namespace keyhole::top {
namespace {

constexpr short kWarningPair = 1;
constexpr short kErrorPair = 2;

// Words say what is wrong; colours only help to find it.
attr_t AttributeOf(Style style, bool color) {
  switch (style) {
    case Style::kPlain:
      return A_NORMAL;
    case Style::kTitle:
      return A_REVERSE;
    case Style::kHead:
      return A_BOLD;
    case Style::kDim:
      return A_DIM;
    case Style::kWarning:
      return A_BOLD | (color ? static_cast<attr_t>(COLOR_PAIR(kWarningPair)) : A_NORMAL);
    case Style::kError:
      break;
  }
  return A_BOLD | (color ? static_cast<attr_t>(COLOR_PAIR(kErrorPair)) : A_NORMAL);
}

}  // namespace

Terminal::Terminal(bool color) {
  initscr();
  cbreak();
  noecho();
  keypad(stdscr, TRUE);
  set_escdelay(25);
  curs_set(0);
  if (color && has_colors()) {
    start_color();
    use_default_colors();
    init_pair(kWarningPair, COLOR_YELLOW, -1);
    init_pair(kErrorPair, COLOR_RED, -1);
  }
}

Terminal::~Terminal() {
  endwin();
}

size_t Terminal::width() const {
  return static_cast<size_t>(getmaxx(stdscr));
}

size_t Terminal::height() const {
  return static_cast<size_t>(getmaxy(stdscr));
}

void Terminal::Show(const std::vector<Line>& lines) {
  erase();
  for (size_t i = 0; i < lines.size() && i < height(); ++i) {
    const attr_t attribute = AttributeOf(lines[i].style, COLOR_PAIRS > 0);
    attron(attribute);
    mvaddstr(static_cast<int>(i), 0, lines[i].text.c_str());
    attroff(attribute);
  }
  refresh();
}

Terminal::Press Terminal::Wait(int milliseconds) {
  timeout(milliseconds);
  const int got = getch();
  switch (got) {
    case ERR:
      return {};
    case '\t':
      return {Key::kTab};
    case KEY_UP:
      return {Key::kUp};
    case KEY_DOWN:
      return {Key::kDown};
    case KEY_PPAGE:
      return {Key::kPageUp};
    case KEY_NPAGE:
      return {Key::kPageDown};
    case KEY_HOME:
      return {Key::kHome};
    case KEY_END:
      return {Key::kEnd};
    case KEY_ENTER:
    case '\n':
    case '\r':
      return {Key::kEnter};
    case 27:
      return {Key::kEscape};
    case KEY_BACKSPACE:
    case 127:
    case '\b':
      return {Key::kBackspace};
    case KEY_RESIZE:
      return {Key::kResize};
    default:
      break;
  }
  if (got < ' ' || got > 255) return {};
  return {Key::kCharacter, static_cast<char>(got)};
}

}  // namespace keyhole::top
