// Where the requests of sessions go. One router serves a worker and is chosen once, in app/: the
// embedded store (local/store_router.h), a Redis (upstream/single_router.h) or a Redis Cluster
// (cluster/cluster_router.h). Nobody else knows which of them it is.
//
//     Session --exchange--> Router::Choose --link--> Session --request--> Link
//
// A session is attached to one link at a time; what is in flight on those before it is kept in
// order by ReplyOrder:
//
//     kNone ----------> kShared           one that others use, too; kScripts: for their scripts
//       ^                |    |
//       |                v    v
//       |    kMoving   kOwn <-'           kMoving: a change of state is on its way there
//       '-- answered -- Release() ------- kOwn: one that nobody else uses
//
//     kNone ----------> kRouted           the one of the last request: each is chosen by its keys
//
// Thread: the worker's.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <string>
#include <string_view>

#include "proxy/links/connection_state.h"
#include "proxy/links/exchange.h"
#include "proxy/links/link.h"
#include "resp/request_parser.h"

namespace keyhole::core {

struct Attachment {
  enum class Kind : uint8_t { kNone, kShared, kScripts, kMoving, kOwn, kRouted };

  boost::intrusive_ptr<Link> link;  // null: kNone
  Kind kind = Kind::kNone;

  bool own() const { return kind == Kind::kOwn; }
  // A request that needs nothing of its connection may go there, whatever else is in flight.
  bool open() const { return kind == Kind::kShared && link->accepting(); }
  void Detach() {
    link = nullptr;
    kind = Kind::kNone;
  }
};

class Router {
 public:
  // What a session is while it asks.
  struct Asking {
    Requester& requester;
    const SessionState& state;
    std::string_view address;  // of its client
    bool idle;                 // nothing is in flight
    bool pinned;               // its own link must stay
  };
  // kDeferred: earlier replies must come first. kRefused: it goes nowhere, for refusal().
  enum class Route : uint8_t { kGo, kDeferred, kRefused };

  virtual ~Router() = default;

  // Attaches the session to the link for this request. REQUIRES: not (exchange.plain() &&
  // at.open()), where the answer is known.
  virtual Route Choose(const Exchange& exchange, const resp::Request& request, const Asking& asking,
                       Attachment* at) = 0;
  // The error that answers what Choose() has refused last, without '-'.
  virtual const std::string& refusal() const;
  // The session needs its own link no more.
  virtual void Release(Attachment* at) = 0;

  // What requests may be, see resp::RequestParser.
  virtual resp::RequestLimits limits() const = 0;
  // Who answers is in this process: replies come before Link::Send() returns, each session has its
  // link from the first request to the last, and that link does what concerns the connection.
  virtual bool in_process() const = 0;
  // The Redis behind it refuses clients that give no password, as far as it has said; what it said
  // last holds while it is away. Of the embedded store a link knows: see Link::authenticated().
  virtual bool asks_password() const = 0;
  // It can be reached, and answers.
  virtual bool up() const = 0;
  // Where it can be asked how it is. Null: nowhere now, or nobody need ask.
  virtual Link* health_link() { return nullptr; }
};

}  // namespace keyhole::core
