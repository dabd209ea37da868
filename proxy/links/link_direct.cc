// What a program in this process has asked without a request, counted as if it had sent one.
#include "proxy/links/link.h"

namespace keyhole::core {

using resp::CommandId;
using resp::DirectCommand;

bool Link::MayAskDirectly(CommandId id) const {
  // A write that counts as a lookup is told by its reply.
  const bool reads = id == CommandId::kGet || id == CommandId::kMget;
  return reads || id == CommandId::kSet || !context_.counts(resp::Spec(id));
}

void Link::NoteDirect(const DirectCommand& command) {
  const resp::CommandSpec& spec = resp::Spec(command.id);
  metrics::WorkerMetrics& metrics = context_.metrics;
  metrics.counters.requests[spec.id].Add();
  metrics.RecordReply(spec, /*error=*/false, std::chrono::nanoseconds(0), context_.now);
  if (command.writes()) return;
  const bool counts = context_.counts(spec);
  for (size_t i = 0; i < command.keys.size(); ++i) {
    const int64_t size = command.id == CommandId::kMget ? (*command.sizes)[i]
                         : command.answer == 1 ? static_cast<int64_t>(command.bytes->size())
                                               : DirectCommand::kMissing;
    const bool hit = size != DirectCommand::kMissing;
    const uint64_t bytes = hit ? static_cast<uint64_t>(size) : 0;
    if (bytes > 0) metrics.RecordValue(spec, command.keys[i].bytes, bytes, context_.now);
    if (counts) metrics.keys.Record(command.keys[i], hit, bytes);
  }
}

}  // namespace keyhole::core
