// What a running process takes over of a configuration that was read again: the options whose row
// says kLive (config_options.h). All others stay, and a line says that they wait for a restart.
//
//     running --.
//     wanted  --+--> PlanReload() --> the configuration from now on, a line for each difference
//
// Thread: any; reads the file of --users, else a pure function.
#pragma once

#include <string>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/config/config_values.h"

namespace keyhole::core {

struct ReloadPlan {
  Config config;                     // running, with what is live of wanted
  std::vector<std::string> changed;  // "--log-level is debug now, it was info"
  std::vector<std::string> waiting;  // "--workers 4 needs a restart, 2 stays"
};

// What has come of it, for people.
struct ReloadReport {
  Problem problem;                 // then nothing has changed
  std::vector<std::string> lines;  // one for each difference
};

// wanted: complete (CompleteConfig()). Gives what is wrong with the two together, in one line that
// shows no password, and then *plan means nothing.
Problem PlanReload(const Config& running, const Config& wanted, ReloadPlan* plan);

}  // namespace keyhole::core
