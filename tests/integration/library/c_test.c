/* The header is C, and a call goes through. */
#include <keyhole/keyhole_c.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  char* error = NULL;
  kh_instance* cache = kh_start(NULL, &error);
  if (cache == NULL) {
    puts(error);
    return 1;
  }
  kh_connection* connection = kh_connect(cache);
  const char* value = NULL;
  size_t size = 0;
  if (kh_get(connection, "k", 1, &value, &size) != KH_MISSING) return 2;
  if (kh_set(connection, "k", 1, "value", 5, 0) != KH_OK) return 3;
  if (kh_get(connection, "k", 1, &value, &size) != KH_OK) return 4;
  if (size != 5 || memcmp(value, "value", 5) != 0) return 5;
  kh_connection_free(connection);
  kh_free(cache);
  puts(kh_version());
  return 0;
}
