#include "proxy/store/commands/script_turn.h"

namespace keyhole::store {

namespace {

void Keep(std::span<const std::string_view> args, ScriptRequest* kept) {
  kept->bytes.clear();
  for (const std::string_view arg : args) kept->bytes.append(arg);
  kept->args.clear();
  std::string_view rest = kept->bytes;
  for (const std::string_view arg : args) {
    kept->args.push_back(rest.substr(0, arg.size()));
    rest.remove_prefix(arg.size());
  }
}

// The client waits for its script, as another for a key.
void PutAside(Engine& engine, Client& client) {
  engine.waiting.Add(client, {engine.scripts.request().spec, {}}, {}, kNever, WakeOn::kPresence);
  engine.ScriptPaused(true);
}

}  // namespace

void BeginScriptTurn(Engine& engine, Client& client, const resp::CommandSpec& spec,
                     std::span<const std::string_view> args, bool full, UnixMillis now,
                     resp::ByteQueue* out, void (*body)(ScriptRequest&)) {
  ScriptRequest& kept = engine.scripts.request();
  Keep(args, &kept);
  kept.engine = &engine;
  kept.client = &client;
  kept.spec = &spec;
  kept.full = full;
  kept.now = now;
  if (!engine.scripts.Start(body)) return PutAside(engine, client);
  out->Append(kept.reply.Data());
  kept.reply.Clear();
}

void ContinueScriptTurn(Engine& engine) {
  Scripts& scripts = engine.scripts;
  ScriptRequest& kept = scripts.request();
  Client& client = *kept.client;
  engine.waiting.Withdraw(client);
  if (!scripts.Continue()) return PutAside(engine, client);
  engine.ScriptPaused(false);
  client.messages.Append(kept.reply.Data());
  kept.reply.Clear();
  client.Ring();
  if (const std::unique_ptr<Client> orphan = scripts.TakeOrphan()) engine.Remove(orphan.get());
}

void EndScriptTurn(Engine& engine) {
  while (engine.scripts.busy()) {
    engine.scripts.run().killed = true;
    ContinueScriptTurn(engine);
  }
}

}  // namespace keyhole::store
