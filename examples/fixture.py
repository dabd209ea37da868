"""A Redis for unit tests from Python, by the C interface: python3 fixture.py [libkeyhole.so.0]"""
import ctypes
import socket
import sys


class Redis:
    """with Redis() as redis: connect to 127.0.0.1:redis.port"""

    def __init__(self, library="libkeyhole.so.0"):
        self.lib = ctypes.CDLL(library)
        self.lib.kh_options_new.restype = ctypes.c_void_p
        self.lib.kh_start.restype = ctypes.c_void_p
        self.lib.kh_port.restype = ctypes.c_uint16

    def __enter__(self):
        options = ctypes.c_void_p(self.lib.kh_options_new())
        self.lib.kh_options_set(options, b"listen", b"127.0.0.1:0")
        error = ctypes.c_char_p()
        self.handle = ctypes.c_void_p(self.lib.kh_start(options, ctypes.byref(error)))
        self.lib.kh_options_free(options)
        if not self.handle:
            raise RuntimeError(error.value.decode())
        self.port = self.lib.kh_port(self.handle)
        return self

    def __exit__(self, *_):
        self.lib.kh_free(self.handle)


if __name__ == "__main__":
    for _ in range(2):
        with Redis(*sys.argv[1:]) as redis:
            with socket.create_connection(("127.0.0.1", redis.port)) as client:
                client.sendall(b"INCR counter\r\n")
                assert client.recv(100) == b":1\r\n"
    print("each had one of its own")
