// A conversation with a Redis that waits for each reply, for the look at the upstream at the start.
// It goes over the streams that links have, so it comes by TLS where they do. (hiredis 0.14 has no
// TLS.)
//
// Thread: any; blocks for at most the timeout in each call.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/base/endpoint.h"
#include "proxy/net/asio.h"
#include "proxy/net/stream.h"
#include "proxy/net/tls_context.h"
#include "resp/reply_scanner.h"

namespace keyhole::net {

class Dialogue final : private Watcher {
 public:
  explicit Dialogue(std::chrono::milliseconds timeout) : timeout_(timeout) {}
  ~Dialogue();
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;

  // tls: null where the endpoint does not ask for it. False: problem() says why not.
  bool Connect(const core::Endpoint& endpoint, const TlsContext::Pointer& tls);
  // Writes all of it. False: the connection is lost.
  bool Say(std::string_view bytes);
  // The next reply. None: the connection is lost, or it took too long.
  std::optional<std::string> Hear();
  // What the last reply is; lives until the next call of Hear().
  const resp::ReplyHead& head() const { return scanner_.head(); }

  const std::string& problem() const { return problem_; }

 private:
  void OnReadable() override { stream_->set_readable(); }
  void OnWritable() override { stream_->set_writable(); }
  void OnShortRead() override {}

  int ConnectSocket(const core::Endpoint& endpoint);
  bool Wait(const std::function<bool()>& done);
  bool Take();
  bool Fail(std::string_view problem);

  const std::chrono::milliseconds timeout_;
  asio::io_context context_;
  asio::executor_work_guard<Executor> work_{context_.get_executor()};
  std::unique_ptr<Stream> stream_;
  resp::ReplyScanner scanner_;
  std::string heard_;  // bytes that have come
  size_t taken_ = 0;   // of them, by Hear()
  std::string problem_;
};

}  // namespace keyhole::net
