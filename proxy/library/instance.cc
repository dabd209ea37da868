#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include "include/keyhole/keyhole.h"
#include "proxy/config/sources.h"
#include "proxy/library/connection.h"
#include "proxy/library/options.h"
#include "proxy/library/runtime.h"

namespace keyhole {
namespace {

Error Wrong(std::string message) {
  return {std::move(message), Error::Code::kStart};
}

// So many of the program's threads may call at once without waiting for each other's counters.
int Callers() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 2U, 16U));
}

}  // namespace

Instance::Instance(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}
Instance::Instance(Instance&&) noexcept = default;
Instance& Instance::operator=(Instance&&) noexcept = default;
Instance::~Instance() = default;

uint16_t Instance::port() const {
  return runtime_->port();
}

uint16_t Instance::http_port() const {
  return runtime_->http_port();
}

std::string Instance::metrics_text() const {
  return runtime_->MetricsText();
}

std::vector<KeyCount> Instance::keys(size_t most) const {
  return runtime_->Keys(most);
}

Connection Instance::Connect() {
  return Connection(std::make_unique<Connection::State>(runtime_->NextLane()));
}

void Instance::Stop(std::chrono::milliseconds grace) {
  runtime_->RequestStop(grace);
  runtime_->Wait();
}

void Instance::RequestStop(std::chrono::milliseconds grace) {
  runtime_->RequestStop(grace);
}

void Instance::ReadCertificates() {
  runtime_->ReadCertificates();
}

Result<std::vector<std::string>> Instance::Reload(const Options& options) {
  const auto& given = OptionsAccess::Of(options);
  if (given.problem) return Wrong(*given.problem);
  core::Config wanted = given.config;
  if (auto wrong = core::CompleteConfig(&wanted)) return Wrong(std::move(*wrong));
  std::vector<std::string> lines;
  if (auto wrong = runtime_->Reload(wanted, &lines)) return Wrong(std::move(*wrong));
  return lines;
}

void Instance::Wait() {
  runtime_->Wait();
}

Result<Instance> Start(const Options& options) {
  const auto& given = OptionsAccess::Of(options);
  if (given.problem) return Wrong(*given.problem);
  core::Config config = given.config;
  std::string problem;
  try {
    if (auto wrong = core::CompleteConfig(&config)) return Wrong(std::move(*wrong));
    if (given.calls && !config.upstream) config.callers = Callers();
    auto runtime = Runtime::Start(std::move(config), given.log, given.sockets, &problem);
    if (runtime == nullptr) return Wrong(std::move(problem));
    if (given.reload) runtime->SetReload(given.reload);
    return Instance(std::move(runtime));
  } catch (const std::exception& error) {  // out of memory, threads or descriptors
    return Wrong(error.what());
  }
}

}  // namespace keyhole
