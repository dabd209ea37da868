#include "proxy/config/sources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "proxy/base/version.h"
#include "proxy/config/config_file.h"
#include "proxy/config/config_options.h"
#include "proxy/config/config_users.h"

namespace keyhole::core {
namespace {

constexpr size_t kLargestFile = 1 << 20;

// Options of TLS that need each other.
Problem CheckTls(const Config& config) {
  const net::TlsServerOptions& own = config.tls;
  const net::TlsUpstreamOptions& upstream = config.upstream_tls;
  if (config.ListensWithTls() && (own.cert.empty() || own.key.empty())) {
    return "clients are to come by TLS, which needs a certificate and its key; give --tls-cert and "
           "--tls-key, or an address without tls:// and https://";
  }
  if (!config.ListensWithTls() && !(own == net::TlsServerOptions{})) {
    return "--tls-cert and the like are given, and no address is reached by TLS; give --listen "
           "tls://host:port or --http https://host:port, or leave them out";
  }
  if (own.client_ca.empty() && own.clients != net::TlsServerOptions{}.clients) {
    return "--tls-client says whether clients must have a certificate, and who vouches for it is "
           "missing; give --tls-client-ca";
  }
  if (!config.ConnectsWithTls() && !(upstream == net::TlsUpstreamOptions{})) {
    return "--upstream-tls-ca and the like are given, and the upstream is not reached by TLS; give "
           "--upstream rediss://host, or leave them out";
  }
  if (upstream.cert.empty() != upstream.key.empty()) {
    return "--upstream-tls-cert and --upstream-tls-key go together; give both, or none";
  }
  if (upstream.insecure && !(upstream.ca.empty() && upstream.name.empty())) {
    return "--upstream-tls-insecure checks nothing, and --upstream-tls-ca and --upstream-tls-name "
           "say what to check; leave one of the two out";
  }
  return std::nullopt;
}

Problem CheckSnapshots(const Config& config) {
  const store::SnapshotOptions& snapshots = config.snapshots;
  if (config.upstream && !(snapshots.path.empty() && snapshots.load.empty())) {
    return "--snapshot and --load are about the embedded store, and --upstream names a Redis; "
           "leave "
           "one of them out";
  }
  if (!snapshots.path.empty() && !snapshots.load.empty()) {
    return "--snapshot and --load both say what to begin with; leave one out, or copy the file of "
           "--load to that of --snapshot";
  }
  return std::nullopt;
}

Problem CheckCluster(const Config& config) {
  const bool cluster = config.upstream && config.upstream->is_cluster();
  if (cluster && config.near.memory > 0) {
    return "--near-cache is not available in front of a Redis Cluster yet; leave it out";
  }
  if (!cluster && config.cluster.replica_reads != ReplicaReads::kOff) {
    return "--replica-reads is about the replicas of a Redis Cluster, and --upstream names none; "
           "give --upstream redis+cluster://host:port, or leave it out";
  }
  if (!cluster && config.cluster.facade != ClusterFacade::kRedis) {
    return "--cluster-facade is about a Redis Cluster, and --upstream names none; give --upstream "
           "redis+cluster://host:port, or leave it out";
  }
  if (cluster && !config.links.sharing) {
    return "--sharing off is not available in front of a Redis Cluster, where a client's requests "
           "go to several nodes; leave it out";
  }
  return std::nullopt;
}

// Settings that are right one by one and wrong together.
Problem CheckTogether(const Config& config) {
  if (!config.upstream && config.near.memory > 0) {
    return "--near-cache keeps what a Redis holds, and --upstream is not given; give it, or leave "
           "--near-cache out";
  }
  if (Problem problem = CheckCluster(config)) return problem;
  const bool has_sentinels = config.upstream && config.upstream->sentinels.has_value();
  if (!has_sentinels &&
      !(config.links.sentinel_user.empty() && config.links.sentinel_password.empty())) {
    return "--sentinel-user and --sentinel-password are given, and --upstream names no Sentinels; "
           "give --upstream redis+sentinel://host/NAME, or leave them out";
  }
  if (config.clients.sentinel_name.empty() && config.clients.sentinel_address.port != 0) {
    return "--serve-sentinel-address is what is told by --serve-sentinel, which is not given; give "
           "it, or leave the address out";
  }
  const bool expects_headers = std::any_of(config.listen.begin(), config.listen.end(),
                                           [](const Endpoint& endpoint) { return endpoint.proxy; });
  if (expects_headers == config.proxy_from.empty()) {
    return expects_headers
               ? "a proxy:// address believes what load balancers say of their clients, so it has "
                 "to be said who they are; give --proxy-from"
               : "--proxy-from says who may send PROXY headers, and no address expects them; give "
                 "--listen proxy://host:port, or leave it out";
  }
  if (Problem problem = CheckSnapshots(config)) return problem;
  return CheckTls(config);
}

}  // namespace

size_t IndexOf(std::string_view flag) {
  const std::span<const Option> options = Options();
  size_t i = 0;
  while (i < options.size() && options[i].flag != flag) ++i;
  return i;
}

std::vector<std::string> SplitList(const std::vector<std::string>& texts) {
  std::vector<std::string> elements;
  for (const std::string& text : texts) {
    if (text.empty()) elements.emplace_back();  // see EmptyValue()
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) {
      const size_t first = part.find_first_not_of(' ');
      if (first == std::string::npos) continue;
      elements.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
    }
  }
  return elements;
}

std::string HintFor(std::string_view word, bool in_file) {
  std::vector<std::string_view> names;
  for (const Option& option : Options()) {
    if (!in_file) {
      names.push_back(option.flag);
    } else if (option.apply != nullptr) {
      names.push_back(option.key());
    }
  }
  std::string hint = DidYouMean(Nearest(word, names));
  if (!hint.empty()) return hint;
  return in_file ? "; keyhole --help lists the options, without their -- they are the keys"
                 : "; keyhole --help lists the options";
}

Problem ReadText(std::string_view text, std::string_view name, Source* source) {
  FileContents contents = ParseConfigFile(text);
  const std::string prefix = name.empty() ? "" : std::string(name) + " ";
  for (FileItem& item : contents.items) {
    const std::string where = prefix + "line " + std::to_string(item.line) + ": ";
    const size_t i = IndexOf("--" + item.key);
    if (i == Options().size() || Options()[i].apply == nullptr) {
      return where + "unknown key " + Quoted(item.key) + HintFor(item.key, true);
    }
    if (item.is_array && !Options()[i].list) {
      return where + item.key + " takes one value, not an array [...]";
    }
    (*source)[i] = Given{where + item.key, std::move(item.values)};
  }
  if (!contents.problem.empty()) return prefix + contents.problem;
  return std::nullopt;
}

Problem ReadFile(const std::string& path, const std::string& where, Source* source) {
  const std::string named = where + ": the file " + Quoted(path);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return named + " is a directory";
  std::ifstream input(path, std::ios::binary);
  if (!input) return named + " does not exist or may not be read";
  std::string text(kLargestFile + 1, '\0');
  input.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(input.gcount()));
  if (text.size() > kLargestFile) return named + " is longer than 1 MiB, too long for options";
  return ReadText(text, path, source);
}

Problem EmptyValue(const Given& given, size_t option) {
  if (std::find(given.texts.begin(), given.texts.end(), "") == given.texts.end()) {
    return std::nullopt;
  }
  const auto show = Options()[option].show;
  const std::string standard = show == nullptr ? "" : show(Config{});
  return given.where + " is empty; give a value, or leave it out" +
         (standard.empty() ? "" : " for the default, which is " + standard);
}

Problem ApplySources(std::span<const Source* const> sources, Config* config) {
  for (size_t i = 0; i < Options().size(); ++i) {
    const Option& option = Options()[i];
    if (option.apply == nullptr) continue;
    for (const Source* source : sources) {
      const std::optional<Given>& given = (*source)[i];
      if (!given) continue;
      if (!option.list && given->texts.size() > 1) {
        return given->where + " is given " + std::to_string(given->texts.size()) +
               " times; give it once";
      }
      if (Problem problem = EmptyValue(*given, i)) return problem;
      if (Problem problem = option.apply(given->texts, config)) {
        return given->where + ": " + *problem;
      }
      break;
    }
  }
  return std::nullopt;
}

Problem CompleteConfig(Config* config) {
  if (Problem problem = CheckTogether(*config)) return problem;
  if (config->upstream && config->upstream->sentinels) {
    config->upstream->sentinels->user = config->links.sentinel_user;
    config->upstream->sentinels->password = config->links.sentinel_password;
  }
  return LoadUsers(config);
}

std::string VersionLine() {
  return "keyhole " + std::string(kVersion);
}

}  // namespace keyhole::core
