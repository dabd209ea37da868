// Libraries of functions: what FUNCTION LOAD has loaded.
//
//     #!lua name=sums                              a library: its text, kept for FUNCTION DUMP
//     redis.register_function('sum', f)            a function of it, which FCALL calls by its name
//
// Names of functions are unique among all libraries. What cannot be loaded changes nothing.
//
// Thread: under all locks of the store.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/store/script/interpreter.h"

namespace keyhole::store {

using Function = script::Registered;

struct Library {
  std::string name;
  std::string code;
  std::vector<Function> functions;
};

class Functions {
 public:
  using Libraries = std::map<std::string, Library, std::less<>>;

  const Libraries& libraries() const { return libraries_; }
  // Null if there is none such.
  const Function* Find(std::string_view name) const;
  size_t function_count() const { return functions_.size(); }

  // What is to become of libraries that have the names of those that are loaded.
  enum class Known { kRefuse, kReplace };
  // Loads one. Not empty: it cannot be, for this reason.
  std::string Load(const std::string& code, Known known, std::string* name);
  // Loads all of these, or none.
  std::string LoadAll(std::span<const std::string> codes, Known known);
  bool Delete(std::string_view name);
  void Flush();

  script::Interpreter& interpreter();
  size_t memory() const { return interpreter_ == nullptr ? 0 : interpreter_->memory(); }
  size_t bytes() const { return bytes_; }  // of the texts
  void SetLimit(size_t limit);             // of the interpreter; 0: none
  size_t limit() const { return limit_; }

 private:
  std::string Build(std::string_view code, Library* library);
  std::string Collision(const std::vector<Library>& added, Known known) const;
  void Link(Library library);
  void Release(const Library& library);

  std::unique_ptr<script::Interpreter> interpreter_;  // made when it is needed
  size_t limit_ = 0;
  Libraries libraries_;
  struct Place {
    const Library* library;
    size_t index;
  };
  struct AnyCase {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const;
  };
  std::map<std::string, Place, AnyCase> functions_;
  size_t bytes_ = 0;
};

}  // namespace keyhole::store
