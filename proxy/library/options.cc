#include "proxy/library/options.h"

#include <utility>

#include "proxy/config/config_options.h"
#include "proxy/config/sources.h"
#include "proxy/net/certificates.h"
#include "proxy/net/upstream_check.h"

namespace keyhole {
namespace {

using core::Source;

// A source that gives nothing yet.
Source NewSource() {
  return Source(core::Options().size());
}

core::Problem Apply(const Source& source, core::Config* config) {
  const Source* const sources[] = {&source};
  return core::ApplySources(sources, config);
}

LogLevel PublicLevel(core::LogLevel level) {
  switch (level) {
    case core::LogLevel::kTrace:
    case core::LogLevel::kDebug:
      return LogLevel::kDebug;
    case core::LogLevel::kWarn:
      return LogLevel::kWarning;
    case core::LogLevel::kError:
    case core::LogLevel::kCritical:
      return LogLevel::kError;
    case core::LogLevel::kInfo:
    case core::LogLevel::kOff:
      break;
  }
  return LogLevel::kInfo;
}

}  // namespace

void Options::State::Set(std::string_view name, std::vector<std::string> texts) {
  const size_t option = core::IndexOf("--" + std::string(name));
  if (option == core::Options().size() || core::Options()[option].apply == nullptr) {
    return Note("unknown option " + core::Quoted(name) + core::HintFor(name, /*in_file=*/true));
  }
  if (core::Options()[option].list) {
    if (texts.size() == 1)
      texts = texts[0].empty() ? std::vector<std::string>() : core::SplitList(texts);
  } else if (texts.size() != 1) {
    return Note(std::string(name) + " takes one value, not a list");
  }
  Source source = NewSource();
  source[option] = core::Given{std::string(name), std::move(texts)};
  Note(Apply(source, &config));
}

Options::Options() : state_(std::make_unique<State>()) {}
Options::~Options() = default;
Options::Options(const Options& other) : state_(std::make_unique<State>(*other.state_)) {}
Options& Options::operator=(const Options& other) {
  *state_ = *other.state_;
  return *this;
}
// What is moved from is as new, so that it can be used.
Options::Options(Options&& other) noexcept : Options() {
  state_.swap(other.state_);
}
Options& Options::operator=(Options&& other) noexcept {
  state_.swap(other.state_);
  return *this;
}

Options& Options::Set(std::string_view name, std::string_view value) {
  state_->Set(name, {std::string(value)});
  return *this;
}

Options& Options::Set(std::string_view name, std::initializer_list<std::string_view> values) {
  state_->Set(name, {values.begin(), values.end()});
  return *this;
}

Options& Options::Toml(std::string_view text) {
  Source source = NewSource();
  state_->Note(core::ReadText(text, /*name=*/"", &source));
  state_->Note(Apply(source, &state_->config));
  return *this;
}

Options& Options::File(const std::string& path) {
  Source source = NewSource();
  state_->Note(core::ReadFile(path, "--config", &source));
  state_->Note(Apply(source, &state_->config));
  return *this;
}

Options& Options::Log(LogFunction log) {
  state_->log = nullptr;
  if (log) {
    state_->log = [log = std::move(log)](core::LogLevel level, std::string_view line) {
      log(PublicLevel(level), line);
    };
  }
  return *this;
}

std::optional<Error> Options::error() const {
  if (!state_->problem) return std::nullopt;
  return Error{*state_->problem, Error::Code::kStart};
}

Options OptionsAccess::Make(core::Config config, core::Log log,
                            std::function<core::ReloadReport()> reload, std::vector<int> sockets) {
  Options options;
  options.state_->config = std::move(config);
  options.state_->log = std::move(log);
  options.state_->reload = std::move(reload);
  options.state_->sockets = std::move(sockets);
  options.state_->calls = false;
  return options;
}

core::Problem OptionsAccess::Check(const core::Config& config) {
  // Redis may ask for a password; only a connection would tell.
  net::UpstreamReport upstream;
  upstream.asks_password = config.upstream.has_value();
  if (auto problem = net::ProtectionProblem(config, &upstream)) return problem;
  std::string problem;
  net::Certificates certificates(config);
  if (!certificates.Load(&problem)) return problem;
  return std::nullopt;
}

}  // namespace keyhole
