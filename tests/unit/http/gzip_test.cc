// Who is sent gzip, and that it is one.
#include "proxy/http/gzip.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace keyhole::core {
namespace {

TEST(Gzip, IsForThoseWhoAcceptIt) {
  for (const char* const yes : {"gzip", "GZIP", "deflate, gzip;q=1.0", "br,gzip", "*", "x-gzip",
                                "gzip;q=0.001", " gzip ; q=0.5"}) {
    EXPECT_TRUE(AcceptsGzip(yes)) << yes;
  }
  for (const char* const no : {"", "identity", "br", "gzip;q=0", "gzip; q=0.000", "gzipped",
                               "*;q=0", "gzip;q=0, *", ",", ";"}) {
    EXPECT_FALSE(AcceptsGzip(no)) << no;
  }
}

TEST(Gzip, ComesBackAsItWas) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "line " + std::to_string(i * i) + "\n";
  for (const std::string& one : {text, std::string(), std::string(1, 'x')}) {
    const std::string zipped = Gzip(one);
    std::string back(one.size() + 1, '\0');
    z_stream stream{};
    ASSERT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    std::string in = zipped;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(back.data());
    stream.avail_out = static_cast<uInt>(back.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    back.resize(stream.total_out);
    inflateEnd(&stream);
    EXPECT_EQ(back, one);
  }
  EXPECT_LT(Gzip(text).size(), text.size() / 2);
}

}  // namespace
}  // namespace keyhole::core
