// The certificates of the process: read at the start, and again when their files change or when
// somebody says so. What cannot be used is refused with a reason, and what was there before stays.
//
// Each file is looked at once a second, and read when it has changed and then been the same for a
// second, so that a certificate and its key may be replaced one after the other.
//
// Thread: one at a time; Server reads them on the scraper, as files may be slow. Owner: Runtime.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/net/tls_context.h"

namespace keyhole::net {

class Certificates {
 public:
  explicit Certificates(const core::Config& config);

  // Reads all that the options ask for. False: *problem is one line.
  bool Load(std::string* problem);

  // What clients and the upstream are shown; null where TLS is not spoken.
  const TlsContext::Pointer& clients() const { return clients_; }
  const TlsContext::Pointer& upstream() const { return upstream_; }
  bool any() const { return clients_ != nullptr || upstream_ != nullptr; }

  // True if the files are to be read again: see above. To be called once a second.
  bool HaveChanged();

 private:
  // What tells one version of a file from another; the time is in nanoseconds.
  struct Stamp {
    ino_t inode = 0;
    off_t size = 0;
    int64_t time = 0;
    bool operator==(const Stamp&) const = default;
  };

  std::vector<Stamp> Look() const;

  TlsServerOptions own_;
  TlsUpstreamOptions others_;
  bool listens_;   // with TLS
  bool connects_;  // with TLS
  TlsContext::Pointer clients_;
  TlsContext::Pointer upstream_;
  std::vector<Stamp> loaded_;  // when they were read last
  std::vector<Stamp> seen_;    // when they were looked at last
};

}  // namespace keyhole::net
