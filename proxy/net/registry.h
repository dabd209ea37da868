// The open connections of one kind, which this keeps alive.
//
// Thread: its loop's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <functional>
#include <unordered_map>
#include <vector>

namespace keyhole::net {

template <typename Connection>
class Registry {
 public:
  void Add(Connection& connection) { open_.emplace(&connection, &connection); }
  // The connection may be destroyed by this.
  void Remove(Connection& connection) {
    open_.erase(&connection);
    if (on_removed) on_removed();
  }

  size_t size() const { return open_.size(); }
  bool empty() const { return open_.empty(); }

  // f must not close any.
  template <typename F>
  void ForEach(F&& f) const {
    for (const auto& entry : open_) f(*entry.first);
  }
  // f may close any.
  template <typename F>
  void ForEachOfNow(F&& f) const {
    std::vector<boost::intrusive_ptr<Connection>> all;
    all.reserve(open_.size());
    for (const auto& entry : open_) all.push_back(entry.second);
    for (const auto& connection : all) f(*connection);
  }

  // Called when one has gone.
  std::function<void()> on_removed;
  // Takes the descriptor of one whose end should be seen as such; null: they are just closed.
  std::function<void(int descriptor)> linger;

 private:
  std::unordered_map<Connection*, boost::intrusive_ptr<Connection>> open_;
};

}  // namespace keyhole::net
