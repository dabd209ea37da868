#include "proxy/core/store/store.h"

#include "proxy/core/store/client.h"
#include "proxy/core/store/dispatch.h"
#include "proxy/core/store/engine.h"

namespace keyhole::store {

Store::Store(const StoreOptions& options)
    : engine_(std::make_unique<Engine>(options)), shared_(options.shared) {}

Store::~Store() = default;

std::unique_lock<std::mutex> Store::Lock() {
  return shared_ ? std::unique_lock<std::mutex>(mutex_) : std::unique_lock<std::mutex>();
}

Store::ClientPtr Store::Connect(std::string_view address, UnixMillis now, Doorbell* doorbell) {
  ClientPtr client(new Client, &Store::Disconnect);
  client->store = this;
  client->doorbell = doorbell;
  client->address = address;
  client->connected = now;
  client->last_command_at = now;
  const auto lock = Lock();
  client->authenticated = !engine_->NeedsPassword();
  engine_->Add(client.get(), now);
  return client;
}

void Store::Disconnect(Client* client) {
  {
    const auto lock = client->store->Lock();
    client->store->engine_->Remove(client);
  }
  delete client;
}

bool Store::Execute(Client& client, const resp::CommandSpec& spec,
                    std::span<const std::string_view> args, UnixMillis now, std::string* out) {
  const auto lock = Lock();
  client.MoveMessages(out);
  const size_t before = out->size();
  Dispatch(*engine_, client, spec, args, now, out);
  return out->size() > before;
}

void Store::TakeMessages(Client& client, std::string* out) {
  const auto lock = Lock();
  client.MoveMessages(out);
}

uint64_t Store::IdOf(const Client& client) {
  return client.id;
}

bool Store::Closing(const Client& client) {
  return client.closing.load(std::memory_order_relaxed);
}

resp::Protocol Store::ProtocolOf(const Client& client) {
  return client.protocol;
}

void Store::Sweep(UnixMillis now) {
  const auto lock = Lock();
  engine_->Sweep(now);
}

}  // namespace keyhole::store
