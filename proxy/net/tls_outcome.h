// What a TLS handshake came to.
//
// Thread: any; a plain value.
#pragma once

#include <string>
#include <string_view>

#include "metrics/counters.h"

namespace keyhole::net {

struct TlsOutcome {
  metrics::TlsResult result = metrics::TlsResult::kOther;
  std::string text = {};  // for people, what is wrong; empty if nothing is

  bool ok() const {
    return result == metrics::TlsResult::kFull || result == metrics::TlsResult::kResumed;
  }
  // What can be done about it where the other side is the upstream; empty, or behind a semicolon.
  std::string_view UpstreamHint() const {
    switch (result) {
      case metrics::TlsResult::kNotTls:
        return "; give its TLS port, or redis:// for this one";
      case metrics::TlsResult::kCertificate:
        return "; see --upstream-tls-ca, --upstream-tls-name and --upstream-tls-cert";
      default:
        return {};
    }
  }
};

}  // namespace keyhole::net
