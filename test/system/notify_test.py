#!/usr/bin/env python3
"""What a service manager hears of a start, reloads, signs of life and the stop: notify_test.py --build DIR"""
import argparse
import os
import signal
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import DEADLINE, Edged, Report, add_common_arguments, expect, holds  # noqa: E402 pylint: disable=wrong-import-position


class Manager:
    """A socket that listens as systemd does."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="edged-manager-")  # pylint: disable=consider-using-with
        self.path = os.path.join(self.folder.name, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def hear(self, begins, deadline=DEADLINE):
        """The next datagram that begins like that; others are passed over. None: it did not come."""
        until = time.monotonic() + deadline
        while time.monotonic() < until:
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            try:
                text = self.socket.recv(4096).decode()
            except socket.timeout:
                break
            if text.startswith(begins):
                return text
        return None

    def forget(self):
        while self.hear("", 0.02):
            pass


def the_whole_life(build):
    manager = Manager()
    with Edged(build, name="notify", env={"NOTIFY_SOCKET": manager.path}) as server:
        ready = manager.hear("READY=1")
        holds("READY with a status: %r" % ready, ready and "STATUS=0 sessions" in ready and "generation 1" in ready)
        server.reload()
        reloading = manager.hear("RELOADING=1")
        holds("RELOADING has its moment: %r" % reloading, reloading and "\nMONOTONIC_USEC=" in reloading)
        ready = manager.hear("READY=1")
        holds("READY after the reload: %r" % ready, ready and "generation 2" in ready)
        for broken in ("MaxRecipients many", "Listen nowhere"):  # refused by the child; refused by the parent
            server.blocks["listener"] = broken
            server.reload(good=False)
            holds("RELOADING", manager.hear("RELOADING=1"))
            ready = manager.hear("READY=1")
            holds("READY after a refusal: %r" % ready, ready and "generation 2; the last reload was refused" in ready)
        server.stop()
        stopping = manager.hear("STOPPING=1")
        holds("STOPPING asks for patience: %r" % stopping, stopping and "\nEXTEND_TIMEOUT_USEC=" in stopping)


def a_hanging_child_gives_no_sign_of_life(build):
    manager = Manager()
    with Edged(build, name="watchdog", env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "800000"}) as server:
        for _ in range(3):
            expect("a sign of life", manager.hear("WATCHDOG=1"), "WATCHDOG=1")
        child = server.children()[-1]
        os.kill(child, signal.SIGSTOP)
        time.sleep(3)  # signs that were under way
        manager.forget()
        expect("signs of life while the child hangs", manager.hear("WATCHDOG=1", 1.5), None)
        os.kill(child, signal.SIGCONT)
        expect("a sign of life again", manager.hear("WATCHDOG=1"), "WATCHDOG=1")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "12800-12899")
    report = Report("notify")
    for case in (the_whole_life, a_hanging_child_gives_no_sign_of_life):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
