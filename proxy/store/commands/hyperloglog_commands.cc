// HyperLogLogs: about how many different elements there are.
#include <cmath>
#include <memory>
#include <string>

#include "proxy/base/random.h"
#include "proxy/store/commands/handlers.h"
#include "proxy/store/commands/replies.h"
#include "proxy/store/types/hyperloglog.h"

namespace keyhole::store::handlers {

namespace {

constexpr std::string_view kNotASketch = "WRONGTYPE Key is not a valid HyperLogLog string value.";
constexpr std::string_view kCorrupt = "INVALIDOBJ Corrupted HLL object detected";

// True if there is something under the key that is none; then that is the reply.
bool IsNoSketch(Call& call, const Entry* slot) {
  if (slot == nullptr) return false;
  if (IsWrongType(call, slot, ValueType::kString)) return true;
  if (hll::IsSketch(slot->value())) return false;
  call.reply.Error(kNotASketch);
  return true;
}

// It is a string that is changed in place, whether it changes or not.
void MarkRaw(const Entry* slot) {
  slot->set_encoding(Encoding::kRawString);
}

size_t MostSparse(const Call& call) {
  return call.engine.settings.size(Setting::kHllSparseMaxBytes);
}

// Adds the arguments to a dense value, where it lies. True if that changed it.
bool AddInPlace(Call& call, Entry* slot) {
  bool changed = false;
  call.db().Adjust(slot, [] {});  // a snapshot may want it as it is
  for (const std::string_view element : call.args.subspan(2)) {
    changed |= hll::AddToDense(slot->value_bytes(), element) == hll::Added::kChanged;
  }
  if (changed) call.db().Change(slot, [slot] { hll::ForgetCount(slot->value_bytes()); });
  return changed;
}

// A value of another length takes the old one's place, or that of none.
void Store(Call& call, Entry* slot, std::string_view value) {
  if (slot == nullptr) {
    call.db().Put(call.args[1], value, kNever, Encoding::kRawString);
  } else {
    call.db().Overwrite(slot, value, slot->expire(), Encoding::kRawString);
  }
}

// The value that is being worked on; kept, so that to add needs no allocation.
std::string& Scratch() {
  thread_local std::string scratch;
  return scratch;
}

}  // namespace

void Pfadd(Call& call) {
  Entry* const slot = call.Find(call.args[1]);
  if (IsNoSketch(call, slot)) return;
  bool changed = slot == nullptr;
  if (slot != nullptr && hll::IsDense(slot->value())) {
    MarkRaw(slot);
    changed = AddInPlace(call, slot);
  } else {
    std::string& value = Scratch();
    value = slot == nullptr ? std::string_view(hll::Empty()) : slot->value();
    for (const std::string_view element : call.args.subspan(2)) {
      const hll::Added added = hll::AddToSparse(&value, element, MostSparse(call));
      if (added == hll::Added::kCorrupt) return call.reply.Error(kCorrupt);
      changed |= added == hll::Added::kChanged;
    }
    if (changed) {
      hll::ForgetCount(value.data());
      Store(call, slot, value);
    } else {
      MarkRaw(slot);
    }
  }
  if (changed) call.Emit(EventClass::kString, "pfadd", call.args[1]);  // layering: not a command
  call.reply.Integer(changed ? 1 : 0);
}

namespace {

// Merges the sketches under args[1] on; *any_dense: one of them is. False if one is none; then that
// is the reply.
bool MergeAll(Call& call, hll::Registers* registers, bool* any_dense) {
  for (const std::string_view key : call.args.subspan(1)) {
    const Entry* const slot = call.Read(key);
    if (IsNoSketch(call, slot)) return false;
    if (slot == nullptr) continue;
    *any_dense |= hll::IsDense(slot->value());
    if (hll::MergeInto(slot->value(), registers)) continue;
    call.reply.Error(kCorrupt);
    return false;
  }
  return true;
}

}  // namespace

// Of one key the count is kept with it: that changes it, although it is read.
void Pfcount(Call& call) {
  if (call.args.size() > 2) {
    hll::Registers registers{};
    bool any_dense = false;
    if (!MergeAll(call, &registers, &any_dense)) return;
    return call.reply.Integer(static_cast<int64_t>(hll::Count(registers)));
  }
  Entry* const slot = call.Read(call.args[1]);
  if (IsNoSketch(call, slot)) return;
  if (slot == nullptr) return call.reply.Integer(0);
  MarkRaw(slot);
  uint64_t count = 0;
  if (!hll::KeptCount(slot->value(), &count)) {
    if (!hll::Count(slot->value(), &count)) return call.reply.Error(kCorrupt);
    call.db().Change(slot, [&] { hll::KeepCount(slot->value_bytes(), count); });
  }
  call.reply.Integer(static_cast<int64_t>(count));
}

void Pfmerge(Call& call) {
  hll::Registers registers{};
  bool any_dense = false;
  if (!MergeAll(call, &registers, &any_dense)) return;
  Entry* const slot = call.Find(call.args[1]);
  std::string& value = Scratch();
  value = slot == nullptr ? std::string_view(hll::Empty()) : slot->value();
  if (any_dense && !hll::MakeDense(&value)) return call.reply.Error(kCorrupt);
  for (size_t i = 0; i < hll::kRegisters && !hll::IsDense(value); ++i) {
    if (registers[i] != 0) hll::SetSparse(&value, i, registers[i], MostSparse(call));
  }
  if (hll::IsDense(value)) hll::StoreDense(registers, value.data());
  hll::ForgetCount(value.data());
  Store(call, slot, value);
  call.Emit(EventClass::kString, "pfadd", call.args[1]);  // layering: not a command
  call.reply.Ok();
}

namespace {

// False if it is corrupt; then that is the reply.
bool BecomesDense(Call& call, Entry* slot) {
  if (hll::IsDense(slot->value())) return true;
  std::string value(slot->value());
  if (!hll::MakeDense(&value)) {
    call.reply.Error(kCorrupt);
    return false;
  }
  call.db().Overwrite(slot, value, slot->expire(), Encoding::kRawString);
  return true;
}

void ReplyRegisters(Call& call, Entry* slot) {
  if (!BecomesDense(call, slot)) return;
  hll::Registers registers{};
  hll::MergeInto(slot->value(), &registers);
  call.reply.Array(static_cast<int64_t>(registers.size()));
  for (const uint8_t value : registers) call.reply.Integer(value);
}

}  // namespace

void Pfdebug(Call& call) {
  Entry* const slot = call.Find(call.args[2]);
  if (slot == nullptr) return call.reply.Error("ERR The specified key does not exist");
  if (IsNoSketch(call, slot)) return;
  MarkRaw(slot);
  const bool dense = hll::IsDense(slot->value());
  if (call.Is(1, "GETREG")) {
    ReplyRegisters(call, slot);
  } else if (call.Is(1, "DECODE")) {
    if (dense) return call.reply.Error("ERR HLL encoding is not sparse");
    call.reply.Bulk(hll::Describe(slot->value()));
  } else if (call.Is(1, "ENCODING")) {
    call.reply.Simple(dense ? "dense" : "sparse");
  } else if (call.Is(1, "TODENSE")) {
    if (BecomesDense(call, slot)) call.reply.Integer(dense ? 0 : 1);
  } else {
    call.reply.Error(std::string("ERR Unknown PFDEBUG subcommand '")
                         .append(UpToNul(call.args[1]).substr(0, kMaxQuoted))
                         .append("'"));
  }
}

namespace {

// Ten times as many elements each time: both kinds count the same, and not far from the truth.
std::string CountingFault(uint64_t seed, size_t most_sparse) {
  constexpr uint64_t kMost = 10'000'000;
  const double error = 1.04 / std::sqrt(static_cast<double>(hll::kRegisters));
  std::string sparse = hll::Empty();
  std::string dense = sparse;
  hll::MakeDense(&dense);
  uint64_t checkpoint = 1;
  for (uint64_t i = 1; i <= kMost; ++i) {
    const uint64_t number = i ^ seed;
    const std::string_view element(reinterpret_cast<const char*>(&number), sizeof(number));
    hll::AddToDense(dense.data(), element);
    hll::AddToSparse(&sparse, element, most_sparse);
    if (i != checkpoint) continue;
    uint64_t count = 0;
    uint64_t other = 0;
    hll::Count(dense, &count);
    hll::Count(sparse, &other);
    if (i < most_sparse / 2 && hll::IsDense(sparse)) return "sparse encoding not used";
    if (count != other) return "dense/sparse disagree";
    const auto allowed = static_cast<uint64_t>(std::ceil(error * 6 * static_cast<double>(i)));
    const uint64_t off = count > i ? count - i : i - count;
    if (off > (i == 10 ? 1 : allowed)) {
      return "Too big error. card:" + std::to_string(i) + " abserr:" + std::to_string(off);
    }
    checkpoint *= 10;
  }
  return {};
}

// What is stored in the registers is what is read from them.
std::string RegisterFault(uint64_t* random) {
  constexpr int kRounds = 1000;
  auto registers = std::make_unique<hll::Registers>();
  auto read = std::make_unique<hll::Registers>();
  std::string value = hll::Empty();
  hll::MakeDense(&value);
  for (int round = 0; round < kRounds; ++round) {
    for (uint8_t& one : *registers) one = static_cast<uint8_t>(NextRandom(random) & 63);
    hll::StoreDense(*registers, value.data());
    read->fill(0);
    hll::MergeInto(value, read.get());
    for (size_t i = 0; i < hll::kRegisters; ++i) {
      if ((*read)[i] == (*registers)[i]) continue;
      return "Register " + std::to_string(i) + " should be " + std::to_string((*registers)[i]) +
             " but is " + std::to_string((*read)[i]);
    }
  }
  return {};
}

}  // namespace

void Pfselftest(Call& call) {
  std::string fault = RegisterFault(&call.client.random);
  if (fault.empty()) fault = CountingFault(NextRandom(&call.client.random), MostSparse(call));
  if (fault.empty()) return call.reply.Ok();
  call.reply.Error("ERR TESTFAILED " + fault);
}

}  // namespace keyhole::store::handlers
