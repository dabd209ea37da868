#include "proxy/store/scripts.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "proxy/store/functions.h"
#include "proxy/store/script/fiber.h"
#include "proxy/store/script/interpreter.h"

namespace keyhole::store {

namespace {

// Address space: Lua's own recursion ends long before.
constexpr size_t kStack = size_t{16} << 20;

}  // namespace

// They are in a transaction as far as waiting goes: they never do.
Scripts::Scripts() : functions_(std::make_unique<Functions>()) {
  client_.address = "lua";
  client_.authenticated = true;
  client_.transaction.open = true;
}

Scripts::~Scripts() = default;

script::Interpreter& Scripts::interpreter() {
  if (interpreter_ == nullptr)
    interpreter_ =
        std::make_unique<script::Interpreter>(script::Interpreter::Kind::kScripts, limit_);
  return *interpreter_;
}

size_t Scripts::memory() const {
  return (interpreter_ == nullptr ? 0 : interpreter_->memory()) + functions_->memory();
}

void Scripts::SetLimit(size_t limit) {
  limit_ = limit;
  functions_->SetLimit(limit);
  if (interpreter_ != nullptr) interpreter_->set_limit(limit);
}

const Script* Scripts::Find(std::string_view sha) const {
  script::Sha1Digits digits;
  if (sha.size() != digits.size()) return nullptr;
  std::transform(sha.begin(), sha.end(), digits.begin(), absl::ascii_tolower);
  const auto it = scripts_.find(digits);
  return it == scripts_.end() ? nullptr : &it->second;
}

const Script* Scripts::Load(std::string_view body, script::Sha1Digits* sha, std::string* error) {
  *sha = script::Sha1(body);
  if (const Script* const known = Find(script::View(*sha)); known != nullptr) return known;
  script::Shebang shebang;
  if (!script::ParseShebang(body, &shebang, error)) return nullptr;
  Script script{0, shebang.flags, std::string(body)};
  // The end of that line stays, so that lines are counted as its author does.
  *error = interpreter().Compile(body.substr(shebang.size), "@user_script", &script.function);
  if (!error->empty()) {
    error->insert(0, "Error compiling script (new function): ");
    return nullptr;
  }
  bytes_ += body.size();
  return &scripts_.emplace(*sha, std::move(script)).first->second;
}

void Scripts::Flush() {
  scripts_.clear();
  bytes_ = 0;
  interpreter_.reset();
}

bool Scripts::Start(void (*body)(ScriptRequest&)) {
  body_ = body;
  if (fiber_ == nullptr) {
    fiber_ = std::make_unique<script::Fiber>(kStack, [this] { body_(request_); });
  }
  busy_ = !fiber_->Start();
  return !busy_;
}

bool Scripts::Continue() {
  busy_ = !fiber_->Continue();
  return !busy_;
}

void Scripts::Pause() {
  fiber_->Pause();
}

}  // namespace keyhole::store
