// Positions, units and distances among the arguments and replies of the commands on positions.
#pragma once

#include <cstddef>

#include "proxy/store/commands/handlers.h"
#include "proxy/store/types/geo.h"

namespace keyhole::store {

// Each reads arguments from `index` on. False if they are wrong; then that is the reply.
bool PositionArgument(Call& call, size_t index, Position* position);  // longitude, latitude
bool UnitArgument(Call& call, size_t index, double* metres);
bool CircleArguments(Call& call, size_t index, GeoShape* shape);  // radius, unit
bool BoxArguments(Call& call, size_t index, GeoShape* shape);     // width, height, unit

void ReplyPosition(Call& call, Position position);

}  // namespace keyhole::store
