// How a running instance does, for whoever watches the process.
//
// Thread: any one at a time.
#pragma once

#include <string>

#include "include/keyhole/keyhole.h"

namespace keyhole {

struct VitalSigns {
  // True if all threads that serve have come round since it was asked last. They are asked to do so
  // again; the first time they are believed.
  static bool Beat(Instance& instance);
  // "12 clients; the upstream is up".
  static std::string Status(const Instance& instance);
};

}  // namespace keyhole
