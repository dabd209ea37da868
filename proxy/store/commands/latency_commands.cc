// LATENCY: see latency_monitor.h; HISTOGRAM is of command_stats.h.
#include <algorithm>
#include <cmath>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"

namespace keyhole::store::handlers {

namespace {

using Samples = std::deque<LatencyMonitor::Sample>;

double MeanOf(const Samples& samples) {
  double sum = 0;
  for (const auto& sample : samples) sum += static_cast<double>(sample.millis);
  return samples.empty() ? 0 : sum / static_cast<double>(samples.size());
}

std::string Format(const char* format, auto... values) {
  char text[200];
  std::snprintf(text, sizeof(text), format, values...);
  return text;
}

void ReplyHistogram(Call& call, const resp::CommandSpec& spec, const DurationBuckets& buckets) {
  call.reply.Bulk(spec.full_name);
  call.reply.Map(2);
  call.reply.Bulk("calls");
  call.reply.Integer(static_cast<int64_t>(buckets.total.load()));
  call.reply.Bulk("histogram_usec");
  std::vector<std::pair<int64_t, int64_t>> counts;
  int64_t sum = 0;
  for (size_t i = 0; i < DurationBuckets::kBuckets; ++i) {
    if (buckets.counts[i] == 0) continue;
    sum += static_cast<int64_t>(buckets.counts[i].load());
    counts.emplace_back(int64_t{1} << i, sum);
  }
  call.reply.Map(static_cast<int64_t>(counts.size()));
  for (const auto& [limit, count] : counts) {
    call.reply.Integer(limit);
    call.reply.Integer(count);
  }
}

// The command that is called so, or belongs to a container that is.
bool IsNamed(const resp::CommandSpec& spec, std::string_view name) {
  if (resp::EqualsIgnoreCase(spec.full_name, name)) return true;
  return spec.parent != resp::CommandId::kUnknown &&
         resp::EqualsIgnoreCase(resp::Spec(spec.parent).full_name, name);
}

}  // namespace

void LatencyLatest(Call& call) {
  const auto& events = call.engine.latency.events();
  call.reply.Array(static_cast<int64_t>(events.size()));
  for (const auto& [kind, event] : events) {
    call.reply.Array(4);
    call.reply.Bulk(kind);
    call.reply.Integer(event.samples.back().second);
    call.reply.Integer(event.samples.back().millis);
    call.reply.Integer(event.longest);
  }
}

void LatencyHistory(Call& call) {
  const auto& events = call.engine.latency.events();
  const auto it = events.find(call.args[2]);
  if (it == events.end()) return call.reply.Array(0);
  call.reply.Array(static_cast<int64_t>(it->second.samples.size()));
  for (const auto& sample : it->second.samples) {
    call.reply.Array(2);
    call.reply.Integer(sample.second);
    call.reply.Integer(sample.millis);
  }
}

void LatencyReset(Call& call) {
  LatencyMonitor& latency = call.engine.latency;
  int64_t count = 0;
  if (call.args.size() == 2) {
    while (!latency.events().empty()) {
      count += latency.Reset(std::string(latency.events().begin()->first)) ? 1 : 0;
    }
  }
  for (const std::string_view kind : call.args.subspan(2)) count += latency.Reset(kind) ? 1 : 0;
  call.reply.Integer(count);
}

// A column for each sample: how long it took, in eighths of the longest, and how long ago it was.
void LatencyGraph(Call& call) {
  constexpr int64_t kHeight = 4;
  const auto& events = call.engine.latency.events();
  const auto it = events.find(call.args[2]);
  if (it == events.end()) {
    return call.reply.Error(std::string("ERR No samples available for event '")
                                .append(UpToNul(call.args[2]))
                                .append("'"));
  }
  const Samples& samples = it->second.samples;
  int64_t high = 0;
  int64_t low = samples.front().millis;
  for (const auto& sample : samples) {
    high = std::max(high, sample.millis);
    low = std::min(low, sample.millis);
  }
  std::string text =
      std::string(it->first) + Format(" - high %lld ms, low %lld ms (all time high %lld ms)\n",
                                      static_cast<long long>(high), static_cast<long long>(low),
                                      static_cast<long long>(it->second.longest));
  text.append(80, '-').append("\n");
  for (int64_t row = kHeight; row > 0; --row) {
    for (const auto& sample : samples) {
      const int64_t filled = high == 0 ? 0 : (sample.millis * kHeight + high - 1) / high;
      text.push_back(filled > row ? '|' : filled == row ? '#' : ' ');
    }
    text.push_back('\n');
  }
  const int64_t now = call.now / 1000;
  text += Format("\noldest %llds ago, latest %llds ago\n",
                 static_cast<long long>(now - samples.front().second),
                 static_cast<long long>(now - samples.back().second));
  call.reply.Verbatim(text);
}

void LatencyDoctor(Call& call) {
  const LatencyMonitor& latency = call.engine.latency;
  if (!latency.enabled()) {
    return call.reply.Verbatim(
        "Latency monitoring is disabled. CONFIG SET latency-monitor-threshold <milliseconds> "
        "enables it.\n");
  }
  if (latency.events().empty()) {
    return call.reply.Verbatim("No latency spike has been observed.\n");
  }
  std::string text = "Latency spikes that were observed:\n\n";
  int number = 0;
  for (const auto& [kind, event] : latency.events()) {
    const double mean = MeanOf(event.samples);
    double deviation = 0;
    for (const auto& sample : event.samples) {
      deviation += std::abs(static_cast<double>(sample.millis) - mean);
    }
    const auto count = static_cast<double>(event.samples.size());
    const int64_t age = call.now / 1000 - event.samples.front().second;
    const auto seconds = static_cast<double>(age);
    text += std::to_string(++number) + ". " + kind +
            Format(
                ": %zu latency spikes (average %.0fms, mean deviation %.0fms, period %.2f sec). "
                "Worst all time event %lldms.\n",
                event.samples.size(), mean, deviation / count, seconds / count,
                static_cast<long long>(event.longest));
  }
  text += "\nSLOWLOG shows which commands they were, if it is on.\n";
  call.reply.Verbatim(text);
}

void LatencyHistogram(Call& call) {
  std::vector<const resp::CommandSpec*> wanted;
  for (const resp::CommandSpec& spec : resp::AllCommands()) {
    if (call.engine.command_stats.buckets(spec.id) == nullptr) continue;
    const auto names = call.args.subspan(2);
    const bool named = std::any_of(names.begin(), names.end(),
                                   [&](std::string_view name) { return IsNamed(spec, name); });
    if (names.empty() || named) wanted.push_back(&spec);
  }
  call.reply.Map(static_cast<int64_t>(wanted.size()));
  for (const resp::CommandSpec* const spec : wanted) {
    ReplyHistogram(call, *spec, *call.engine.command_stats.buckets(spec->id));
  }
}

void LatencyHelp(Call& call) {
  constexpr std::string_view kLines[] = {
      "DOCTOR",
      "    Return a human readable latency analysis report.",
      "GRAPH <event>",
      "    Return an ASCII latency graph for the <event> class.",
      "HISTORY <event>",
      "    Return time-latency samples for the <event> class.",
      "LATEST",
      "    Return the latest latency samples for all events.",
      "RESET [<event> ...]",
      "    Reset latency data of one or more <event> classes.",
      "    (default: reset all data for all event classes)",
      "HISTOGRAM [COMMAND ...]",
      "    Return a cumulative distribution of latencies in the format of a histogram for the "
      "specified command names.",
      "    If no commands are specified then all histograms are replied."};
  Help(call, kLines);
}

}  // namespace keyhole::store::handlers
