// Asks the upstream, once and before anything is served, what it is: a conversation that waits for
// each reply (dialogue.h), apart from the data path. What is said to log in, and what a refusal is,
// are the links' own: handshake.h.
//
// Thread: any; blocks for at most --upstream-connect-timeout per step.
#pragma once

#include <optional>
#include <string>

#include "proxy/config/config.h"
#include "proxy/net/tls_context.h"

namespace keyhole::net {

struct UpstreamReport {
  bool reachable = false;
  bool hopeless = false;       // the options are wrong: waiting will not help
  std::string master;          // where it is, if Sentinel was asked; else empty
  bool asks_password = false;  // of clients that bring none
  bool cluster = false;        // a node of a cluster
  std::string masters;         // of the cluster: how many serve slots, as it says ...
  std::string nodes;           // ... of so many nodes ...
  std::string slots;           // ... and how many slots they serve
  std::string version;         // "7.0.15"; empty if it does not say
  std::string problem;         // one line, if it is not reachable or refuses our password
};

// tls: of Certificates::upstream(). REQUIRES: config.upstream.
UpstreamReport CheckUpstream(const core::Config& config, const TlsContext::Pointer& tls);

// core::ProtectionProblem(), but for an upstream that asks clients for a password themselves, as
// --upstream carries none: that one is protected.
std::optional<std::string> ProtectionProblem(const core::Config& config,
                                             const UpstreamReport* upstream);

// What --upstream takes it for, and it is not: a line to end with.
std::optional<std::string> KindProblem(const core::Config& config, const UpstreamReport& report);

// What the report says, for the log.
std::string Describe(const core::Config& config, const UpstreamReport& report);

}  // namespace keyhole::net
