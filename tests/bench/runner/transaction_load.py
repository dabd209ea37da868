"""Transactions of three SETs by many clients, as fast as they are answered; redis-benchmark cannot say different
requests in turn.

    python3 tests/bench/runner/transaction_load.py PORT CLIENTS TRANSACTIONS whole|steps

whole: each is one write; steps: each request waits for the reply to the one before.
"""

import select
import socket
import sys

KEYS = 1_000
VALUE = b"x" * 64


def request(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


class Client:
    def __init__(self, port, number, whole):
        keys = [b"key:%012d" % ((3 * number + i) % KEYS) for i in range(3)]
        steps = [(request(b"MULTI"), b"+OK\r\n"), *[(request(b"SET", key, VALUE), b"+QUEUED\r\n") for key in keys],
                 (request(b"EXEC"), b"*3\r\n" + 3 * b"+OK\r\n")]
        self.steps = [tuple(map(b"".join, zip(*steps)))] if whole else steps
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.at = 0
        self.heard = b""

    def send(self):
        self.socket.sendall(self.steps[self.at][0])

    def hear(self):
        """A transaction has been answered."""
        self.heard += self.socket.recv(4096)
        expected = self.steps[self.at][1]
        if len(self.heard) < len(expected):
            return False
        if self.heard != expected:
            sys.exit(f"a transaction is answered with {self.heard!r}")
        self.heard = b""
        self.at = (self.at + 1) % len(self.steps)
        return self.at == 0


def drive(port, clients, transactions, whole):
    poll = select.epoll()
    by_number = {}
    for number in range(clients):
        client = Client(port, number, whole)
        by_number[client.socket.fileno()] = client
        poll.register(client.socket, select.EPOLLIN)
    for client in by_number.values():
        client.send()
    left = transactions
    busy = clients
    while busy:
        for number, _ in poll.poll():
            client = by_number[number]
            before = client.at
            if client.hear():
                left -= 1
                if left < busy:
                    busy -= 1
                    continue
                client.send()
            elif client.at != before:
                client.send()


if __name__ == "__main__":
    drive(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "whole")
