#include "proxy/library/vital_signs.h"

#include "proxy/library/runtime.h"

namespace keyhole {

bool VitalSigns::Beat(Instance& instance) {
  return instance.runtime_->Beat();
}

std::string VitalSigns::Status(const Instance& instance) {
  return instance.runtime_->Status();
}

}  // namespace keyhole
