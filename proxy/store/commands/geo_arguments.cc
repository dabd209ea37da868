#include "proxy/store/commands/geo_arguments.h"

#include <string>

#include "proxy/store/commands/replies.h"
#include "proxy/store/commands/sorted_sets.h"
#include "proxy/store/types/float_text.h"

namespace keyhole::store {

bool PositionArgument(Call& call, size_t index, Position* position) {
  if (!DoubleArgument(call, index, &position->longitude)) return false;
  if (!DoubleArgument(call, index + 1, &position->latitude)) return false;
  if (IsOnMap(*position)) return true;
  call.reply.Error("ERR invalid longitude,latitude pair " + std::to_string(position->longitude) +
                   "," + std::to_string(position->latitude));
  return false;
}

bool UnitArgument(Call& call, size_t index, double* metres) {
  struct Unit {
    std::string_view name;
    double metres;
  };
  constexpr Unit kUnits[] = {{"M", 1}, {"KM", 1000}, {"FT", 0.3048}, {"MI", 1609.34}};
  for (const Unit& unit : kUnits) {
    if (!call.Is(index, unit.name)) continue;
    *metres = unit.metres;
    return true;
  }
  call.reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return false;
}

bool CircleArguments(Call& call, size_t index, GeoShape* shape) {
  shape->kind = GeoShape::Kind::kCircle;
  if (!DoubleArgument(call, index, &shape->radius, "ERR need numeric radius")) return false;
  if (shape->radius < 0) {
    call.reply.Error("ERR radius cannot be negative");
    return false;
  }
  return UnitArgument(call, index + 1, &shape->unit);
}

bool BoxArguments(Call& call, size_t index, GeoShape* shape) {
  shape->kind = GeoShape::Kind::kBox;
  if (!DoubleArgument(call, index, &shape->width, "ERR need numeric width")) return false;
  if (!DoubleArgument(call, index + 1, &shape->height, "ERR need numeric height")) return false;
  if (shape->width < 0 || shape->height < 0) {
    call.reply.Error("ERR height or width cannot be negative");
    return false;
  }
  return UnitArgument(call, index + 2, &shape->unit);
}

void ReplyPosition(Call& call, Position position) {
  call.reply.Array(2);
  call.reply.DoubleAs(FormatFloat(position.longitude));
  call.reply.DoubleAs(FormatFloat(position.latitude));
}

}  // namespace keyhole::store
