// The names of the environment: those of options, and those that others make.
//
// Thread: any, while nobody changes the environment.
#pragma once

#include <map>
#include <string>

#include "proxy/config/config_values.h"

namespace keyhole::core {

// Environment variables, by name.
using Environment = std::map<std::string, std::string>;

// Those of this process whose names begin with KEYHOLE_.
Environment ProcessEnvironment();

// What is wrong with a KEYHOLE_ variable that is not an option, or none if there is none. Never
// shows a value.
//
// Kubernetes sets variables for each service of a namespace, so for one that is called keyhole or
// keyhole-something; they are known by their names and values together, so that KEYHOLE_PORT=6380,
// which a person may take for an option, is not mistaken for one of them:
//
//     KEYHOLE_SERVICE_HOST=10.0.0.1        KEYHOLE_PORT=tcp://10.0.0.1:6380
//     KEYHOLE_SERVICE_PORT=6380            KEYHOLE_PORT_6380_TCP=tcp://10.0.0.1:6380
//     KEYHOLE_SERVICE_PORT_RESP=6380       KEYHOLE_PORT_6380_TCP_PROTO=tcp
//                                          KEYHOLE_PORT_6380_TCP_PORT=6380
//                                          KEYHOLE_PORT_6380_TCP_ADDR=10.0.0.1
//
// Source: Kubernetes documentation, "Service: environment variables" (Docker's legacy links).
Problem UnknownVariable(const Environment& environment);

}  // namespace keyhole::core
