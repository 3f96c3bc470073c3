#!/usr/bin/env python3
"""What a backlog costs: how long a start takes with it, how much memory a message takes, and whether mail is taken as fast as without.

backlog.py --build DIR [--messages 1000000] [--runs 5] [--work DIR]      prints a table

The next hop is down, and all messages are due. What is taken beside the backlog is measured in turns with a second edged whose queue is
empty, so that both have the same noise of the machine; each is idle while the other has its turn.
"""
import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports, TestFailure  # noqa: E402 pylint: disable=wrong-import-position

WIDE = "MaxConnections 20000\nMaxConnectionsPerIP 20000\nLogLevel notice\nWorkers auto"
FILL = ["-s", "200", "-n", "0", "-l", "300", "-p"]
LOAD = ["-s", "50", "-n", "0"]


def memory(server):
    """Octets of proportional set size of the child."""
    with open("/proc/%d/smaps_rollup" % server.children()[-1], encoding="ascii") as rollup:
        return int(re.search(r"^Pss:\s+(\d+)", rollup.read(), re.M).group(1)) * 1024


def load(given, server, options, seconds):
    done = subprocess.run([os.path.join(given.build, "bench", "loadgen"), *options, "-t", str(seconds), "127.0.0.1", str(server.port)],
                          capture_output=True, text=True, check=False, timeout=seconds + 120)
    result = {key: float(value) for key, value in re.findall(r"(\w+)=([0-9.]+)", done.stdout)}
    if result.get("messages", 0) == 0 or result.get("failed", 0) > 0:
        raise TestFailure("the load did not go: %s %s" % (done.stdout, done.stderr))
    return result


def waiting(server):
    return sum(queue["messages"] for queue in server.status()["queues"])


def edged(given, name):
    root = tempfile.mkdtemp(prefix="edge-backlog-%s-" % name, dir=given.work)
    server = Edged(given.build, root=root, server=WIDE, queue="SpoolMax none\n<Handoff dead>\nProtocol smtp\nAddress 127.0.0.1:%d\n"
                   "Retry 1h\n</Handoff>" % Ports.take())
    server.own_root = True
    return server


def tell(rows):
    print("\n| figure | aim | measured | reached |\n|---|---|---:|---|")
    for text, aim, value, good in rows:
        print("| %s | %s | %s | %s |" % (text, aim, value, {True: "yes", False: "**no**", None: ""}[good]))


def measure(given, full, empty):
    full.start()
    bare = memory(full)
    began = time.monotonic()
    while (count := waiting(full)) < given.messages:
        taken = load(given, full, FILL, 10)
        print("%d messages, %.0f a second" % (count + taken["messages"], taken["per_second"]), flush=True)
    filled = time.monotonic() - began
    full.stop()
    start = time.monotonic()
    full.start()
    count = waiting(full)  # answered when all of the spool is known
    started = time.monotonic() - start
    time.sleep(3)  # the forwarder takes what is due into its hand
    each = (memory(full) - bare) / count
    empty.start()
    rates = {full: [], empty: []}
    for number in range(given.runs):
        for server in (full, empty) if number % 2 == 0 else (empty, full):
            rates[server].append(load(given, server, LOAD, given.seconds)["per_second"])
    beside, without = statistics.median(rates[full]), statistics.median(rates[empty])
    tell([("start with %d messages (filled in %.0f s), seconds" % (count, filled), "< 10", "%.2f" % started, started < 10),
          ("memory of a message, octets, what is in the forwarder's hand included", "< 300", "%.0f" % each, each < 300),
          ("4 KiB messages taken a second with an empty queue, 50 sessions: median (least-most) of %d runs of %g s" % (given.runs, given.seconds), "",
           "%.0f (%.0f-%.0f)" % (without, min(rates[empty]), max(rates[empty])), None),
          ("the same beside the backlog", "", "%.0f (%.0f-%.0f)" % (beside, min(rates[full]), max(rates[full])), None),
          ("times that of the empty queue", ">= 0.95", "%.2f" % (beside / without), beside / without >= 0.95)])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default=os.environ.get("EDGE_BUILD", "."))
    arguments.add_argument("--messages", type=int, default=1000000)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=3)
    arguments.add_argument("--work", default=os.environ.get("TMPDIR", "/tmp"), help="where queues are kept (default: %(default)s)")
    given = arguments.parse_args()
    full, empty = edged(given, "full"), edged(given, "empty")
    try:
        measure(given, full, empty)
        full.stop()
        empty.stop()
    finally:
        for server in (full, empty):
            server.kill()
            server.remove()


if __name__ == "__main__":
    main()
