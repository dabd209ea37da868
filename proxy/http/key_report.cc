#include "proxy/http/key_report.h"

#include <algorithm>

#include "proxy/http/json_writer.h"
#include "resp/command_table.h"

namespace keyhole::core {
namespace {

std::string Span(double seconds) {
  seconds = std::max(seconds, 0.0);
  if (seconds < 1) return JsonWriter::Rounded(seconds, 1) + " s";
  if (seconds < 120) return JsonWriter::Rounded(seconds, 0) + " s";
  if (seconds < 7200) return JsonWriter::Rounded(seconds / 60, 0) + " min";
  return JsonWriter::Rounded(seconds / 3600, 1) + " h";
}

// "`set` of billing 127.0.0.1:50000"
std::string By(const KeyFate& fate) {
  return "`" + std::string(resp::Spec(fate.command).full_name) + "` of " + fate.client;
}

double Seconds(int64_t millis) {
  return static_cast<double>(millis) / 1000;
}

enum class Fate : uint8_t { kNeverWritten, kWritten, kExpired, kDeleted, kDropped, kEvicted };
constexpr std::string_view kFates[] = {"never_written", "written", "expired",
                                       "deleted",       "dropped", "evicted"};

// It went for want of memory, and nothing has become of it since. That is known to a second: if it
// was written in the same one, nobody can tell which came first.
bool WasEvicted(const KeyReport& report) {
  if (report.evicted_at == 0) return false;
  if (!report.fate) return true;
  const KeyFate& fate = *report.fate;
  if (fate.expires != 0 && Seconds(fate.expires) < report.evicted_at) return false;
  return fate.kind == KeyFate::Kind::kWritten && Seconds(fate.at) < report.evicted_at;
}

Fate FateOf(const KeyReport& report) {
  if (WasEvicted(report)) return Fate::kEvicted;
  if (!report.fate) return Fate::kNeverWritten;
  const KeyFate& fate = *report.fate;
  if (fate.kind == KeyFate::Kind::kDropped) return Fate::kDropped;
  if (fate.kind == KeyFate::Kind::kRemoved) return Fate::kDeleted;
  return fate.expires != 0 && Seconds(fate.expires) <= report.now ? Fate::kExpired : Fate::kWritten;
}

std::string WrittenText(const KeyReport& report) {
  const KeyFate& fate = *report.fate;
  const std::string text = "Written " + Span(report.now - Seconds(fate.at)) + " ago by " + By(fate);
  if (fate.expires != 0) {
    return text + "; it expires in " + Span(Seconds(fate.expires) - report.now);
  }
  return text + (report.embedded ? ". If it misses now, it was evicted"
                                 : ". If it misses now, Redis has evicted it, or it was deleted by "
                                   "somebody who does not pass through here");
}

}  // namespace

std::string WhyText(const KeyReport& report) {
  switch (FateOf(report)) {
    case Fate::kNeverWritten:
      return "No write of it has been seen here in the last " +
             Span(report.now - report.seen_since) +
             (report.embedded ? "" : "; others may write to Redis directly");
    case Fate::kWritten:
      return WrittenText(report);
    case Fate::kExpired:
      return "Expired " + Span(report.now - Seconds(report.fate->expires)) +
             " ago: " + By(*report.fate) + " was the last to write it, and it had " +
             Span(Seconds(report.fate->ttl)) + " to live";
    case Fate::kDeleted:
      return "Deleted " + Span(report.now - Seconds(report.fate->at)) + " ago by " +
             By(*report.fate);
    case Fate::kEvicted:
      return "Evicted " + Span(report.now - report.evicted_at) + " ago, as memory was full" +
             (report.fate ? "; " + By(*report.fate) + " was the last to write it" : "");
    case Fate::kDropped:
      break;
  }
  return "Dropped with all other keys " + Span(report.now - Seconds(report.fate->at)) + " ago by " +
         By(*report.fate);
}

namespace {

void WriteFate(const KeyReport& report, JsonWriter* json) {
  json->Key("fate").Open('{').Key("what").String(kFates[static_cast<size_t>(FateOf(report))]);
  if (report.fate) {
    const KeyFate& fate = *report.fate;
    json->Key("at").Decimal(Seconds(fate.at));
    json->Key("command").String(resp::Spec(fate.command).full_name);  // layering: not a command
    json->Key("client").String(fate.client).Key("ttl_seconds");       // layering: not a command
    fate.ttl == 0 ? json->Null() : json->Decimal(Seconds(fate.ttl));
  }
  json->Key("text").String(WhyText(report)).Close('}');
}

void WriteCounts(const metrics::KeyCounts& key, const metrics::KeyHistory& history,
                 JsonWriter* json) {
  json->Key("hits").Number(key.hits).Key("misses").Number(key.misses);
  json->Key("requests").Number(key.requests()).Key("bytes").Number(key.bytes);
  json->Key("ratio");
  const uint64_t answered = key.hits + key.misses;
  answered == 0 ? json->Null()
                : json->Decimal(static_cast<double>(key.hits) / static_cast<double>(answered));
  json->Key("rate").Decimal(key.rate).Key("step").Number(history.step().count());
  const auto steps = history.Read(key.slot, history.steps());
  json->Key("history").Open('{').Key("hits").Open('[');
  for (const auto& step : steps) json->Number(step.hits);
  json->Close(']').Key("misses").Open('[');
  for (const auto& step : steps) json->Number(step.misses);
  json->Close(']').Close('}');
}

}  // namespace

std::string KeyJson(const KeyReport& report, const metrics::KeyHistory& history) {
  JsonWriter json;
  json.Open('{').Key("key").String(report.counts != nullptr ? report.counts->label : report.name);
  json.Key("tracked").Bool(report.counts != nullptr);
  if (report.counts != nullptr) WriteCounts(*report.counts, history, &json);
  json.Key("near_cached");
  report.near_cached ? json.Bool(*report.near_cached) : json.Null();
  if (report.place) {
    json.Key("slot").Number(report.place->slot);
    json.Key("node").String(report.place->node);
  }
  WriteFate(report, &json);
  json.Close('}');
  return json.Take();
}

}  // namespace keyhole::core
