// Keys that are credentials: under what web frameworks name their sessions, the key ends in what
// the visitor's cookie carries. Who knows it is that visitor.
//
// | pattern                            | of                                                       |
// |------------------------------------|----------------------------------------------------------|
// | sess:*, *:sess:*                   | connect-redis (Express, Fastify), koa-session            |
// | session:*, *:session:*, session_*  | Flask-Session, Rails, Shiro, scs, redistore (gin)        |
// | *:sessions:*                       | Spring Session (spring:session:sessions:...)             |
// | *django.contrib.sessions*          | Django's cache and cached_db backends, after any prefix  |
// | *laravel_session:*, *-session-*    | Laravel with a prefix of sessions                        |
// | *cache[-_:]<40 letters or digits>  | Laravel's default: sessions under the prefix of its cache
// | | PHPREDIS_SESSION:*, sf_s*, sess_*  | PHP's own handler, Symfony, Magento | | ci_session:* |
// CodeIgniter                                              | | {*}_Data, {*}_Internal             |
// ASP.NET's session state provider                         |
//
// A name of one's own choosing is not known here; --key-labels hash covers all keys.
//
// Thread: any; pure functions. Cost: some 0.3 us; asked when a key gets a label, never per lookup.
#pragma once

#include <string>
#include <string_view>

namespace keyhole::metrics {

bool IsSessionKey(std::string_view key);

// The label of such a key: what its name begins with and all such keys share ("sess:"), so that one
// sees what it is, then HashLabel(key). Distinct as all altered labels are (label.h).
std::string SessionLabel(std::string_view key);

}  // namespace keyhole::metrics
