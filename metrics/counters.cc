#include "metrics/counters.h"

#include <array>
#include <utility>

namespace keyhole::metrics {
namespace {

constexpr std::array<std::pair<std::string_view, ErrorClass>, 23> kErrorWords = {{
    {"ERR", ErrorClass::kErr},
    {"WRONGTYPE", ErrorClass::kWrongType},
    {"NOAUTH", ErrorClass::kDenied},
    {"NOPERM", ErrorClass::kDenied},
    {"WRONGPASS", ErrorClass::kDenied},
    {"DENIED", ErrorClass::kDenied},
    {"MOVED", ErrorClass::kRedirect},
    {"ASK", ErrorClass::kRedirect},
    {"CROSSSLOT", ErrorClass::kRedirect},
    {"LOADING", ErrorClass::kUnavailable},
    {"BUSY", ErrorClass::kUnavailable},
    {"MASTERDOWN", ErrorClass::kUnavailable},
    {"CLUSTERDOWN", ErrorClass::kUnavailable},
    {"TRYAGAIN", ErrorClass::kUnavailable},
    {"NOREPLICAS", ErrorClass::kUnavailable},
    {"NOGOODSLAVE", ErrorClass::kUnavailable},
    {"READONLY", ErrorClass::kReadOnly},
    {"MISCONF", ErrorClass::kReadOnly},
    {"OOM", ErrorClass::kOutOfMemory},
    {"NOSCRIPT", ErrorClass::kScript},
    {"UNKILLABLE", ErrorClass::kScript},
    {"NOTBUSY", ErrorClass::kScript},
    {"EXECABORT", ErrorClass::kTransaction},
}};

// One name for each value of the enum, in its order.
template <typename Enum>
using Names = std::array<std::string_view, static_cast<size_t>(Enum::kCount)>;

constexpr Names<ErrorClass> kErrorClassNames = {
    "err",       "wrong_type",    "denied",       "redirect",    "unavailable",
    "read_only", "out_of_memory", "script_error", "transaction", "other"};
constexpr Names<CloseReason> kCloseReasonNames = {
    "by_client",      "idle",          "output_limit", "input_limit", "upstream_lost",
    "protocol_error", "network_error", "server_stop",  "unfinished",  "made_room",
    "slow_request",   "handshake",     "memory_limit", "other"};
constexpr Names<HttpCloseReason> kHttpCloseReasonNames = {"made_room", "slow_request"};
constexpr Names<TlsResult> kTlsResultNames = {"full",      "resumed",     "not_tls",
                                              "version",   "certificate", "timeout",
                                              "made_room", "closed",      "other"};
constexpr Names<LinkKind> kLinkKindNames = {"shared", "private", "idle"};
constexpr Names<RedirectKind> kRedirectKindNames = {"moved", "ask", "tryagain", "not_ready"};
constexpr Names<RequestFamily> kRequestFamilyNames = {"read", "write", "blocking", "pub_sub",
                                                      "other"};
constexpr Names<ReplyResult> kReplyResultNames = {"ok", "error"};

}  // namespace

ErrorClass ErrorClassOf(std::string_view error) {
  const std::string_view first_word = error.substr(0, error.find(' '));
  for (const auto& [word, error_class] : kErrorWords) {
    if (word == first_word) return error_class;
  }
  return ErrorClass::kOther;
}

std::string_view Name(ErrorClass error_class) {
  return kErrorClassNames[static_cast<size_t>(error_class)];
}

std::string_view Name(CloseReason reason) {
  return kCloseReasonNames[static_cast<size_t>(reason)];
}

std::string_view Name(HttpCloseReason reason) {
  return kHttpCloseReasonNames[static_cast<size_t>(reason)];
}

std::string_view Name(TlsResult result) {
  return kTlsResultNames[static_cast<size_t>(result)];
}

std::string_view Name(LinkKind kind) {
  return kLinkKindNames[static_cast<size_t>(kind)];
}

std::string_view Name(RedirectKind kind) {
  return kRedirectKindNames[static_cast<size_t>(kind)];
}

std::string_view Name(RequestFamily family) {
  return kRequestFamilyNames[static_cast<size_t>(family)];
}

std::string_view Name(ReplyResult result) {
  return kReplyResultNames[static_cast<size_t>(result)];
}

RequestFamily FamilyOf(const resp::CommandSpec& spec) {
  if (spec.has(resp::kBlocking) || spec.effect == resp::Effect::kWait) {
    return RequestFamily::kBlocking;
  }
  if (spec.has(resp::kPubSub)) return RequestFamily::kPubsub;
  if (spec.has(resp::kWrite)) return RequestFamily::kWrite;
  return spec.has(resp::kRead) ? RequestFamily::kRead : RequestFamily::kOther;
}

}  // namespace keyhole::metrics
