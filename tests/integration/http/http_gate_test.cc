// Who is let in, on the wire; addresses of their own and unix sockets. What browsers do:
// tests/browser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/integration/http/backends.h"
#include "tests/integration/http/http_client.h"

namespace keyhole::test {
namespace {

using testing::HasSubstr;

// What comes back to a request with these headers, as a whole.
std::string Ask(RawClient client, const std::string& line, const std::vector<std::string>& headers,
                const std::string& body = {}) {
  std::string request = line + " HTTP/1.1\r\nConnection: close\r\n";
  for (const std::string& header : headers) request += header + "\r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  client.Send(request + "\r\n" + body);
  return client.ReadUntilClosed();
}

int StatusOf(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}

class HttpGate : public testing::Test {
 protected:
  std::string Answer(const std::string& line, const std::vector<std::string>& headers,
                     const std::string& body = {}) {
    return Ask(RawClient::Connect(proxy_.http_port()), line, headers, body);
  }
  int Status(const std::string& line, const std::vector<std::string>& headers,
             const std::string& body = {}) {
    return StatusOf(Answer(line, headers, body));
  }
  std::string here() const { return "127.0.0.1:" + std::to_string(proxy_.http_port()); }

  KeyholeProcess proxy_{{"--http-origins", "https://app.example.org", "--http-hosts", "cache.lan"}};
};

TEST_F(HttpGate, ARebindingPageReadsAndChangesNothing) {
  for (const char* const line :
       {"GET /items", "GET /items/k", "DELETE /items/k", "PUT /items/k", "GET /metrics",
        "GET /api/keys", "GET /api/slow", "DELETE /api/near-cache?prefix=", "GET /"}) {
    const std::string answer = Answer(line, {"Host: evil.example"});
    EXPECT_EQ(StatusOf(answer), 421) << line;
    EXPECT_THAT(answer, HasSubstr("application/json"));
    EXPECT_THAT(answer, HasSubstr("--http-hosts"));
  }
  EXPECT_EQ(
      proxy_.Metric(R"(http_requests_total{method="PUT",endpoint="other",status_code="421"})"), 1);
  EXPECT_EQ(Status("GET /healthz", {"Host: evil.example"}), 200);
  EXPECT_EQ(Status("GET /readyz", {"Host: evil.example"}), 200);
}

TEST_F(HttpGate, OurOwnNamesAreAnswered) {
  for (const std::string host :
       {"cache.lan", "localhost:9000", "127.0.0.1", "[::1]:1", "10.0.0.1"}) {
    EXPECT_EQ(Status("GET /metrics", {"Host: " + host}), 200) << host;
  }
  HttpClient old(proxy_.http_port());
  old.Send("GET /items HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.ReadUntilClosed(), testing::StartsWith("HTTP/1.0 200 "));
}

TEST_F(HttpGate, AForeignPageReadsAndChangesNothing) {
  const std::string host = "Host: " + here();
  for (const std::string header :
       {"Origin: http://evil.example", "Origin: null", "Origin:", "Origin: http://127.0.0.1:1",
        "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: same-site"}) {
    for (const char* const line :
         {"GET /items", "GET /metrics", "DELETE /items/k", "OPTIONS /items"}) {
      const std::string answer = Answer(line, {host, header});
      EXPECT_EQ(StatusOf(answer), 403) << line << header;
      EXPECT_EQ(answer.find("Access-Control-Allow-Origin"), std::string::npos);
    }
    EXPECT_EQ(Status("POST /items", {host, header, "Content-Type: application/json"},
                     R"({"key":"pwned","value":"1"})"),
              403);
  }
  EXPECT_EQ(RawClient::Connect(proxy_.port()).Ask({"DBSIZE"}), ":0\r\n");
}

TEST_F(HttpGate, BodiesOfPagesHaveATypeThatNoFormHas) {
  const std::vector<std::string> page = {"Host: " + here(), "Origin: http://" + here()};
  const auto status = [&](const char* line, std::string type) {
    std::vector<std::string> headers = page;
    headers.push_back("Content-Type: " + type);
    return Status(line, headers, R"({"key":"k","value":"v"})");
  };
  for (const char* const type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
    EXPECT_EQ(status("POST /items", type), 415);
    EXPECT_EQ(status("PUT /items/k", type), 415);
  }
  EXPECT_EQ(status("POST /items", "application/json"), 201);
  EXPECT_EQ(status("PUT /items/k", "image/png"), 204);
}

TEST_F(HttpGate, AListedOriginMayReadAndSend) {
  const std::vector<std::string> page = {"Host: localhost", "Origin: https://app.example.org"};
  const std::string read = Answer("GET /items", page);
  EXPECT_EQ(StatusOf(read), 200);
  EXPECT_THAT(read, HasSubstr("Access-Control-Allow-Origin: https://app.example.org\r\n"));
  EXPECT_THAT(read, HasSubstr("Vary: Origin\r\n"));
  EXPECT_EQ(read.find("Access-Control-Allow-Credentials"), std::string::npos);
  EXPECT_THAT(Answer("GET /nowhere", page), HasSubstr("Access-Control-Allow-Origin: https://app"))
      << "errors can be read too";

  std::vector<std::string> asked = page;
  asked.emplace_back("Access-Control-Request-Method: DELETE");
  asked.emplace_back("Access-Control-Request-Headers: authorization");
  const std::string preflight = Answer("OPTIONS /items/k", asked);
  EXPECT_EQ(StatusOf(preflight), 204);
  EXPECT_THAT(preflight, HasSubstr("Access-Control-Allow-Origin: https://app.example.org\r\n"));
  EXPECT_THAT(preflight,
              HasSubstr("Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE\r\n"));
  EXPECT_THAT(preflight,
              HasSubstr("Access-Control-Allow-Headers: Accept, Authorization, Content-Type\r\n"));
  EXPECT_EQ(preflight.find('*'), std::string::npos);

  EXPECT_THAT(Answer("GET /items", {"Host: localhost"}), HasSubstr("Vary: Origin\r\n"))
      << "what a cache keeps of this is not for other origins";
}

TEST_F(HttpGate, AConnectionGoesOnAfterARefusalWithoutABody) {
  HttpClient client(proxy_.http_port());
  EXPECT_EQ(client.Call("GET", "/items", {}, {"Origin: null"}).status, 403);
  EXPECT_EQ(client.Call("GET", "/items").status, 200);
  // With one it does not: it may be anything.
  EXPECT_EQ(client.Call("PUT", "/items/k", "v", {"Origin: null"}).header("connection"), "close");
  EXPECT_EQ(client.ReadUntilClosed(), "");
}

TEST(HttpItemCalls, AreOffWhenToldSo) {
  KeyholeProcess proxy({"--http-items", "off"});
  HttpClient client(proxy.http_port());
  for (const char* const method : {"GET", "DELETE"}) {
    const HttpReply reply = client.Call(method, "/items/k");
    EXPECT_EQ(reply.status, 403);
    EXPECT_THAT(reply.body, HasSubstr("--http-items on"));
  }
  EXPECT_EQ(client.Call("GET", "/metrics").status, 200);
  EXPECT_EQ(client.Call("GET", "/api/keys").status, 200);
}

TEST(HttpMetricsAddress, ServesMetricsAndHealthAndIsTheOnlyOneToDo) {
  KeyholeProcess proxy({"--metrics", "127.0.0.1:0"});
  HttpClient metrics(proxy.metrics_port());
  HttpClient http(proxy.http_port());
  ASSERT_NE(proxy.metrics_port(), proxy.http_port());
  EXPECT_THAT(metrics.Call("GET", "/metrics").body, HasSubstr("keyhole_lookups_total"));
  EXPECT_EQ(http.Call("GET", "/metrics").status, 404);
  for (HttpClient* const client : {&metrics, &http}) {
    EXPECT_EQ(client->Call("GET", "/healthz").status, 200);
    EXPECT_EQ(client->Call("GET", "/readyz").status, 200);
  }
  for (const char* const path : {"/", "/items", "/items/k", "/api/keys", "/api/slow"}) {
    EXPECT_EQ(metrics.Call("GET", path).status, 404) << path;
    EXPECT_NE(http.Call("GET", "/items").status, 404);
  }
  EXPECT_EQ(StatusOf(Ask(RawClient::Connect(proxy.metrics_port()), "GET /metrics",
                         {"Host: evil.example"})),
            421);
}

// A directory with a short path, as unix sockets need it.
class UnixSockets : public testing::Test {
 protected:
  UnixSockets() {
    if (mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  }
  ~UnixSockets() override {
    for (const char* const name : {"a", "b"}) ::unlink(Path(name).c_str());
    ::rmdir(directory_.c_str());
  }
  std::string Path(const std::string& name) const { return directory_ + "/" + name; }
  struct stat Stat(const std::string& name) const {
    struct stat info {};
    EXPECT_EQ(::stat(Path(name).c_str(), &info), 0);
    return info;
  }
  static mode_t ModeOf(const struct stat& info) { return info.st_mode & 07777; }

 private:
  std::string directory_ = "/tmp/keyhole-test-XXXXXX";
};

TEST_F(UnixSockets, HttpAndMetrics) {
  KeyholeProcess proxy({"--http", "unix:" + Path("a"), "--metrics", "unix:" + Path("b")});
  const std::string put =
      Ask(RawClient::ConnectUnix(Path("a")), "PUT /items/k", {"Host: any"}, "v");
  EXPECT_EQ(StatusOf(put), 204);
  EXPECT_THAT(Ask(RawClient::ConnectUnix(Path("a")), "GET /items/k", {"Host: any"}),
              HasSubstr(R"({"key":"k","value":"v"})"));
  EXPECT_EQ(StatusOf(Ask(RawClient::ConnectUnix(Path("b")), "GET /metrics", {"Host: any"})), 200);
  EXPECT_EQ(
      StatusOf(Ask(RawClient::ConnectUnix(Path("a")), "GET /items", {"Host: any", "Origin: null"})),
      403);
  proxy.Terminate();
  EXPECT_EQ(proxy.Wait(), 0);
  EXPECT_NE(::access(Path("a").c_str(), F_OK), 0);
  EXPECT_NE(::access(Path("b").c_str(), F_OK), 0);
}

TEST_F(UnixSockets, ModesAreWhatTheAddressSays) {
  const std::string group = std::to_string(::getegid());
  KeyholeProcess proxy({"--listen", "unix:" + Path("a") + "?mode=0606", "--http",
                        "unix:" + Path("b") + "?group=" + group});
  EXPECT_EQ(ModeOf(Stat("a")), 0606u);
  EXPECT_EQ(ModeOf(Stat("b")), 0660u);
  EXPECT_EQ(Stat("b").st_gid, ::getegid());
  EXPECT_EQ(RawClient::ConnectUnix(Path("a")).Ask({"PING"}), "+PONG\r\n");
}

TEST_F(UnixSockets, OwnersAreWhatTheAddressSays) {
  const std::vector<std::string> options = {
      "--listen", "unix:" + Path("a") + "?mode=0640&user=nobody&group=daemon", "--http",
      "unix:" + Path("b") + "?user=12345"};
  if (::geteuid() != 0) {  // who may not give files away is told so
    ChildProcess proxy(KeyholeProcess::CommandLine(options));
    EXPECT_EQ(proxy.Wait(), 1);
    EXPECT_THAT(proxy.err(), HasSubstr("only root may give it to another user"));
    return;
  }
  KeyholeProcess proxy(options);
  EXPECT_EQ(ModeOf(Stat("a")), 0640u);
  EXPECT_NE(Stat("a").st_uid, 0u);
  EXPECT_NE(Stat("a").st_gid, 0u);
  EXPECT_EQ(Stat("b").st_uid, 12345u);
}

TEST_F(UnixSockets, AnOwnerThatIsNotThereIsSaidSo) {
  for (const std::string what : {"user", "group"}) {
    ChildProcess proxy(KeyholeProcess::CommandLine(
        {"--listen", "unix:" + Path("a") + "?" + what + "=no-such-name", "--http", "off"}));
    EXPECT_EQ(proxy.Wait(), 1);
    EXPECT_THAT(proxy.err(), HasSubstr("there is no " + what + " 'no-such-name'"));
    EXPECT_NE(::access(Path("a").c_str(), F_OK), 0) << "nothing is left behind";
  }
}

// The names of sessions are credentials: they are not shown, and each still counts alone.
TEST(HttpSessionKeys, AreHashedInMetricsAndReports) {
  KeyholeProcess proxy;
  RawClient client = RawClient::Connect(proxy.port());
  for (const char* const key : {"sess:secret-b", "user:1"}) {
    client.Ask({"SET", key, std::string(1000, 'x')});
  }
  for (const char* const key : {"sess:secret-a", "sess:secret-b", "sess:secret-b", "user:1"}) {
    client.Ask({"GET", key});
  }
  HttpClient http(proxy.http_port());
  for (const char* const path : {"/metrics", "/api/keys", "/api/slow"}) {
    const std::string body = http.Call("GET", path).body;
    EXPECT_EQ(body.find("secret"), std::string::npos) << path;
    EXPECT_THAT(body, HasSubstr("sess:#")) << path;
    EXPECT_THAT(body, HasSubstr("user:1")) << path;
  }
  EXPECT_THAT(http.Call("GET", "/api/keys").body,
              testing::AllOf(HasSubstr("\"hits\":2,\"misses\":0"), HasSubstr("\"tracked\":3")));
}

TEST(HttpSessionKeys, AreShownWhereThatIsWanted) {
  KeyholeProcess proxy({"--hash-session-keys", "off"});
  RawClient::Connect(proxy.port()).Ask({"GET", "sess:a"});
  EXPECT_EQ(proxy.Metric(R"(redis_app_cache_miss_total{key="sess:a"})"), 1);
}

TEST(HttpStart, NamesOfKeysThatLeaveThisMachineAreToldOf) {
  ChildProcess proxy(KeyholeProcess::CommandLine(
      {"--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--metrics", "0.0.0.0:0"}));
  proxy.WaitForErr("shows the names of keys to other machines");
}

}  // namespace
}  // namespace keyhole::test
