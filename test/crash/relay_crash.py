#!/usr/bin/env python3
"""Two edged in a row while either is killed again and again: what the first has acknowledged is in the second, at least once.

relay_crash.py --build DIR [--messages N] [--kills N] [--seed N]
"""
import argparse
import os
import random
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, TestFailure, add_common_arguments, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

WIDE = "MaxConnectionsPerIP 1000\nMaxConnections 2000\nLogLevel notice"
CLIENTS = 4
GROUP = 20  # messages of a connection


class Load:
    """Clients that send numbered messages to the first server and note which were acknowledged."""

    def __init__(self, server, count):
        self.server, self.count = server, count
        self.next, self.acknowledged, self.lock = 0, set(), threading.Lock()
        self.threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def take(self):
        with self.lock:
            first = self.next
            self.next = min(self.count, first + GROUP)
            return range(first, self.next)

    def run(self):
        while numbers := self.take():
            left = list(numbers)
            while left:
                try:
                    self.converse(left)
                except OSError:
                    time.sleep(0.05)

    def converse(self, left):
        """Until all are acknowledged, or the connection breaks."""
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as peer, peer.makefile("rb") as answers:
            def answer():
                while True:
                    line = answers.readline()
                    if not line.endswith(b"\r\n"):
                        raise OSError("cut off")
                    if line[3:4] == b" ":
                        return line[:3]
            answer()
            peer.sendall(b"EHLO load.example\r\n")
            answer()
            while left:
                size = random.choice((100, 100, 100, 4000, 300000)) if left[0] % 50 == 0 else 100
                peer.sendall(b"MAIL FROM:<a@load.example>\r\nRCPT TO:<%d@load.example>\r\nDATA\r\n" % left[0])
                if [answer(), answer(), answer()] != [b"250", b"250", b"354"]:
                    raise OSError("refused")
                peer.sendall(b"Subject: number-%d-\r\n\r\n" % left[0] + b"x" * size + b"\r\n.\r\n")
                if answer() != b"250":
                    raise OSError("not stored")
                with self.lock:
                    self.acknowledged.add(left.pop(0))

    def is_done(self):
        return not any(thread.is_alive() for thread in self.threads)


def numbers_in(server):
    """How often each number is in the server's queue."""
    found = {}
    for entry in server.queue():
        number = int(entry["recipients"][0].partition("@")[0])
        found[number] = found.get(number, 0) + 1
    return found


def two_in_a_row(given):
    chance = random.Random(given.seed)
    second = Edged(given.build, name="second", server=WIDE)
    first = Edged(given.build, name="first", server=WIDE, queue="<Handoff second>\nProtocol smtp\nAddress 127.0.0.1:%d\n"
                  "Retry 100ms 200ms 500ms\nConnections 8\nHopTimeout connect=2s greeting=5s command=5s data=5s end=5s\n"
                  "</Handoff>" % second.port)
    load = None
    try:
        second.start()
        first.start()
        load = Load(first, given.messages)
        kill = -1
        for kill in range(given.kills):
            time.sleep(chance.uniform(0.1, 1.0))
            victim = first if chance.random() < 0.6 else second
            victim.kill()
            time.sleep(chance.choice((0, 0.1, 0.5)))
            victim.start()
            if load.is_done():
                break
        wait_for("the load to end", load.is_done, 600)
        wait_for("the first spool to be empty", lambda: not first.queue(), 600, 0.2)
        got = numbers_in(second)
        lost = sorted(load.acknowledged - set(got))
        holds("%d acknowledged messages are lost, such as %s" % (len(lost), lost[:5]), not lost)
        holds("all were acknowledged in the end", len(load.acknowledged) == given.messages)
        first.stop()
        second.stop()
        return "%d messages, %d kills, %d repeated" % (given.messages, kill + 1, sum(got.values()) - len(got))
    finally:
        first.kill()
        second.kill()
        if load:
            load.next = load.count
    # Both roots are kept when something failed.


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("--messages", type=int, default=4000)
    arguments.add_argument("--kills", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27500-27599")
    report = Report("relay_crash")
    report.run("two_in_a_row (seed %d)" % given.seed, lambda: two_in_a_row(given))
    return report.end()


if __name__ == "__main__":
    assert TestFailure
    sys.exit(main())
