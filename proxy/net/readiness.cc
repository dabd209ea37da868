#include "proxy/net/readiness.h"

#include <cerrno>
#include <utility>

namespace keyhole::net {

Readiness::Readable::Readable() : Operation(error_code(), &Perform, &Complete) {}

Readiness::Operation::status Readiness::Readable::Perform(Operation* base) {
  static_cast<Readable*>(base)->watcher->OnReadable();
  return not_done;  // stays for the next edge
}

// Never done: only dropped, by Stop() or with the loop.
void Readiness::Readable::Complete(void*, asio::detail::operation*, const error_code&, size_t) {}

Readiness::Writable::Writable() : Operation(error_code(), &Perform, &Complete) {}

Readiness::Operation::status Readiness::Writable::Perform(Operation*) {
  return done;
}

void Readiness::Writable::Complete(void* owner, asio::detail::operation* base, const error_code&,
                                   size_t) {
  if (owner == nullptr) return;  // dropped
  std::exchange(static_cast<Writable*>(base)->watcher, nullptr)->OnWritable();
}

Readiness::Readiness(asio::io_context& context) : reactor_(asio::use_service<Reactor>(context)) {}

bool Readiness::Start(int descriptor, Watcher& watcher) {
  readable_.watcher = &watcher;
  reactor_.init_task();
  const int error =
      reactor_.register_internal_descriptor(Reactor::read_op, descriptor, data_, &readable_);
  if (error != 0) {
    reactor_.deregister_internal_descriptor(descriptor, data_);
    reactor_.cleanup_descriptor_data(data_);
    errno = error;
    return false;
  }
  return true;
}

void Readiness::WaitWritable(int descriptor) {
  if (data_ == nullptr || writable_.watcher != nullptr) return;
  writable_.watcher = readable_.watcher;
  reactor_.start_op(Reactor::write_op, descriptor, data_, &writable_, /*is_continuation=*/false,
                    /*allow_speculative=*/false);
}

void Readiness::Stop(int descriptor) {
  if (data_ == nullptr) return;
  // Drops both operations. The reactor counts the wait for writing as work, but not for one that is
  // dropped like this.
  reactor_.deregister_internal_descriptor(descriptor, data_);
  reactor_.cleanup_descriptor_data(data_);  // sets it to null
  if (std::exchange(writable_.watcher, nullptr) == nullptr) return;
  asio::use_service<asio::detail::scheduler>(reactor_.context()).work_finished();
}

}  // namespace keyhole::net
