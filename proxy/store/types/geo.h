// Positions on Earth as scores of a sorted set: 52 bits, in turn one of the longitude and one of
// the latitude, the highest first. So places that are near each other mostly have scores that are,
// and a square of the map is a range of scores.
//
//     bits 2 x step   10 11 01 ...       a square of the map, 2^step of them side by side
//                     \______________    its members' scores begin with these bits
//
// The map is that of EPSG:3857, up to 85.05 degrees north and south. Everything is as in
// redis 7.0.15 (geohash.c, geohash_helper.c, geo.c), whose replies depend on each rounding, and on
// the order in which squares are looked through. The idea of the code: G. M. Morton, "A computer
// oriented geodetic data base", 1966; of its text: G. Niemeyer, geohash.org.
//
// Plain functions. Distances are in metres unless said otherwise.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace keyhole::store {

struct Position {
  double longitude = 0;
  double latitude = 0;
};

// Whether it is on the map.
bool IsOnMap(Position position);

// The score of a position, and the middle of the smallest square with this score. REQUIRES: it is
// on the map. Any score has a position.
double GeoScore(Position position);
Position PositionOf(double score);

// As geohash.org writes it, 11 characters of which the last one says nothing.
std::string GeohashOf(Position position);

double DistanceBetween(Position a, Position b);
// With four digits behind the point.
std::string DistanceText(double distance);

// A circle, or a box whose sides go from north to south and from west to east.
struct GeoShape {
  enum class Kind : uint8_t { kCircle, kBox };
  Kind kind = Kind::kCircle;
  Position centre;
  double radius = 0;  // in units, as are
  double width = 0;
  double height = 0;
  double unit = 1;  // metres

  // Whether the position is in it; then how far that is from the centre.
  bool Holds(Position position, double* distance) const;
};

// Scores from `min` up to, not including, `max`.
struct ScoreBox {
  double min = 0;
  double max = 0;
};
struct ScoreBoxes {
  std::array<ScoreBox, 9> boxes;
  size_t count = 0;
};
// The squares that cover a shape, in the order in which Redis goes through them. In rare cases, of
// shapes as large as the map, one is there twice.
ScoreBoxes BoxesOf(const GeoShape& shape);

}  // namespace keyhole::store
