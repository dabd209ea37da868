// TLS over a connected socket that blocks, for `keyhole top` and `keyhole health`.
//
//     TlsClient tls;
//     if (!tls.Start(fd, where)) return tls.problem();
//
// What answers has to have a certificate for the host that was asked for, unless the options say
// --insecure. Thread: any; it waits for as long as the socket does.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "proxy/top/options.h"

namespace keyhole::program {

class TlsClient {
 public:
  TlsClient();
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Shakes hands over the socket, which stays the caller's and outlives this.
  bool Start(int fd, const top::Options& where);
  bool Send(std::string_view bytes);
  // As recv(); 0: the other side has ended, -1: problem() says why.
  ssize_t Receive(char* to, size_t most);
  // What is wrong, in a few words for people.
  const std::string& problem() const { return problem_; }

 private:
  struct Ssl;

  bool Fail(int result);

  std::unique_ptr<Ssl> ssl_;
  std::string problem_;
};

}  // namespace keyhole::program
