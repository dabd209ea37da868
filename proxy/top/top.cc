#include "proxy/top/top.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "proxy/top/screen.h"
#include "proxy/top/table.h"
#include "proxy/top/terminal.h"

namespace keyhole::top {
namespace {

namespace json = boost::json;
using Key = Terminal::Key;

constexpr size_t kPlainWidth = 100;  // of what is printed
constexpr size_t kPlainHeight = 40;
constexpr std::chrono::seconds kLook{1};
const std::vector<std::string> kSorts = {"rate", "hits", "misses", "ratio", "bytes", "requests"};

std::string Encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (plain) {
      out.push_back(c);
      continue;
    }
    out.append({'%', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]});
  }
  return out;
}

class Top {
 public:
  Top(const Options& options, const Fetch& fetch) : options_(options), fetch_(fetch) {
    if (!options.sort.empty()) screen_.sort = options.sort;
    screen_.match = options.match;
    screen_.utf8 = options.utf8;
  }

  int Print();
  void Live();

 private:
  bool Get(const std::string& path, json::value* out);
  void Look();
  bool OnPress(const Terminal::Press& press, size_t page);
  void OnCharacter(char c);
  std::string KeysPath(const std::string& sort, size_t limit) const;
  int PrintJson();

  const Options& options_;
  const Fetch& fetch_;
  Screen screen_;
  std::string problem_;
};

bool Top::Get(const std::string& path, json::value* out) {
  const Answer answer = fetch_(options_, path);
  boost::system::error_code error;
  json::value read = json::parse(answer.text, error);
  if (answer.status == 200 && !error) {
    *out = std::move(read);
    return true;
  }
  const std::string said = error ? "" : TextOf(read, "error");
  problem_ = answer.status == 0 ? answer.text : "status " + std::to_string(answer.status);
  if (!said.empty()) problem_ += ": " + said;
  if (answer.status == 401) problem_ += "; give --user and KEYHOLE_TOP_PASSWORD";
  return false;
}

std::string Top::KeysPath(const std::string& sort, size_t limit) const {
  std::string path = "/api/keys?limit=" + std::to_string(limit) + "&spark=20&sort=" + Encoded(sort);
  if (screen_.match.empty()) return path;
  const bool pattern = screen_.match.find_first_of("*?[\\") != std::string::npos;
  return path + "&match=" + Encoded(pattern ? screen_.match : "*" + screen_.match + "*");
}

// What is shown is asked for.
void Top::Look() {
  bool there = Get("/api/overview", &screen_.overview);
  if (there && screen_.view == View::kOverview) {
    there = Get("/api/history?series=hits,misses,client_p99&from=-300", &screen_.history);
  }
  if (there && screen_.view == View::kOverview) {
    there = Get(KeysPath("misses", 100), &screen_.keys);
  }
  if (there && screen_.view == View::kKeys) {
    there = Get(KeysPath(screen_.sort, 1000), &screen_.keys);
  }
  if (there && screen_.view == View::kSlow) there = Get("/api/slow", &screen_.slow);
  if (there && screen_.view == View::kClients) there = Get("/api/clients", &screen_.clients);
  screen_.away = there ? "" : problem_;
}

int Top::PrintJson() {
  using Command = Options::Command;
  const std::string path = options_.command == Command::kTop ? "/api/overview"
                           : options_.command == Command::kKeys
                               ? KeysPath(screen_.sort, options_.limit)
                               : "/api/slow";
  const Answer answer = fetch_(options_, path);
  std::fputs(answer.text.c_str(), answer.status == 200 ? stdout : stderr);
  if (!answer.text.ends_with('\n')) std::fputs("\n", answer.status == 200 ? stdout : stderr);
  return answer.status == 200 ? 0 : 1;
}

int Top::Print() {
  using Command = Options::Command;
  if (options_.json) return PrintJson();
  std::vector<Line> lines;
  bool there = true;
  if (options_.command == Command::kKeys) {
    there = Get(KeysPath(screen_.sort, options_.limit), &screen_.keys);
    lines = KeysTable(screen_.keys, kPlainWidth);
  } else if (options_.command == Command::kSlow) {
    there = Get("/api/slow", &screen_.slow);
    lines = SlowTable(screen_.slow, kPlainWidth);
  } else {
    Look();
    there = screen_.away.empty();
    lines = Draw(screen_, kPlainWidth, kPlainHeight);
    lines.pop_back();  // which keys to press
    while (!lines.empty() && lines.back().text.empty()) lines.pop_back();
  }
  if (!there) {
    std::fprintf(stderr, "keyhole: %s\n", problem_.c_str());
    return 1;
  }
  for (const Line& line : lines) std::printf("%s\n", line.text.c_str());
  return 0;
}

void Top::OnCharacter(char c) {
  if (screen_.typing) {
    screen_.match.push_back(c);
  } else if (c >= '1' && c <= '4') {
    screen_.view = static_cast<View>(c - '1');
    screen_.scroll = 0;
  } else if (c == 's') {
    const auto at = std::find(kSorts.begin(), kSorts.end(), screen_.sort);
    screen_.sort = at == kSorts.end() || at + 1 == kSorts.end() ? kSorts.front() : *(at + 1);
    screen_.scroll = 0;
  } else if (c == '/') {
    screen_.view = View::kKeys;
    screen_.match.clear();
    screen_.typing = true;
  }
}

// False: the user wants to go.
bool Top::OnPress(const Terminal::Press& press, size_t page) {
  size_t& scroll = screen_.scroll;
  switch (press.key) {
    case Key::kCharacter:
      if (press.character == 'q' && !screen_.typing) return false;
      OnCharacter(press.character);
      break;
    case Key::kTab:
      screen_.view = static_cast<View>((static_cast<size_t>(screen_.view) + 1) % kViews);
      scroll = 0;
      break;
    case Key::kUp:
      scroll -= std::min<size_t>(scroll, 1);
      break;
    case Key::kDown:
      ++scroll;
      break;
    case Key::kPageUp:
      scroll -= std::min(scroll, page);
      break;
    case Key::kPageDown:
      scroll += page;
      break;
    case Key::kHome:
      scroll = 0;
      break;
    case Key::kEnd:
      scroll = 100'000;
      break;
    case Key::kEscape:
      screen_.match.clear();
      screen_.typing = false;
      break;
    case Key::kEnter:
      screen_.typing = false;
      break;
    case Key::kBackspace:
      if (screen_.typing && !screen_.match.empty()) screen_.match.pop_back();
      break;
    case Key::kNone:
    case Key::kResize:
      break;
  }
  return true;
}

void Top::Live() {
  Terminal terminal(options_.color);
  for (;;) {
    Look();
    const auto next = std::chrono::steady_clock::now() + kLook;
    for (;;) {
      terminal.Show(Draw(screen_, terminal.width(), terminal.height()));
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          next - std::chrono::steady_clock::now());
      if (left.count() <= 0) break;
      const Terminal::Press press = terminal.Wait(static_cast<int>(left.count()));
      if (press.key == Key::kNone) break;
      const size_t page = std::max<size_t>(terminal.height(), 5) - 4;
      if (!OnPress(press, page)) return;
      if (press.key != Key::kResize) Look();  // what is to be shown may be another thing
    }
  }
}

// For health checks of containers: asks what load balancers ask.
int Health(const Options& options, const Fetch& fetch) {
  const Answer answer = fetch(options, "/readyz");
  if (answer.status == 200) {
    std::puts("ok");
    return 0;
  }
  boost::system::error_code error;
  const json::value said = json::parse(answer.text, error);
  const std::string problem = answer.status == 0 || error ? answer.text : TextOf(said, "error");
  std::fprintf(stderr, "not ready: %s\n", problem.c_str());
  return 1;
}

// Has the options read again.
int Reload(Options options, const Fetch& fetch) {
  options.posts = true;
  const Answer answer = fetch(options, "/api/reload");
  boost::system::error_code error;
  const json::value said = json::parse(answer.text, error);
  const bool is_object = !error && said.is_object();
  const json::value* const lines = is_object ? said.as_object().if_contains("lines") : nullptr;
  const std::string problem = is_object ? TextOf(said, "error") : answer.text;
  if (answer.status != 200 || !problem.empty() || lines == nullptr || !lines->is_array()) {
    std::fprintf(stderr, "not reloaded: %s\n", problem.c_str());
    return 1;
  }
  for (const json::value& line : lines->as_array()) {
    if (line.is_string()) std::puts(line.as_string().c_str());
  }
  if (lines->as_array().empty()) std::puts("nothing has changed");
  return 0;
}

}  // namespace

int Run(const std::vector<std::string>& words, const Fetch& fetch) {
  Options options;
  if (const auto problem = Parse(words, &options)) {
    std::fprintf(stderr, "keyhole: %s\n", problem->c_str());
    return 2;
  }
  if (options.help) {
    std::fputs(std::string(HelpText()).c_str(), stdout);
    return 0;
  }
  if (options.command == Options::Command::kHealth) return Health(options, fetch);
  const char* const locale = std::setlocale(LC_ALL, "");
  const std::string_view name = locale == nullptr ? "" : locale;
  options.utf8 = name.find("UTF-8") != name.npos || name.find("utf8") != name.npos;
  const char* const no_color = std::getenv("NO_COLOR");
  options.color = no_color == nullptr || *no_color == '\0';
  if (const char* const password = std::getenv("KEYHOLE_TOP_PASSWORD")) {
    options.password = password;
  }
  if (options.command == Options::Command::kReload) return Reload(options, fetch);
  Top top(options, fetch);
  if (options.once || options.json || options.command != Options::Command::kTop) {
    return top.Print();
  }
  top.Live();
  return 0;
}

}  // namespace keyhole::top
