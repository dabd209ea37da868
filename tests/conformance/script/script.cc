#include "tests/conformance/script/script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <stdexcept>

#include "resp/request_parser.h"

namespace keyhole::test {

namespace {

constexpr std::pair<std::string_view, Compare> kMarks[] = {
    {"{sorted}", Compare::kSorted}, {"{near}", Compare::kNear},   {"{shape}", Compare::kShape},
    {"{silent}", Compare::kSilent}, {"{loose}", Compare::kLoose}, {"{closed}", Compare::kClosed}};

bool TakeMark(std::string_view mark, std::string_view* text) {
  if (!text->starts_with(mark)) return false;
  text->remove_prefix(std::min(text->size(), mark.size() + 1));
  return true;
}

ScriptLine ParseLine(std::string_view text) {
  ScriptLine line;
  line.text = text;
  if (text.size() > 4 && text[0] == '[' && text[2] == ']' && text[3] == ' ') {
    line.client = text[1];
    text.remove_prefix(4);
  }
  if (TakeMark("{read}", &text)) line.sends = false;
  if (TakeMark("{sent}", &text)) line.reads = false;
  for (const auto& [mark, compare] : kMarks) {
    if (TakeMark(mark, &text)) line.compare = compare;
  }
  if (line.compare == Compare::kSilent) line.reads = false;
  std::string storage;
  std::vector<resp::Word> words;
  if (!resp::SplitWords(text, &storage, &words) || words.empty() == line.sends) {
    throw std::runtime_error("cannot be read: " + line.text);
  }
  for (const resp::Word& word : words) line.args.push_back(storage.substr(word.offset, word.size));
  return line;
}

// One value of a reply: its kind, what its line says, its body, its elements.
struct Value {
  char kind = 0;
  std::string text;
  std::vector<Value> elements;
  bool operator==(const Value&) const = default;
};

std::string TakeLine(std::string_view* bytes) {
  const size_t end = bytes->find("\r\n");
  if (end == std::string_view::npos) throw std::runtime_error("reply without an end");
  std::string line(bytes->substr(0, end));
  bytes->remove_prefix(end + 2);
  return line;
}

Value TakeValue(std::string_view* bytes) {
  const std::string line = TakeLine(bytes);
  Value value{line.empty() ? '\0' : line[0], line.empty() ? line : line.substr(1), {}};
  const std::string_view aggregates = "*%~>";
  const bool aggregate = aggregates.find(value.kind) != std::string_view::npos;
  const long count = std::strtol(value.text.c_str(), nullptr, 10);
  if (aggregate) {
    for (long i = 0; i < count * (value.kind == '%' ? 2 : 1); ++i) {
      value.elements.push_back(TakeValue(bytes));
    }
  } else if ((value.kind == '$' || value.kind == '=') && count >= 0) {
    value.text = bytes->substr(0, static_cast<size_t>(count));
    bytes->remove_prefix(static_cast<size_t>(count) + 2);
  }
  return value;
}

std::string Flat(const Value& value) {
  std::string text = value.kind + value.text;
  for (const Value& element : value.elements) text.append(" ").append(Flat(element));
  return text;
}

// Of a map, its pairs.
void SortElements(Value* value) {
  for (Value& element : value->elements) SortElements(&element);
  std::vector<Value>& elements = value->elements;
  const size_t step = value->kind == '%' ? 2 : 1;
  std::vector<std::vector<Value>> groups;
  for (size_t i = 0; i < elements.size(); i += step) {
    groups.emplace_back(elements.begin() + static_cast<std::ptrdiff_t>(i),
                        elements.begin() + static_cast<std::ptrdiff_t>(i + step));
  }
  std::sort(groups.begin(), groups.end(),
            [](const auto& a, const auto& b) { return Flat(a.front()) < Flat(b.front()); });
  elements.clear();
  for (auto& group : groups) elements.insert(elements.end(), group.begin(), group.end());
}

std::optional<long long> Number(const Value& value) {
  char* end = nullptr;
  const long long number = std::strtoll(value.text.c_str(), &end, 10);
  if (value.text.empty() || *end != '\0') return std::nullopt;
  return number;
}

bool Near(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.elements.size() != b.elements.size()) return false;
  for (size_t i = 0; i < a.elements.size(); ++i) {
    if (!Near(a.elements[i], b.elements[i])) return false;
  }
  const auto first = Number(a);
  const auto second = Number(b);
  if (!first || !second) return a.text == b.text;
  return (*first < 0) == (*second < 0) && std::llabs(*first - *second) <= 5000;
}

bool SameShape(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.elements.size() != b.elements.size()) return false;
  for (size_t i = 0; i < a.elements.size(); ++i) {
    if (!SameShape(a.elements[i], b.elements[i])) return false;
  }
  return true;
}

bool Same(Compare compare, const std::string& expected, const std::string& actual) {
  if (expected == actual) return true;
  if (compare == Compare::kBytes || compare == Compare::kClosed) return false;
  std::string_view expected_rest = expected;
  std::string_view actual_rest = actual;
  Value a = TakeValue(&expected_rest);
  Value b = TakeValue(&actual_rest);
  if (!expected_rest.empty() || !actual_rest.empty()) return false;
  if (compare == Compare::kNear) return Near(a, b);
  if (compare == Compare::kShape) return SameShape(a, b);
  if (compare == Compare::kSorted) {
    SortElements(&a);
    SortElements(&b);
    return a == b;
  }
  // The replies within EXEC's are in order.
  for (Value& element : a.elements) SortElements(&element);
  for (Value& element : b.elements) SortElements(&element);
  return Near(a, b);
}

// The clients of one side, connected when first named.
class Clients {
 public:
  Clients(Server& server, std::string_view hello) : server_(server) {
    if (hello.empty()) return;
    hello_.text = "HELLO";
    hello_.args = {"HELLO", std::string(hello)};
  }

  Peer& Get(char name) {
    std::unique_ptr<Peer>& peer = peers_[name];
    if (peer == nullptr) {
      peer = server_.Connect();
      if (!hello_.args.empty()) {
        peer->Send({&hello_});
        peer->Read();
      }
    }
    return *peer;
  }

 private:
  Server& server_;
  ScriptLine hello_;
  std::map<char, std::unique_ptr<Peer>> peers_;
};

// Lines from `begin` on that can be sent together.
size_t EndOfBatch(const Script& script, size_t begin, bool pipelined) {
  const auto simple = [](const ScriptLine& line) {
    return line.sends && (line.reads || line.compare == Compare::kSilent) &&
           line.compare != Compare::kClosed;
  };
  size_t end = begin + 1;
  if (!pipelined || !simple(script.lines[begin])) return end;
  while (end < script.lines.size() && simple(script.lines[end]) &&
         script.lines[end].client == script.lines[begin].client) {
    ++end;
  }
  return end;
}

// What one side says to some lines of one client.
std::vector<std::string> Converse(Clients& clients, std::span<const ScriptLine> lines) {
  Peer& peer = clients.Get(lines.front().client);
  std::vector<const ScriptLine*> sent;
  for (const ScriptLine& line : lines) {
    if (line.sends) sent.push_back(&line);
  }
  if (!sent.empty()) peer.Send(sent);
  std::vector<std::string> replies;
  for (const ScriptLine& line : lines) {
    const bool closed = line.compare == Compare::kClosed;
    replies.push_back(closed ? peer.ReadUntilClosed() : line.reads ? peer.Read() : "");
  }
  return replies;
}

}  // namespace

Script ReadScript(const std::string& path) {
  Script script{path, {}, {}};
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot open " + path);
  std::string text;
  for (size_t number = 1; std::getline(in, text); ++number) {
    if (text.empty() || text[0] == '#') continue;
    if (text.starts_with("! ")) {
      script.config.push_back(text.substr(2));
      continue;
    }
    try {
      script.lines.push_back(ParseLine(text));
    } catch (const std::exception& error) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + error.what());
    }
    script.lines.back().number = number;
  }
  return script;
}

std::vector<Outcome> RunScript(const Script& script, Manner manner, Server& expected,
                               Server& actual) {
  const std::string_view hello = !script.config.empty()                      ? ""
                                 : manner.protocol == resp::Protocol::kResp3 ? "3"
                                                                             : "2";
  Clients expected_clients(expected, hello);
  Clients actual_clients(actual, hello);
  std::vector<Outcome> outcomes;
  int failures = 0;
  for (size_t i = 0; i < script.lines.size() && failures < 20;) {
    const size_t end = EndOfBatch(script, i, manner.pipelined);
    const std::span<const ScriptLine> lines(&script.lines[i], end - i);
    SCOPED_TRACE(script.path + ":" + std::to_string(lines.front().number));
    const std::vector<std::string> want = Converse(expected_clients, lines);
    const std::vector<std::string> got = Converse(actual_clients, lines);
    for (size_t j = 0; j < lines.size(); ++j) {
      const bool same = Same(lines[j].compare, want[j], got[j]);
      outcomes.push_back({&lines[j], want[j], got[j], same});
      if (same) continue;
      ADD_FAILURE() << script.path << ":" << lines[j].number << ": " << lines[j].text
                    << "\n  Redis: " << testing::PrintToString(want[j])
                    << "\n  here:  " << testing::PrintToString(got[j]);
      ++failures;
    }
    i = end;
  }
  return outcomes;
}

std::vector<std::string> ScriptsFor(const std::string& side) {
  std::vector<std::string> paths;
  for (const std::string& folder : {std::string(KEYHOLE_SCRIPTS), KEYHOLE_SCRIPTS "/" + side}) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() == ".txt") paths.push_back(file.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace keyhole::test
