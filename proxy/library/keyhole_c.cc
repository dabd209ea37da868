#include "include/keyhole/keyhole_c.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "include/keyhole/keyhole.h"
#include "proxy/base/version.h"

using keyhole::Reply;

struct kh_options {
  keyhole::Options options;
};

struct kh_instance {
  keyhole::Instance instance;
};

struct kh_connection {
  keyhole::Connection connection;
  Reply reply = {};
  std::vector<std::string_view> words = {};
  std::string error = {};
};

namespace {

// A kh_reply is a Reply.
const kh_reply* Handle(const Reply* reply) {
  return reinterpret_cast<const kh_reply*>(reply);
}

const Reply& Of(const kh_reply* handle) {
  return *reinterpret_cast<const Reply*>(handle);
}

// For kh_string_free().
char* CopyOf(const std::string& text) {
  char* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy != nullptr) std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

// The caller's struct may be an older one, which ends sooner.
keyhole::CallOptions OptionsOf(const kh_call_options* given) {
  kh_call_options whole{};
  if (given != nullptr) std::memcpy(&whole, given, std::min(given->size, sizeof(whole)));
  return {.timeout = std::chrono::milliseconds(whole.timeout_ms)};
}

int CodeOf(const keyhole::Error& error) {
  return error.code == keyhole::Error::Code::kNone ? KH_MISSING : static_cast<int>(error.code);
}

}  // namespace

const char* kh_version() {
  return keyhole::core::kVersion.data();
}

kh_options* kh_options_new() {
  return new kh_options;
}

void kh_options_free(kh_options* options) {
  delete options;
}

void kh_options_set(kh_options* options, const char* name, const char* value) {
  options->options.Set(name, value);
}

void kh_options_toml(kh_options* options, const char* text) {
  options->options.Toml(text);
}

void kh_options_file(kh_options* options, const char* path) {
  options->options.File(path);
}

kh_instance* kh_start(const kh_options* options, char** error) {
  auto started = options == nullptr ? keyhole::Start() : keyhole::Start(options->options);
  if (started) return new kh_instance{std::move(*started)};
  if (error != nullptr) *error = CopyOf(started.error().message);
  return nullptr;
}

uint16_t kh_port(const kh_instance* instance) {
  return instance->instance.port();
}

uint16_t kh_http_port(const kh_instance* instance) {
  return instance->instance.http_port();
}

char* kh_metrics_text(const kh_instance* instance) {
  return CopyOf(instance->instance.metrics_text());
}

void kh_stop(kh_instance* instance, int64_t grace_ms) {
  instance->instance.Stop(std::chrono::milliseconds(grace_ms));
}

void kh_free(kh_instance* instance) {
  delete instance;
}

void kh_string_free(char* string) {
  std::free(string);
}

kh_connection* kh_connect(kh_instance* instance) {
  return new kh_connection{.connection = instance->instance.Connect()};
}

void kh_connection_free(kh_connection* connection) {
  delete connection;
}

const kh_reply* kh_call(kh_connection* connection, size_t count, const char* const* words,
                        const size_t* sizes, const kh_call_options* options) {
  connection->words.clear();
  for (size_t i = 0; i < count; ++i) connection->words.emplace_back(words[i], sizes[i]);
  connection->reply = connection->connection.Call(connection->words, OptionsOf(options));
  return Handle(&connection->reply);
}

int kh_get(kh_connection* connection, const char* key, size_t key_size, const char** value,
           size_t* value_size) {
  const auto got = connection->connection.Get({key, key_size});
  if (got) {
    *value = got->data();
    *value_size = got->size();
    return KH_OK;
  }
  connection->error = got.error().message;
  return CodeOf(got.error());
}

int kh_set(kh_connection* connection, const char* key, size_t key_size, const char* value,
           size_t value_size, int64_t ttl_ms) {
  const auto set = connection->connection.Set({key, key_size}, {value, value_size},
                                              std::chrono::milliseconds(ttl_ms));
  if (set) return KH_OK;
  connection->error = set.error().message;
  return CodeOf(set.error());
}

const char* kh_error(const kh_connection* connection) {
  return connection->error.c_str();
}

int kh_reply_type(const kh_reply* reply) {
  // In the order of Reply::Value; sets and maps come behind arrays.
  constexpr int kTypes[] = {KH_NIL,   KH_STRING, KH_INTEGER, KH_STATUS,    KH_FAILURE,
                            KH_ARRAY, KH_DOUBLE, KH_BOOL,    KH_BIG_NUMBER};
  if (const auto* elements = Of(reply).get<keyhole::Elements>()) {
    constexpr int kKinds[] = {KH_ARRAY, KH_SET, KH_MAP};
    return kKinds[static_cast<size_t>(elements->kind)];
  }
  return kTypes[Of(reply).value().index()];
}

int kh_reply_code(const kh_reply* reply) {
  const auto* const failure = Of(reply).get<keyhole::Failure>();
  return failure == nullptr ? KH_OK : static_cast<int>(failure->code);
}

const char* kh_reply_text(const kh_reply* reply, size_t* size) {
  const auto* const number = Of(reply).get<keyhole::BigNumber>();
  const std::string_view text = number == nullptr ? Of(reply).text() : number->digits;
  if (size != nullptr) *size = text.size();
  return text.data();
}

int64_t kh_reply_integer(const kh_reply* reply) {
  if (const bool* const value = Of(reply).get<bool>()) return *value ? 1 : 0;
  return Of(reply).integer();
}

double kh_reply_double(const kh_reply* reply) {
  const double* const value = Of(reply).get<double>();
  return value == nullptr ? 0 : *value;
}

size_t kh_reply_count(const kh_reply* reply) {
  return Of(reply).elements().size();
}

const kh_reply* kh_reply_element(const kh_reply* reply, size_t index) {
  const keyhole::Elements elements = Of(reply).elements();
  return index < elements.size() ? Handle(&elements[index]) : nullptr;
}
