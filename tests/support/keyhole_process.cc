#include "tests/support/keyhole_process.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/eventually.h"
#include "tests/support/raw_client.h"

namespace keyhole::test {
namespace {

constexpr auto kMetricDeadline = std::chrono::seconds(20);
constexpr auto kMetricPause = std::chrono::milliseconds(10);

bool Gives(const std::vector<std::string>& options, const std::string& flag) {
  return std::any_of(options.begin(), options.end(), [&flag](const std::string& option) {
    return option == flag || option.starts_with(flag + "=");
  });
}

std::vector<std::string> WithOurs(std::vector<std::string> options) {
  for (const char* const flag : {"--listen", "--http"}) {
    if (!Gives(options, flag)) options.insert(options.end(), {flag, "127.0.0.1:0"});
  }
  return options;
}

// The port behind the first address that follows `mark` in the start-up line; 0 if it has none.
uint16_t PortAfter(const std::string& line, std::string_view mark) {
  size_t begin = line.find(mark);
  if (begin == std::string::npos) throw std::runtime_error("no port in: " + line);
  begin += mark.size();
  const std::string address = line.substr(begin, line.find(',', begin) - begin);
  if (address.starts_with("unix:")) return 0;
  return static_cast<uint16_t>(std::stoul(address.substr(address.rfind(':') + 1)));
}

}  // namespace

std::vector<std::string> KeyholeProcess::CommandLine(const std::vector<std::string>& options) {
  std::vector<std::string> args = {KEYHOLE_BINARY};
  args.insert(args.end(), options.begin(), options.end());
  return args;
}

KeyholeProcess::KeyholeProcess(const std::vector<std::string>& options)
    : process_(CommandLine(WithOurs(options))) {
  process_.WaitForErr("HTTP on ");
  process_.WaitForErr("\n");
  const std::string& said = process_.err();
  port_ = PortAfter(said, "RESP on ");
  http_port_ = PortAfter(said, "HTTP on ");
  if (said.find("metrics on ") != std::string::npos) {
    metrics_port_ = PortAfter(said, "metrics on ");
  }
}

std::string KeyholeProcess::HttpGet(std::string_view target) const {
  RawClient client = RawClient::Connect(http_port_);
  client.Send("GET " + std::string(target) +
              " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string answer = client.ReadUntilClosed();
  const size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos) throw std::runtime_error("not HTTP: " + answer);
  return answer.substr(head + 4);
}

double KeyholeProcess::Metric(std::string_view series) const {
  const std::string text = "\n" + HttpGet("/metrics");
  const std::string line = "\n" + std::string(series) + " ";
  const size_t at = text.find(line);
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + line.size(), nullptr);
}

void KeyholeProcess::AwaitMetric(std::string_view series, double value) const {
  const double last =
      Eventually([&] { return Metric(series); }, [&](double now) { return now >= value; },
                 kMetricDeadline, kMetricPause);
  if (last >= value) return;
  throw std::runtime_error(std::string(series) + " is " + std::to_string(last) + ", not " +
                           std::to_string(value));
}

size_t KeyholeProcess::StatusBytes(std::string_view field) const {
  std::ifstream status("/proc/" + std::to_string(pid()) + "/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with(field)) return std::stoul(line.substr(field.size())) * 1024;
  }
  throw std::runtime_error("no " + std::string(field) + " of keyhole");
}

}  // namespace keyhole::test
