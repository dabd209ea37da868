// What OpenSSL's errors mean, in words for people and in a reason that can be counted.
//
// Thread: that of the call that failed, right after it.
#pragma once

#include <openssl/ssl.h>

#include "proxy/net/tls_outcome.h"

namespace keyhole::net {

// error: of SSL_get_error(). eof: the peer has ended the connection. Forgets the thread's errors.
TlsOutcome DescribeFault(const SSL* ssl, int error, bool eof);

}  // namespace keyhole::net
