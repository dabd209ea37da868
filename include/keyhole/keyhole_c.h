/* Keyhole for any language: a plain C interface to keyhole.h, in libkeyhole.so.0.
 *
 * Handles are opaque; whoever gets one frees it. Functions take bytes with their sizes and never
 * keep them. Nothing throws, ends the process or touches signals.
 *
 * The ABI is versioned semantically: within .so.0 functions are only added. A struct that the
 * caller makes begins with its own size, as sizeof says, so that it can grow: what is not in the
 * caller's struct is taken as 0.
 *
 * Thread: kh_instance any, and several at once; kh_options and kh_connection one at a time.
 */
#ifndef KEYHOLE_KEYHOLE_C_H_
#define KEYHOLE_KEYHOLE_C_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KH_EXPORT __attribute__((visibility("default")))

typedef struct kh_options kh_options;
typedef struct kh_instance kh_instance;
typedef struct kh_connection kh_connection;
typedef struct kh_reply kh_reply;

/* Why there is no result; the values of keyhole::Error::Code. */
enum {
  KH_OK = 0,
  KH_START = 1,
  KH_REPLY = 2,
  KH_TIMEOUT = 3,
  KH_CANCELLED = 4,
  KH_LOST = 5,
  KH_STOPPED = 6,
  KH_MISSING = 100 /* nothing is wrong: the key is not there */
};

enum {
  KH_NIL = 0,
  KH_STRING = 1,
  KH_INTEGER = 2,
  KH_STATUS = 3,
  KH_FAILURE = 4,
  KH_ARRAY = 5,
  KH_SET = 6,
  KH_MAP = 7, /* keys and values in turn */
  KH_DOUBLE = 8,
  KH_BOOL = 9,
  KH_BIG_NUMBER = 10
};

typedef struct kh_call_options {
  size_t size;        /* sizeof(kh_call_options) */
  int64_t timeout_ms; /* 0: as long as it takes */
} kh_call_options;

/* "0.1.0" */
KH_EXPORT const char* kh_version(void);

/* ---- options: by the names of the command line, without the -- */
KH_EXPORT kh_options* kh_options_new(void);
KH_EXPORT void kh_options_free(kh_options* options);
KH_EXPORT void kh_options_set(kh_options* options, const char* name, const char* value);
KH_EXPORT void kh_options_toml(kh_options* options, const char* text);
KH_EXPORT void kh_options_file(kh_options* options, const char* path);

/* ---- an instance
 * Null: *error is why not, for kh_string_free(). */
KH_EXPORT kh_instance* kh_start(const kh_options* options, char** error);
KH_EXPORT uint16_t kh_port(const kh_instance* instance);
KH_EXPORT uint16_t kh_http_port(const kh_instance* instance);
/* What /metrics says, for kh_string_free(). */
KH_EXPORT char* kh_metrics_text(const kh_instance* instance);
/* Returns when all its threads are gone. */
KH_EXPORT void kh_stop(kh_instance* instance, int64_t grace_ms);
/* Stops it, too. */
KH_EXPORT void kh_free(kh_instance* instance);
KH_EXPORT void kh_string_free(char* string);

/* ---- calls inside the process; a connection may outlive its instance */
KH_EXPORT kh_connection* kh_connect(kh_instance* instance);
KH_EXPORT void kh_connection_free(kh_connection* connection);
/* Any command. Never null; the reply lives until the next call on this connection. options: null
 * for none. */
KH_EXPORT const kh_reply* kh_call(kh_connection* connection, size_t count, const char* const* words,
                                  const size_t* sizes, const kh_call_options* options);
/* KH_OK: *value and *value_size are it, until the next call. */
KH_EXPORT int kh_get(kh_connection* connection, const char* key, size_t key_size,
                     const char** value, size_t* value_size);
/* ttl_ms: 0: for good. */
KH_EXPORT int kh_set(kh_connection* connection, const char* key, size_t key_size, const char* value,
                     size_t value_size, int64_t ttl_ms);
/* Why the last kh_get() or kh_set() gave neither KH_OK nor KH_MISSING; until the next one. */
KH_EXPORT const char* kh_error(const kh_connection* connection);

/* ---- replies */
KH_EXPORT int kh_reply_type(const kh_reply* reply);
/* Of a failure KH_REPLY and so on; else KH_OK. */
KH_EXPORT int kh_reply_code(const kh_reply* reply);
/* The bytes of a string, the text of a status, failure or big number; not ended by a zero. */
KH_EXPORT const char* kh_reply_text(const kh_reply* reply, size_t* size);
/* Of an integer, or 1 and 0 of a bool. */
KH_EXPORT int64_t kh_reply_integer(const kh_reply* reply);
KH_EXPORT double kh_reply_double(const kh_reply* reply);
KH_EXPORT size_t kh_reply_count(const kh_reply* reply);
KH_EXPORT const kh_reply* kh_reply_element(const kh_reply* reply, size_t index);

#ifdef __cplusplus
}
#endif

#endif /* KEYHOLE_KEYHOLE_C_H_ */
