#include "proxy/store/functions.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "proxy/store/script/shebang.h"

namespace keyhole::store {

script::Interpreter& Functions::interpreter() {
  if (interpreter_ == nullptr) {
    interpreter_ =
        std::make_unique<script::Interpreter>(script::Interpreter::Kind::kFunctions, limit_);
  }
  return *interpreter_;
}

void Functions::SetLimit(size_t limit) {
  limit_ = limit;
  if (interpreter_ != nullptr) interpreter_->set_limit(limit);
}

bool Functions::AnyCase::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return absl::ascii_tolower(static_cast<unsigned char>(x)) <
           absl::ascii_tolower(static_cast<unsigned char>(y));
  });
}

const Function* Functions::Find(std::string_view name) const {
  const auto it = functions_.find(name);
  if (it == functions_.end()) return nullptr;
  return &it->second.library->functions[it->second.index];
}

std::string Functions::Build(std::string_view code, Library* library) {
  script::LibraryHead head;
  std::string error;
  if (!script::ParseLibraryHead(code, &head, &error)) return error;
  library->name = head.name;
  library->code = code;
  script::Interpreter::Function text = 0;
  error = interpreter().Compile(code.substr(head.size), "@user_function", &text);
  if (!error.empty()) return "Error compiling function: " + error;
  error = interpreter().RunLibrary(text, &library->functions);
  interpreter().Release(text);
  if (!error.empty()) return "Error registering functions: " + error;
  if (library->functions.empty()) return "No functions registered";
  return {};
}

// Why these cannot be beside those that stay; empty if they can.
std::string Functions::Collision(const std::vector<Library>& added, Known known) const {
  std::set<std::string_view> replaced;
  std::set<std::string_view> names;
  for (const Library& library : added) {
    const bool is_known = libraries_.contains(library.name);
    if (!names.insert(library.name).second || (is_known && known == Known::kRefuse)) {
      return "Library " + library.name + " already exists";
    }
    if (is_known) replaced.insert(library.name);
  }
  std::set<std::string_view, AnyCase> functions;
  for (const Library& library : added) {
    for (const Function& function : library.functions) {
      const auto it = functions_.find(function.name);
      const bool stays = it != functions_.end() && !replaced.contains(it->second.library->name);
      if (stays || !functions.insert(function.name).second) {
        return "Function " + function.name + " already exists";
      }
    }
  }
  return {};
}

std::string Functions::Load(const std::string& code, Known known, std::string* name) {
  script::LibraryHead head;
  std::string error;
  if (!script::ParseLibraryHead(code, &head, &error)) return error;
  *name = head.name;
  if (known == Known::kRefuse && libraries_.contains(*name)) {
    return "Library '" + *name + "' already exists";
  }
  return LoadAll({&code, 1}, known);
}

std::string Functions::LoadAll(std::span<const std::string> codes, Known known) {
  std::vector<Library> added;
  std::string error;
  for (const std::string& code : codes) {
    error = Build(code, &added.emplace_back());
    if (!error.empty()) break;
  }
  if (error.empty()) error = Collision(added, known);
  if (!error.empty()) {
    for (const Library& library : added) Release(library);
    return error;
  }
  for (Library& library : added) {
    Delete(library.name);
    Link(std::move(library));
  }
  return {};
}

void Functions::Link(Library library) {
  bytes_ += library.code.size();
  const std::string name = library.name;
  const Library& linked = libraries_.emplace(name, std::move(library)).first->second;
  for (size_t i = 0; i < linked.functions.size(); ++i) {
    functions_.emplace(linked.functions[i].name, Place{&linked, i});
  }
}

void Functions::Release(const Library& library) {
  for (const Function& function : library.functions) interpreter().Release(function.callback);
}

bool Functions::Delete(std::string_view name) {
  const auto it = libraries_.find(name);
  if (it == libraries_.end()) return false;
  for (const Function& function : it->second.functions) functions_.erase(function.name);
  bytes_ -= it->second.code.size();
  Release(it->second);
  libraries_.erase(it);
  return true;
}

void Functions::Flush() {
  functions_.clear();
  libraries_.clear();
  bytes_ = 0;
  interpreter_.reset();
}

}  // namespace keyhole::store
