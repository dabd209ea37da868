"""libkeyhole.so.0 as another language sees it. Usage: ctypes_test.py libkeyhole.so.0"""
import ctypes
import socket
import sys
from ctypes import POINTER, byref, c_char_p, c_double, c_int, c_int64, c_size_t, c_uint16, c_void_p

KH_OK, KH_START, KH_REPLY, KH_TIMEOUT, KH_STOPPED, KH_MISSING = 0, 1, 2, 3, 6, 100
KH_NIL, KH_STRING, KH_INTEGER, KH_STATUS, KH_FAILURE, KH_ARRAY, KH_MAP = 0, 1, 2, 3, 4, 5, 7

lib = ctypes.CDLL(sys.argv[1])
for name, result, *arguments in [
    ("kh_options_new", c_void_p),
    ("kh_options_free", None, c_void_p),
    ("kh_options_set", None, c_void_p, c_char_p, c_char_p),
    ("kh_options_toml", None, c_void_p, c_char_p),
    ("kh_start", c_void_p, c_void_p, POINTER(c_void_p)),
    ("kh_port", c_uint16, c_void_p),
    ("kh_metrics_text", c_void_p, c_void_p),
    ("kh_stop", None, c_void_p, c_int64),
    ("kh_free", None, c_void_p),
    ("kh_string_free", None, c_void_p),
    ("kh_connect", c_void_p, c_void_p),
    ("kh_connection_free", None, c_void_p),
    ("kh_call", c_void_p, c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_size_t), c_void_p),
    ("kh_get", c_int, c_void_p, c_char_p, c_size_t, POINTER(c_void_p), POINTER(c_size_t)),
    ("kh_set", c_int, c_void_p, c_char_p, c_size_t, c_char_p, c_size_t, c_int64),
    ("kh_error", c_char_p, c_void_p),
    ("kh_reply_type", c_int, c_void_p),
    ("kh_reply_code", c_int, c_void_p),
    ("kh_reply_text", c_void_p, c_void_p, POINTER(c_size_t)),
    ("kh_reply_integer", c_int64, c_void_p),
    ("kh_reply_double", c_double, c_void_p),
    ("kh_reply_count", c_size_t, c_void_p),
    ("kh_reply_element", c_void_p, c_void_p, c_size_t),
]:
    function = getattr(lib, name)
    function.restype = result
    function.argtypes = arguments


class CallOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("timeout_ms", c_int64)]


def take(string):
    text = ctypes.string_at(string).decode()
    lib.kh_string_free(string)
    return text


def start(**options):
    made = lib.kh_options_new()
    for name, value in options.items():
        lib.kh_options_set(made, name.encode(), value.encode())
    error = c_void_p()
    instance = lib.kh_start(made, byref(error))
    lib.kh_options_free(made)
    return instance, None if instance else take(error.value)


def call(connection, *words, options=None):
    count = len(words)
    return lib.kh_call(connection, count, (c_char_p * count)(*words),
                       (c_size_t * count)(*map(len, words)), options and byref(options))


def text(reply):
    size = c_size_t()
    return ctypes.string_at(lib.kh_reply_text(reply, byref(size)), size.value)


instance, mistake = start(workers="0")
assert instance is None and mistake.startswith("workers: "), mistake

cache, _ = start(listen="127.0.0.1:0")
connection = lib.kh_connect(cache)
value, size = c_void_p(), c_size_t()
assert lib.kh_get(connection, b"k", 1, byref(value), byref(size)) == KH_MISSING
assert lib.kh_set(connection, b"k", 1, b"a\0b", 3, 0) == KH_OK
assert lib.kh_get(connection, b"k", 1, byref(value), byref(size)) == KH_OK
assert ctypes.string_at(value.value, size.value) == b"a\0b"
assert lib.kh_set(connection, b"k", 1, b"v", 1, -1) == KH_REPLY
assert b"invalid expire" in lib.kh_error(connection)

assert lib.kh_reply_type(call(connection, b"GET", b"none")) == KH_NIL
reply = call(connection, b"INCR", b"n")
assert (lib.kh_reply_type(reply), lib.kh_reply_integer(reply)) == (KH_INTEGER, 1)
reply = call(connection, b"INCR", b"k")
assert (lib.kh_reply_type(reply), lib.kh_reply_code(reply)) == (KH_FAILURE, KH_REPLY)
assert text(reply).startswith(b"ERR value is not an integer")
call(connection, b"HSET", b"h", b"f", b"1")
reply = call(connection, b"HGETALL", b"h")
assert (lib.kh_reply_type(reply), lib.kh_reply_count(reply)) == (KH_ARRAY, 2)
assert text(lib.kh_reply_element(reply, 0)) == b"f"
assert lib.kh_reply_element(reply, 2) is None
call(connection, b"HELLO", b"3")
assert lib.kh_reply_type(call(connection, b"HGETALL", b"h")) == KH_MAP

soon = CallOptions(ctypes.sizeof(CallOptions), 20)
assert lib.kh_reply_code(call(connection, b"BLPOP", b"queue", b"0", options=soon)) == KH_TIMEOUT
older = CallOptions(ctypes.sizeof(c_size_t), 20)  # of a time when the struct had no time limit
assert lib.kh_reply_type(call(connection, b"BLPOP", b"queue", b"0.05", options=older)) == KH_NIL

with socket.create_connection(("127.0.0.1", lib.kh_port(cache))) as client:
    client.sendall(b"GET k\r\n")
    assert client.recv(100) == b"$3\r\na\0b\r\n"
assert 'keyhole_requests_total{command="get"}' in take(lib.kh_metrics_text(cache))

lib.kh_stop(cache, 100)
assert lib.kh_get(connection, b"k", 1, byref(value), byref(size)) == KH_STOPPED
lib.kh_free(cache)
lib.kh_connection_free(connection)
print("all is well")
