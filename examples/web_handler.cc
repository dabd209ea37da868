// A handler of web requests that reads from Redis: what is asked for often comes from memory, and
// is dropped when anybody changes it. Usage: web_handler redis://127.0.0.1:6379
#include <keyhole/keyhole.h>

#include <chrono>
#include <cstdio>
#include <string>

// One for each thread of the web server.
class ProductPage {
 public:
  explicit ProductPage(keyhole::Instance& redis) : redis_(redis.Connect()) {}

  std::string Handle(const std::string& id) {
    const keyhole::CallOptions soon{.timeout = std::chrono::milliseconds(200)};
    if (const auto product = redis_.Get("product:" + id, soon)) {
      return "200 " + std::string(*product);
    } else if (product.error().code == keyhole::Error::Code::kNone) {
      return "404 no such product";
    } else {
      return "503 " + product.error().message;
    }
  }

 private:
  keyhole::Connection redis_;
};

int main(int argc, char** argv) {
  if (argc != 2) return std::puts("usage: web_handler redis://host:port"), 2;
  auto redis =
      keyhole::Start(keyhole::Options().Set("upstream", argv[1]).Set("near-cache", "16mb"));
  if (!redis) return std::fprintf(stderr, "%s\n", redis.error().message.c_str()), 1;
  redis->Connect().Set("product:1", "a lamp");
  ProductPage page(*redis);
  for (int request = 0; request < 100; ++request) page.Handle("1");
  std::printf("%s\n%s\n", page.Handle("1").c_str(), page.Handle("2").c_str());
}
