#include "proxy/config/config_options.h"

#include <limits>

#include "proxy/config/config_handlers.h"
#include "proxy/config/config_users.h"

namespace keyhole::core {
namespace {

using enum Change;

constexpr Option Define(std::string_view group, std::string_view flag, std::string_view value,
                        Change change, std::string_view help, Handler handler, bool list = false) {
  return {.group = group,
          .flag = flag,
          .value = value,
          .help = help,
          .apply = handler.apply,
          .show = handler.show,
          .list = list,
          .change = change,
          .same = handler.same,
          .take = handler.take,
          .obstacle = handler.obstacle,
          .secret = handler.secret};
}

constexpr std::string_view kWhere = "Addresses";
constexpr std::string_view kBehind = "Upstream";
constexpr std::string_view kTls = "TLS";
constexpr std::string_view kNear = "Near cache";
constexpr std::string_view kStore = "Embedded store";
constexpr std::string_view kCounting = "Counting";
constexpr std::string_view kLimits = "Threads, limits and timeouts";
constexpr std::string_view kSafety = "Access";
constexpr std::string_view kOther = "Other options";

constexpr uint64_t kNoMax = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kLargestNearValue = 16ULL << 20;
constexpr uint64_t kLargestBody = 512ULL << 20;  // what Redis takes as one value

// The column kRestart | kLive says what a running process could change; what depends on the size of
// a table, a thread, a socket or what Redis has been told is for a restart.
constexpr Option kOptions[] = {
    Define(
        kWhere, "--listen", "ADDRESS", kRestart,
        "Where clients connect, by RESP: host:port, [v6]:port, tls://host:port or "
        "unix:/path[?mode=0660&user=NAME&group=NAME]. May be given several times. Port 0 takes any "
        "free one.",
        kListen, true),
    Define(kWhere, "--proxy-from", "NETWORK", kRestart,
           "Who may send a header of the PROXY protocol to a proxy:// or proxy+tls:// address of "
           "--listen: 10.0.0.7, 10.0.0.0/8, fd00::/8. Others are refused there. May be given "
           "several times.",
           Words<At<&Config::proxy_from>, ParseNetwork>(), true),
    Define(kWhere, "--http", "ADDRESS", kRestart,
           "Where /metrics and the item calls are served, written as in --listen, but with "
           "https:// for TLS; off turns HTTP off.",
           kHttp),
    Define(kWhere, "--metrics", "ADDRESS", kRestart,
           "An address of its own for /metrics, /healthz and /readyz, written as in --http; "
           "/metrics is then served there only. http: the address of --http.",
           kMetricsAddress),
    Define(kWhere, "--http-hosts", "NAME", kLive,
           "A name by which HTTP clients may call this server, as in cache.example.org or "
           "*.example.org. IP addresses, localhost and the names that are listened on need not be "
           "listed. May be given several times.",
           Words<At<&Config::http, &HttpOptions::hosts>, ParseHttpHost>(), true),
    Define(kWhere, "--http-origins", "ORIGIN", kLive,
           "Pages of this origin may call this server from a browser (CORS), as in "
           "https://app.example.org. May be given several times.",
           Words<At<&Config::http, &HttpOptions::origins>, ParseHttpOrigin>(), true),
    Define(kWhere, "--http-items", "auto|on|off", kLive,
           "Whether HTTP serves the item calls, which read and write data. auto: with the embedded "
           "store and in front of a Redis on this machine.",
           Enum<At<&Config::http, &HttpOptions::items>, kHttpItems>()),

    Define(
        kBehind, "--upstream", "URL", kLive,
        "The Redis behind the proxy: redis://[[user]:password@]host[:port][/db], the same "
        "with rediss:// for TLS, redis+sentinel://host[:port][,...]/NAME[/db] for the master that "
        "Sentinels name, host[:port] or unix:/path[?db=N]; percent-encoding is decoded. A whole "
        "Redis Cluster: redis+cluster://[[user]:password@]host[:port][,host[:port]...], of which "
        "one node is enough. embedded: the embedded store. A password is safer in the environment "
        "or in the file than in a flag, which other users can see.",
        kUpstream),
    Define(kBehind, "--sentinel-user", "NAME", kRestart,
           "Who we are to the Sentinels in --upstream; those of the URL are for Redis.",
           Text<At<&Config::links, &UpstreamOptions::sentinel_user>>()),
    Define(kBehind, "--sentinel-password", "PASSWORD", kRestart,
           "The password that Sentinels ask for; safer in the environment or in the file.",
           Secret<At<&Config::links, &UpstreamOptions::sentinel_password>>()),
    Define(kBehind, "--serve-sentinel", "NAME", kRestart,
           "Answer SENTINEL as a Sentinel would whose master of this name is Keyhole itself: for "
           "clients that ask Sentinels where to connect.",
           Text<At<&Config::clients, &ClientOptions::sentinel_name>>()),
    Define(kBehind, "--serve-sentinel-address", "ADDRESS", kRestart,
           "The address that they are told, host:port. Without it, the one at which they have "
           "reached Keyhole.",
           kSentinelAddress),
    Define(
        kBehind, "--upstream-wait", "DURATION", kLive,
        "How long requests wait for a lost upstream to come back before their clients are told or "
        "closed. 0: not at all.",
        Duration<At<&Config::links, &UpstreamOptions::wait>>()),
    Define(kBehind, "--upstream-timeout", "DURATION", kLive,
           "How long an upstream may answer nothing at all before its connections are closed, with "
           "their clients, and new ones are made. 0: for ever.",
           Duration<At<&Config::links, &UpstreamOptions::timeout>>()),
    Define(kBehind, "--upstream-connect-timeout", "DURATION", kLive,
           "How long one attempt to connect to the upstream may take before the next one is made.",
           Duration<At<&Config::links, &UpstreamOptions::connect_timeout>, 1>()),
    Define(kBehind, "--upstream-resolve", "DURATION", kLive,
           "How often the host's name in --upstream is looked up again; if it leads elsewhere, "
           "connections are made anew there. 0: when one is lost only.",
           Duration<At<&Config::links, &UpstreamOptions::resolve>>()),
    Define(kBehind, "--upstream-idle", "NUMBER", kLive,
           "How many connections to the upstream a worker keeps open at most while nobody uses "
           "them. There are as many as were in use at once in the last minute.",
           Number<At<&Config::links, &UpstreamOptions::max_idle>, 0, 100000>()),
    Define(kBehind, "--upstream-spares", "NUMBER", kLive,
           "How many of them are opened ahead of need for each database in use, so that a "
           "request that needs a connection of its own (BLPOP, MULTI) need not wait for one.",
           Number<At<&Config::links, &UpstreamOptions::spares>, 0, 1000>()),
    Define(kBehind, "--sharing", "on|off", kRestart,
           "on: clients share one connection to the upstream where their commands allow it. off: "
           "every client has one of its own.",
           Switch<At<&Config::links, &UpstreamOptions::sharing>>()),

    Define(
        kBehind, "--client-names", "own|forward", kLive,
        "What Redis is told to call a connection that is one client's own: what the client says, "
        "or also its address, as in billing@10.0.0.7:50312. CLIENT GETNAME shows it there.",
        Enum<At<&Config::clients, &ClientOptions::names>, kClientNames>()),
    Define(kBehind, "--cluster-split", "on|off", kRestart,
           "In front of a Redis Cluster, MGET, MSET, DEL, UNLINK, EXISTS and TOUCH of keys in "
           "several slots become one request for each slot. off: they get CROSSSLOT, as from a "
           "node.",
           Switch<At<&Config::cluster, &ClusterOptions::split>>()),
    Define(kBehind, "--cluster-refresh", "DURATION", kRestart,
           "How often a node of a Redis Cluster is asked which slots are where, even if nothing "
           "suggests that they have moved.",
           Duration<At<&Config::cluster, &ClusterOptions::refresh>, 100>()),
    Define(
        kBehind, "--replica-reads", "off|prefer|only", kRestart,
        "In front of a Redis Cluster, where commands that only read go. off: to masters. prefer: "
        "to a replica, if one can be reached; a client may not see at once what it has written. "
        "only: never to a master.",
        Enum<At<&Config::cluster, &ClusterOptions::replica_reads>, kReplicaReads>()),
    Define(kBehind, "--cluster-facade", "redis|cluster", kRestart,
           "What a Redis Cluster looks like to clients. redis: one Redis. cluster: a cluster with "
           "the proxy as its only node, for clients that ask for CLUSTER SLOTS.",
           Enum<At<&Config::cluster, &ClusterOptions::facade>, kClusterFacades>()),

    Define(kTls, "--tls-cert", "FILE", kLive,
           "The certificate that clients see on tls:// and https:// addresses, in PEM form, with "
           "those that vouch for it behind it. It and the other files are read again when they "
           "change, and on SIGHUP.",
           Text<At<&Config::tls, &net::TlsServerOptions::cert>>()),
    Define(kTls, "--tls-key", "FILE", kLive, "The private key of this certificate.",
           Text<At<&Config::tls, &net::TlsServerOptions::key>>()),
    Define(kTls, "--tls-client-ca", "FILE", kLive,
           "Clients are asked for a certificate that one of these authorities vouches for.",
           Text<At<&Config::tls, &net::TlsServerOptions::client_ca>>()),
    Define(kTls, "--tls-client", "optional|required", kLive,
           "Whether clients without a certificate are refused.",
           Enum<At<&Config::tls, &net::TlsServerOptions::clients>, kClientCertificates>()),
    Define(kTls, "--upstream-tls-ca", "FILE", kLive,
           "The authorities that vouch for the upstream. Without it, those that the system trusts.",
           Text<At<&Config::upstream_tls, &net::TlsUpstreamOptions::ca>>()),
    Define(kTls, "--upstream-tls-cert", "FILE", kLive,
           "The certificate that the upstream is shown, if it asks for one.",
           Text<At<&Config::upstream_tls, &net::TlsUpstreamOptions::cert>>()),
    Define(kTls, "--upstream-tls-key", "FILE", kLive, "The private key of this certificate.",
           Text<At<&Config::upstream_tls, &net::TlsUpstreamOptions::key>>()),
    Define(kTls, "--upstream-tls-name", "NAME", kLive,
           "The name that the certificate of the upstream must have. Without it, the host in "
           "--upstream.",
           Text<At<&Config::upstream_tls, &net::TlsUpstreamOptions::name>>()),
    Define(kTls, "--upstream-tls-insecure", "", kLive,
           "Do not check the certificate of the upstream: whoever answers is believed.",
           Switch<At<&Config::upstream_tls, &net::TlsUpstreamOptions::insecure>>()),

    Define(kNear, "--near-cache", "SIZE", kLive,
           "Memory for the near cache, which answers GET of hot keys; Redis sends an invalidation "
           "when they change. At least 1mb; 0: off.",
           kNearCache),
    Define(kNear, "--near-cache-prefix", "PREFIX", kLive,
           "Only keys with this prefix are cached. May be given several times.",
           Words<At<&Config::near, &NearOptions::prefixes>, ParseKeyPrefix>(), true),
    Define(
        kNear, "--near-cache-consistency", "causal|eventual", kLive,
        "causal: a client is served nothing older than what Redis has told it. eventual: nothing "
        "older than its own writes.",
        Enum<At<&Config::near, &NearOptions::consistency>, kConsistencies>()),
    Define(kNear, "--near-cache-min-reads", "NUMBER", kLive,
           "How many recent reads a key needs before it is cached, 1 to 100; more if it changes "
           "often.",
           Number<At<&Config::near, &NearOptions::min_reads>, 1, 100>()),
    Define(kNear, "--near-cache-max-age", "DURATION", kLive,
           "The maximum age of an entry; an entry in use is fetched again at half of it.",
           Duration<At<&Config::near, &NearOptions::max_age>, 1000>()),
    Define(kNear, "--near-cache-max-value", "SIZE", kLive,
           "The largest value that is cached, up to 16mb.",
           Size<At<&Config::near, &NearOptions::max_value>, 0, kLargestNearValue>()),
    Define(kNear, "--near-cache-nulls", "on|off", kLive, "on: misses are cached too.",
           Switch<At<&Config::near, &NearOptions::nulls>>()),
    Define(kNear, "--near-cache-mget", "on|off", kLive,
           "on: MGET is answered too, if all its keys are cached; the values may then be of "
           "different moments.",
           Switch<At<&Config::near, &NearOptions::mget>>()),
    Define(kNear, "--near-cache-heartbeat", "DURATION", kLive,
           "How often Keyhole checks that invalidations from Redis still arrive. If Redis does not "
           "answer for as long, nothing is served. At least 100ms.",
           Duration<At<&Config::near, &NearOptions::heartbeat>, 100>()),
    Define(kNear, "--serve-stale", "DURATION", kLive,
           "How long cached values may be served while the upstream is down. 0: never.",
           Duration<At<&Config::near, &NearOptions::serve_stale>>()),

    Define(kStore, "--max-memory", "SIZE|PERCENT", kLive,
           "What the keys may take, of the machine or the container. 0: no limit.", kMaxMemory),
    Define(kStore, "--eviction", "POLICY", kLive,
           "Which keys are evicted when that is full: s3-fifo, lru; noeviction: none.",
           Enum<At<&Config::eviction>, kEvictions>()),

    Define(kStore, "--snapshot", "FILE", kRestart,
           "A file in Redis' format (RDB) that keys are written to at the end, by SAVE and BGSAVE, "
           "and from time to time; they are read from it at the start.",
           Text<At<&Config::snapshots, &store::SnapshotOptions::path>>()),
    Define(kStore, "--snapshot-every", "RULES", kRestart,
           "How often: a duration, as in 15m; or as in redis.conf after how many seconds, if so "
           "many keys have changed, as in \"900 1 60 1000\"; off.",
           kSnapshotEvery),
    Define(kStore, "--load", "FILE", kRestart,
           "A file in Redis' format whose keys the store has at the start; it is not written.",
           Text<At<&Config::snapshots, &store::SnapshotOptions::load>>()),
    Define(kStore, "--snapshot-skip-unknown", "", kRestart,
           "What the embedded store does not have, as values of modules, is left out of what is "
           "loaded, instead of not starting.",
           Switch<At<&Config::snapshots, &store::SnapshotOptions::skip_unknown>>()),

    Define(kCounting, "--tracked-keys", "NUMBER", kLive,
           "How many keys have hit and miss counters of their own, 0 to 10000; all others count "
           "under __other__.",
           Number<At<&Config::keys, &metrics::KeyOptions::capacity>, 0, 10000>()),
    Define(
        kCounting, "--key-pattern", "PATTERN", kLive,
        "Keys that match, as in user:*, count together under the pattern; the first pattern that "
        "matches takes the key. May be given several times.",
        Words<At<&Config::keys, &metrics::KeyOptions::patterns>, ParseKeyPattern>(), true),
    Define(kCounting, "--key-labels", "on|off|hash", kLive,
           "How keys are named in metrics. on: as they are. hash: by a hash. off: not at all; all "
           "but patterns count under __other__.",
           Enum<At<&Config::keys, &metrics::KeyOptions::labels>, kKeyLabels>()),
    Define(
        kCounting, "--hash-session-keys", "on|off", kLive,
        "on: keys that are credentials, such as sess:* and session:*, are hashed in metrics even "
        "if --key-labels is on.",
        Switch<At<&Config::keys, &metrics::KeyOptions::hash_sessions>>()),
    Define(kCounting, "--key-epoch", "DURATION", kLive,
           "How often heavy keys take the places of lighter ones, once all are taken.",
           Duration<At<&Config::keys, &metrics::KeyOptions::epoch>, 100>()),
    Define(kCounting, "--key-churn", "PERCENT", kLive,
           "How many places may change hands in a minute, in percent of --tracked-keys, 0 to 1000. "
           "0: the first keys stay for ever.",
           Percent<At<&Config::keys, &metrics::KeyOptions::churn>, 0, 1000>()),
    Define(kCounting, "--key-zero-hold", "DURATION", kLive,
           "How long a key that took the place of another one is shown at 0 before it counts. At "
           "least the scrape interval, so that no scraper misses the 0.",
           Duration<At<&Config::keys, &metrics::KeyOptions::zero_hold>>()),
    Define(kCounting, "--count-commands", "NAME", kLive,
           "A lookup to be counted that is not counted by default, such as exists or strlen; all: "
           "every one. May be given several times.",
           kCountCommands, true),

    Define(kLimits, "--workers", "NUMBER", kRestart,
           "Threads that serve clients, 1 to 64. One is enough for one Redis.",
           Number<At<&Config::workers>, 1, 64>()),
    Define(
        kLimits, "--max-clients", "NUMBER", kLive,
        "How many clients may be connected, 1 to 1000000. Beyond that, a client that has not yet "
        "sent a whole request, or the password, is closed to make room; if there is none, the "
        "new client gets an error and is closed.",
        Number<At<&Config::clients, &ClientOptions::max>, 1, 1000000>()),
    Define(kLimits, "--max-clients-per-address", "NUMBER", kLive,
           "How many of them may come from one address; an IPv6 network /64 is one. 0: no limit.",
           Number<At<&Config::clients, &ClientOptions::max_per_address>, 0, 1000000>()),
    Define(kLimits, "--client-rate", "NUMBER", kLive,
           "How many requests a second the clients of one address may send by RESP, and so many at "
           "once after a pause; beyond that they get an error. 0: no limit.",
           Number<At<&Config::clients, &ClientOptions::rate>, 0, 1000000000>()),
    Define(kLimits, "--client-memory", "SIZE", kLive,
           "What requests and replies of all clients may take in memory; beyond that the client "
           "that has most is disconnected. 0: no limit.",
           Size<At<&Config::clients, &ClientOptions::memory>, 0, kNoMax>()),
    Define(kLimits, "--client-output-limit", "SIZE", kLive,
           "A client with more unread output than this is disconnected. 0: no limit.",
           Size<At<&Config::clients, &ClientOptions::output_limit>, 0, kNoMax>()),
    Define(kLimits, "--client-idle-timeout", "DURATION", kLive,
           "A client that sends nothing for this long is closed. 0: never.",
           Duration<At<&Config::clients, &ClientOptions::idle_timeout>>()),
    Define(kLimits, "--http-body-limit", "SIZE", kLive,
           "The largest body of an HTTP request, 1 byte to 512mb.",
           Size<At<&Config::http, &HttpOptions::body_limit>, 1, kLargestBody>()),
    Define(kLimits, "--http-idle-timeout", "DURATION", kLive,
           "An HTTP connection that is silent for this long is closed. 0: never.",
           Duration<At<&Config::http, &HttpOptions::idle_timeout>>()),
    Define(kLimits, "--http-request-timeout", "DURATION", kLive,
           "How long an HTTP request may take to arrive, from its first byte to its last; its head "
           "no longer than 10s. 0: any time.",
           Duration<At<&Config::http, &HttpOptions::request_timeout>>()),
    Define(kLimits, "--shutdown-grace", "DURATION", kLive,
           "How long in-flight requests may take to finish at shutdown. 0: none.",
           Duration<At<&Config::shutdown_grace>>()),
    Define(kLimits, "--drain-delay", "DURATION", kLive,
           "How long clients are still served after the process was told to stop, while /readyz "
           "says 503, so that load balancers send no more of them. 0: not at all.",
           Duration<At<&Config::drain_delay>>()),

    Define(kSafety, "--requirepass", "PASSWORD", kLive,
           "The password that clients must give, by RESP and by HTTP; none, if this is left "
           "out. Safer in the "
           "environment or in the file than in a flag, which other users can see.",
           Secret<At<&Config::requirepass>>()),
    Define(
        kSafety, "--users", "FILE", kLive,
        "Users and their permissions, one user a line as in an aclfile of Redis 7: user alice on "
        ">password ~app:* +@read. A user default that it does not have is off.",
        UsersFile<At<&Config::users_file>>()),
    Define(
        kSafety, "--deny", "COMMAND", kLive,
        "A command that is refused to everybody, as in flushall, 'config set', 'config *' or "
        "@dangerous, a category of Redis' ACL. Scripts are not looked into. May be given several "
        "times.",
        Words<At<&Config::clients, &ClientOptions::deny>, ParseDenied>(), true),
    Define(kSafety, "--read-only", "", kLive,
           "Refuses commands that write, and scripts but for EVAL_RO, EVALSHA_RO and FCALL_RO.",
           Switch<At<&Config::clients, &ClientOptions::read_only>>()),
    Define(kSafety, "--metrics-open", "", kLive,
           "/metrics answers without a password where everything else asks for one; it shows names "
           "of keys.",
           Switch<At<&Config::http, &HttpOptions::metrics_open>>()),
    Define(kSafety, "--allow-unprotected", "", kRestart,
           "Listen beyond this machine even where clients need no password.",
           Switch<At<&Config::allow_unprotected>>()),
    Define(
        kSafety, "--allow-shutdown", "", kLive,
        "Let clients stop Redis (or the embedded store) with SHUTDOWN, which is refused otherwise.",
        Switch<At<&Config::clients, &ClientOptions::allow_shutdown>>()),

    Define(kSafety, "--enable-debug-command", "", kRestart,
           "Let clients of the embedded store use DEBUG (SLEEP, POPULATE ...), for tests.",
           Switch<At<&Config::debug_command>>()),

    Define(kOther, "--log-level", "LEVEL", kLive,
           "What is logged: trace, debug, info, warn, error, critical or off.", LogLevelHandler()),
    Define(kOther, "--log-format", "text|json", kLive,
           "text: lines for people; where stderr is the journal of systemd, with its priorities. "
           "json: one object a line.",
           Enum<At<&Config::log, &LogOptions::format>, kLogFormats>()),
    Define(kOther, "--log-file", "FILE", kLive,
           "Where the log goes instead of stderr. It is opened again on SIGUSR1, after logrotate "
           "has moved it away.",
           Text<At<&Config::log, &LogOptions::file>>()),
    Define(kOther, "--log-slow", "DURATION", kLive,
           "A request that takes longer has a line in the log, with its key and its client, and "
           "without values. 0: none.",
           Duration<At<&Config::log, &LogOptions::slow>>()),
    Define(kOther, "--log-requests", "SHARE", kLive,
           "The share of all requests that have a line in the log, as in 0.001; 0: none, 1: all.",
           Share<At<&Config::log, &LogOptions::requests>>()),
    {kOther, "--config", "FILE",
     "A TOML file with options; configs/keyhole.toml explains them all."},
    {kOther, "--version", "", "Print the version."},
    {kOther, "--verbose", "", "With --version: the libraries too, their versions and licences."},
    {kOther, "--help", "", "Print this."},
};

}  // namespace

std::string Option::variable() const {
  std::string name = "KEYHOLE_";
  for (const char c : key()) {
    name.push_back(c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c));
  }
  return name;
}

std::span<const Option> Options() {
  return kOptions;
}

}  // namespace keyhole::core
