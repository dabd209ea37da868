#include "proxy/store/types/geo.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace keyhole::store {

namespace {

constexpr double kMaxLongitude = 180;
constexpr double kMaxLatitude = 85.05112878;
constexpr double kPole = 90;
constexpr double kEarthRadius = 6372797.560856;
constexpr double kMapHalf = 20037726.37;  // metres from the middle of the map to its edge
constexpr double kRadians = std::numbers::pi / 180.0;
constexpr unsigned kMostSteps = 26;

double Radians(double degrees) {
  return degrees * kRadians;
}

double Degrees(double radians) {
  return radians / kRadians;
}

struct Interval {
  double min;
  double max;
  double size() const { return max - min; }
};
constexpr Interval kLongitudes{-kMaxLongitude, kMaxLongitude};
constexpr Interval kLatitudes{-kMaxLatitude, kMaxLatitude};

// A square of the map: the column and row among 2^steps. What lies on the eastern or northern edge
// is one beyond the last.
struct Square {
  uint32_t column = 0;
  uint32_t row = 0;
  unsigned steps = 0;

  bool operator==(const Square&) const = default;
};

// ..ba becomes ...b.a: room for the bits of another number between its own. Source: "Interleave
// bits by Binary Magic Numbers", S. E. Anderson, Bit Twiddling Hacks.
uint64_t Spread(uint32_t bits) {
  uint64_t x = bits;
  x = (x | x << 16) & 0x0000FFFF0000FFFF;
  x = (x | x << 8) & 0x00FF00FF00FF00FF;
  x = (x | x << 4) & 0x0F0F0F0F0F0F0F0F;
  x = (x | x << 2) & 0x3333333333333333;
  return (x | x << 1) & 0x5555555555555555;
}

uint32_t Gather(uint64_t x) {
  x &= 0x5555555555555555;
  x = (x | x >> 1) & 0x3333333333333333;
  x = (x | x >> 2) & 0x0F0F0F0F0F0F0F0F;
  x = (x | x >> 4) & 0x00FF00FF00FF00FF;
  x = (x | x >> 8) & 0x0000FFFF0000FFFF;
  return static_cast<uint32_t>(x | x >> 16);
}

uint64_t BitsOf(const Square& square) {
  return Spread(square.column) << 1 | Spread(square.row);
}

Square SquareOf(uint64_t bits, unsigned steps) {
  return {Gather(bits >> 1), Gather(bits), steps};
}

uint32_t PlaceIn(const Interval& interval, double value, unsigned steps) {
  const double part = (value - interval.min) / interval.size();
  return static_cast<uint32_t>(part * static_cast<double>(uint64_t{1} << steps));
}

Square SquareAt(Position position, unsigned steps, const Interval& latitudes = kLatitudes) {
  return {PlaceIn(kLongitudes, position.longitude, steps),
          PlaceIn(latitudes, position.latitude, steps), steps};
}

Interval PartOf(const Interval& interval, uint32_t place, unsigned steps) {
  const auto count = static_cast<double>(uint64_t{1} << steps);
  return {interval.min + (place * 1.0 / count) * interval.size(),
          interval.min + ((place + 1) * 1.0 / count) * interval.size()};
}

struct Area {
  Interval longitudes;
  Interval latitudes;
};

Area AreaOf(const Square& square) {
  return {PartOf(kLongitudes, square.column, square.steps),
          PartOf(kLatitudes, square.row, square.steps)};
}

Square Neighbour(Square square, int east, int north) {
  const uint32_t mask = (uint32_t{1} << square.steps) - 1;
  if (east != 0) square.column = (square.column + static_cast<uint32_t>(east)) & mask;
  if (north != 0) square.row = (square.row + static_cast<uint32_t>(north)) & mask;
  return square;
}

// As x86-64 converts it, whatever it is: a score need not be one of GEOADD's.
uint64_t ToBits(double score) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  constexpr uint64_t kTopBit = uint64_t{1} << 63;
  if (score >= 2 * kTwoTo63) return 0;
  if (score >= kTwoTo63) return static_cast<uint64_t>(score - kTwoTo63) | kTopBit;
  if (!(score >= -kTwoTo63)) return kTopBit;
  return static_cast<uint64_t>(static_cast<int64_t>(score));
}

double Middle(const Interval& interval, double limit) {
  return std::clamp((interval.min + interval.max) / 2, -limit, limit);
}

double LatitudeDistance(double a, double b) {
  return kEarthRadius * std::fabs(Radians(b) - Radians(a));
}

}  // namespace

bool IsOnMap(Position position) {
  return position.longitude >= kLongitudes.min && position.longitude <= kLongitudes.max &&
         position.latitude >= kLatitudes.min && position.latitude <= kLatitudes.max;
}

double GeoScore(Position position) {
  return static_cast<double>(BitsOf(SquareAt(position, kMostSteps)));
}

Position PositionOf(double score) {
  const Area area = AreaOf(SquareOf(ToBits(score), kMostSteps));
  return {Middle(area.longitudes, kMaxLongitude), Middle(area.latitudes, kMaxLatitude)};
}

// From pole to pole, as everybody else has it.
std::string GeohashOf(Position position) {
  constexpr std::string_view kAlphabet = "0123456789bcdefghjkmnpqrstuvwxyz";
  const uint64_t bits = BitsOf(SquareAt(position, kMostSteps, {-kPole, kPole}));
  std::string text;
  for (unsigned shift = 2 * kMostSteps; shift >= 5;) {
    shift -= 5;
    text += kAlphabet[bits >> shift & 31];
  }
  return text + '0';
}

// Haversine; with its short form where there is no longitude between the two.
double DistanceBetween(Position a, Position b) {
  const double v = std::sin((Radians(b.longitude) - Radians(a.longitude)) / 2);
  if (v == 0) return LatitudeDistance(a.latitude, b.latitude);
  const double a_latitude = Radians(a.latitude);
  const double b_latitude = Radians(b.latitude);
  const double u = std::sin((b_latitude - a_latitude) / 2);
  const double h = u * u + std::cos(a_latitude) * std::cos(b_latitude) * v * v;
  return 2.0 * kEarthRadius * std::asin(std::sqrt(h));
}

std::string DistanceText(double distance) {
  constexpr int kDigits = 4;
  std::string text = std::to_string(std::llrint(distance * 10000));
  if (text.size() <= kDigits) text.insert(0, kDigits + 1 - text.size(), '0');
  text.insert(text.size() - kDigits, 1, '.');
  return text;
}

bool GeoShape::Holds(Position position, double* distance) const {
  if (kind == Kind::kBox) {
    if (LatitudeDistance(position.latitude, centre.latitude) > height * unit / 2) return false;
    const Position beside{centre.longitude, position.latitude};
    if (DistanceBetween(position, beside) > width * unit / 2) return false;
  }
  *distance = DistanceBetween(centre, position);
  return kind == Kind::kBox || *distance <= radius * unit;
}

namespace {

// How fine the squares may be so that nine of them cover the shape.
unsigned EstimateSteps(double reach, double latitude) {
  if (reach == 0) return kMostSteps;
  int steps = 1;
  for (; reach < kMapHalf; reach *= 2) ++steps;
  steps -= 2;
  // Meridians come closer to each other towards the poles.
  if (latitude > 66 || latitude < -66) --steps;
  if (latitude > 80 || latitude < -80) --steps;
  return static_cast<unsigned>(std::clamp(steps, 1, static_cast<int>(kMostSteps)));
}

// What a shape covers, at most.
Area BoundsOf(const GeoShape& shape) {
  const bool is_box = shape.kind == GeoShape::Kind::kBox;
  const double height = shape.unit * (is_box ? shape.height / 2 : shape.radius);
  const double width = shape.unit * (is_box ? shape.width / 2 : shape.radius);
  const auto [longitude, latitude] = shape.centre;
  const double up = Degrees(height / kEarthRadius);
  const double nearer_pole = latitude < 0 ? latitude - up : latitude + up;
  const double across = Degrees(width / kEarthRadius / std::cos(Radians(nearer_pole)));
  return {{longitude - across, longitude + across}, {latitude - up, latitude + up}};
}

// The squares around this one reach beyond the bounds.
bool Cover(const Square& square, const Area& bounds) {
  return AreaOf(Neighbour(square, 0, 1)).latitudes.max >= bounds.latitudes.max &&
         AreaOf(Neighbour(square, 0, -1)).latitudes.min <= bounds.latitudes.min &&
         AreaOf(Neighbour(square, 1, 0)).longitudes.max >= bounds.longitudes.max &&
         AreaOf(Neighbour(square, -1, 0)).longitudes.min <= bounds.longitudes.min;
}

ScoreBox BoxOf(const Square& square) {
  const unsigned shift = 2 * (kMostSteps - square.steps);
  const uint64_t bits = BitsOf(square);
  return {static_cast<double>(bits << shift), static_cast<double>((bits + 1) << shift)};
}

}  // namespace

ScoreBoxes BoxesOf(const GeoShape& shape) {
  const bool is_box = shape.kind == GeoShape::Kind::kBox;
  const double half_width = shape.width / 2;
  const double half_height = shape.height / 2;
  const double reach =
      is_box ? std::sqrt(half_width * half_width + half_height * half_height) : shape.radius;
  const Area bounds = BoundsOf(shape);
  Square square = SquareAt(shape.centre, EstimateSteps(reach * shape.unit, shape.centre.latitude));
  if (square.steps > 1 && !Cover(square, bounds)) {
    square = SquareAt(shape.centre, square.steps - 1);
  }

  // Neighbours are of no use on a side where the square itself reaches beyond the bounds.
  const Area area = AreaOf(square);
  const bool fine = square.steps >= 2;
  const bool not_north = fine && area.latitudes.max > bounds.latitudes.max;
  const bool not_south = fine && area.latitudes.min < bounds.latitudes.min;
  const bool not_east = fine && area.longitudes.max > bounds.longitudes.max;
  const bool not_west = fine && area.longitudes.min < bounds.longitudes.min;
  constexpr struct {
    int east;
    int north;
  } kOrder[] = {{0, 0}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}};
  ScoreBoxes found;
  Square last;
  for (const auto [east, north] : kOrder) {
    if ((north > 0 && not_north) || (north < 0 && not_south)) continue;
    if ((east > 0 && not_east) || (east < 0 && not_west)) continue;
    const Square next = Neighbour(square, east, north);
    if (next == last) continue;
    if (east != 0 || north != 0) last = next;  // Redis does not compare with the first
    found.boxes[found.count++] = BoxOf(next);
  }
  return found;
}

}  // namespace keyhole::store
