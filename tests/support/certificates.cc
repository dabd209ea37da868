#include "tests/support/certificates.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/support/child_process.h"

namespace keyhole::test {
namespace {

std::filesystem::path MakeFolder() {
  char path[] = "/tmp/keyhole-tls-XXXXXX";
  if (mkdtemp(path) == nullptr) throw std::runtime_error("mkdtemp");
  return path;
}

}  // namespace

Certificates::Certificates()
    : folder_(MakeFolder()),
      authority(Authority("authority")),
      server(Issue("server", authority, "DNS:localhost,IP:127.0.0.1")),
      client(Issue("client", authority, "DNS:client")) {}

Certificates::~Certificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Certificates::Run(std::vector<std::string> words) const {
  words.insert(words.begin(), "openssl");
  ChildProcess openssl(words);
  if (openssl.Wait() != 0) throw std::runtime_error("openssl: " + openssl.err());
}

std::vector<std::string> Certificates::RedisConfig(uint16_t port) const {
  return {"tls-port " + std::to_string(port), "tls-cert-file " + server.cert,
          "tls-key-file " + server.key, "tls-ca-cert-file " + authority.cert,
          "tls-auth-clients no"};
}

std::string Certificates::Lock(const std::string& key, const std::string& name) const {
  Run({"pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", Path(name)});
  return Path(name);
}

Identity Certificates::Authority(const std::string& name, int days) {
  const Identity made{Path(name + ".crt"), Path(name + ".key")};
  Run({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-days", std::to_string(days), "-subj", "/CN=" + name, "-keyout", made.key, "-out",
       made.cert});
  return made;
}

Identity Certificates::Issue(const std::string& name, const Identity& issuer,
                             const std::string& names, int days) {
  const Identity made{Path(name + ".crt"), Path(name + ".key")};
  const std::string request = Path(name + ".csr");
  const std::string extensions = Path(name + ".ext");
  std::ofstream(extensions) << "subjectAltName=" << names << "\n";
  Run({"req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
       "-subj", "/CN=" + name, "-keyout", made.key, "-out", request});
  Run({"x509", "-req", "-in", request, "-CA", issuer.cert, "-CAkey", issuer.key, "-CAcreateserial",
       "-days", std::to_string(days), "-extfile", extensions, "-out", made.cert});
  return made;
}

}  // namespace keyhole::test
