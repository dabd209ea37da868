// Who wants to know what happens to keys, whoever did it: keyspace events and CLIENT TRACKING.
#pragma once

#include <string_view>

namespace keyhole::store {

class KeyListener {
 public:
  // Under the lock of the key's stripe: note it, and return. The key lies in the store: it is valid
  // for the length of the call.
  virtual void OnChanged(int database, std::string_view key) = 0;  // or removed; only if attentive
  virtual void OnAdded(int database, std::string_view key) = 0;    // it was not there; the same
  virtual void OnExpired(int database, std::string_view key) = 0;  // OnChanged() has been called
  virtual void OnEvicted(int database, std::string_view key) = 0;  // the same
  // Fields of a hash have ended by their own time; whole: all that there were, and so the key.
  virtual void OnPartsEnded(int database, std::string_view key, bool whole) = 0;  // the same

 protected:
  ~KeyListener() = default;
};

}  // namespace keyhole::store
