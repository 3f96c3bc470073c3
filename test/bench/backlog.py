#!/usr/bin/env python3
"""What a backlog costs: how long a start takes with it, how much memory a message takes, and whether mail is taken as fast as before.

backlog.py --build DIR [--messages 1000000] [--work DIR]      a few lines of figures
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports  # noqa: E402 pylint: disable=wrong-import-position

WIDE = "MaxConnections 20000\nMaxConnectionsPerIP 20000\nLogLevel notice\nWorkers auto"


def memory(server):
    """Octets of proportional set size of the child."""
    with open("/proc/%d/smaps_rollup" % server.children()[-1], encoding="ascii") as rollup:
        return int(re.search(r"^Pss:\s+(\d+)", rollup.read(), re.M).group(1)) * 1024


def load(given, server, seconds):
    done = subprocess.run([os.path.join(given.build, "bench", "loadgen"), "-s", "50", "-n", "0", "-l", "300", "-t", str(seconds), "127.0.0.1",
                           str(server.port)], capture_output=True, text=True, check=False, timeout=seconds + 120)
    return {key: float(value) for key, value in re.findall(r"(\w+)=([0-9.]+)", done.stdout)}


def waiting(server):
    return sum(queue["messages"] for queue in server.status()["queues"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", default=os.environ.get("EDGE_BUILD", "."))
    arguments.add_argument("--messages", type=int, default=1000000)
    arguments.add_argument("--work", default=os.environ.get("TMPDIR", "/tmp"))
    given = arguments.parse_args()
    nobody = Ports.take()
    root = tempfile.mkdtemp(prefix="edge-backlog-", dir=given.work)
    server = Edged(given.build, root=root, server=WIDE, queue="SpoolMax none\n<Handoff dead>\nProtocol smtp\nAddress 127.0.0.1:%d\n"
                   "Retry 1h\n</Handoff>" % nobody)
    server.own_root = True
    try:
        server.start()
        empty = memory(server)
        first = load(given, server, 5)
        print("empty queue: %.0f messages/s, memory %.1f MiB" % (first["per_second"], empty / 1048576), flush=True)
        while (count := waiting(server)) < given.messages:
            load(given, server, 10)
            print("%d messages" % count, flush=True)
        server.stop()
        start = time.monotonic()
        server.start()
        count = waiting(server)  # waits until all of the spool is known
        print("start with %d messages: %.2f s" % (count, time.monotonic() - start), flush=True)
        time.sleep(3)  # the forwarder takes what is due into its hand
        print("memory: %.1f MiB, %.0f octets a message" % (memory(server) / 1048576, (memory(server) - empty) / count), flush=True)
        again = load(given, server, 5)
        print("with the backlog: %.0f messages/s, %.2f of what it was" % (again["per_second"], again["per_second"] / first["per_second"]),
              flush=True)
        server.stop()
    finally:
        server.kill()
        server.remove()


if __name__ == "__main__":
    main()
