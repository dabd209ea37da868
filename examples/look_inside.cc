// A program with a cache that redis-cli can look into while it runs: "redis-cli -p PORT MONITOR".
#include <keyhole/keyhole.h>

#include <chrono>
#include <cstdio>
#include <string>

int main() {
  auto kh = keyhole::Start(keyhole::Options().Set("listen", "127.0.0.1:0"));
  if (!kh) return std::fprintf(stderr, "%s\n", kh.error().message.c_str()), 1;
  std::printf("redis-cli -p %d; an empty line ends this\n", kh->port());
  std::fflush(stdout);
  keyhole::Connection cache = kh->Connect();
  cache.Set("greeting", "hello", std::chrono::minutes(1));
  while (std::getchar() != '\n') continue;
  for (const keyhole::KeyCount& key : kh->keys()) {
    std::printf("%s: %lu hits, %lu misses\n", key.key.c_str(), static_cast<unsigned long>(key.hits),
                static_cast<unsigned long>(key.misses));
  }
}
