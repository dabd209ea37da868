#include <exception>
#include <utility>

#include "include/keyhole/keyhole.h"
#include "proxy/config/sources.h"
#include "proxy/library/options.h"
#include "proxy/library/runtime.h"

namespace keyhole {

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

void Instance::Wait() {
  runtime_->Wait();
}

Result<Instance> Start(const Options& options) {
  const auto& given = OptionsAccess::Of(options);
  if (given.problem) return Error{*given.problem};
  core::Config config = given.config;
  std::string problem;
  try {
    if (auto wrong = core::CompleteConfig(&config)) return Error{*wrong};
    auto runtime = Runtime::Start(std::move(config), given.log, &problem);
    if (runtime == nullptr) return Error{std::move(problem)};
    return Instance(std::move(runtime));
  } catch (const std::exception& error) {  // out of memory, threads or descriptors
    return Error{error.what()};
  }
}

}  // namespace keyhole
