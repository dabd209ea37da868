#include "proxy/net/certificates.h"

#include <utility>

namespace keyhole::net {

Certificates::Certificates(const core::Config& config)
    : own_(config.tls),
      others_(config.upstream_tls),
      listens_(config.ListensWithTls()),
      connects_(config.ConnectsWithTls()) {}

bool Certificates::Load(std::string* problem) {
  loaded_ = seen_ = Look();  // before they are read: a change meanwhile is noticed
  TlsContext::Pointer clients;
  TlsContext::Pointer upstream;
  if (listens_) {
    clients = TlsContext::ForClients(own_, problem);
    if (clients == nullptr) return false;
  }
  if (connects_) {
    upstream = TlsContext::ForUpstream(others_, problem);
    if (upstream == nullptr) return false;
  }
  clients_ = std::move(clients);
  upstream_ = std::move(upstream);
  return true;
}

std::vector<Certificates::Stamp> Certificates::Look() const {
  constexpr int64_t kSecond = 1'000'000'000;
  std::vector<Stamp> stamps;
  for (const std::string* path :
       {&own_.cert, &own_.key, &own_.client_ca, &others_.ca, &others_.cert, &others_.key}) {
    struct stat file {};
    Stamp& stamp = stamps.emplace_back();
    if (path->empty() || ::stat(path->c_str(), &file) != 0) continue;
    stamp = {file.st_ino, file.st_size, file.st_mtim.tv_sec * kSecond + file.st_mtim.tv_nsec};
  }
  return stamps;
}

bool Certificates::HaveChanged() {
  std::vector<Stamp> now = Look();
  const bool changed = now == seen_ && now != loaded_;
  seen_ = std::move(now);
  return changed;
}

}  // namespace keyhole::net
