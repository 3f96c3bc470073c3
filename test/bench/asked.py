#!/usr/bin/env python3
"""What an API that is asked costs the mail: messages a second with about 1,000 GET /api/v1/overview a second beside them, and
without, in turns: asked.py --build DIR [--runs 10] [--seconds 2]. Needs wrk and control groups.

Who asks takes processor time of the same machine: the same requests are sent to bare_answers as well, which does nothing but answer,
so that one sees what no server could spare, and to /livez, which is the way of a request through edged with nothing at its end."""
import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from edged import Edged, Ports  # noqa: E402 pylint: disable=wrong-import-position
from peers import Group  # noqa: E402 pylint: disable=wrong-import-position
from web import Web, make_token  # noqa: E402 pylint: disable=wrong-import-position

CLIENTS = 4  # of the API, each asking every few milliseconds
PACE = """
wrk.headers["Authorization"] = "Bearer %s"
function delay() return 3 end
"""
OVERVIEW, LIVEZ, BARE = "GET /api/v1/overview", "GET /livez", "a server that only answers"


def mail(build, port, seconds):
    said = subprocess.run([os.path.join(build, "bench", "loadgen"), "-s", "50", "-n", "0", "-t", str(seconds), "127.0.0.1", str(port)],
                          check=True, capture_output=True, text=True).stdout
    figures = dict(pair.split("=") for pair in said.split())
    return int(figures["messages"]) / float(figures["seconds"])


class Asking:
    """Clients of the API for a while; afterwards how many requests a second, and processor time of wrk for one."""

    def __init__(self, url, script, seconds):
        self.process = subprocess.Popen(["wrk", "-t1", "-c%d" % CLIENTS, "-d%ds" % seconds, "-s", script, url],  # pylint: disable=consider-using-with
                                        stdout=subprocess.PIPE, text=True)

    def end(self):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        said = self.process.communicate()[0]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if "Non-2xx" in said:
            raise SystemExit("refused:\n" + said)
        self.rate = float(re.search(r"Requests/sec:\s*([\d.]+)", said).group(1))
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.microseconds = used / int(re.search(r"(\d+) requests in", said).group(1)) * 1e6


class Bench:
    def __init__(self, given, server, group, script, urls):
        self.given, self.server, self.group, self.script, self.urls = given, server, group, script, urls
        self.figures = {what: [] for what in urls}
        self.last = None

    def mail(self):
        """Messages a second, and processor time of the server a second meanwhile."""
        used, begun = self.group.cpu(), time.monotonic()
        rate = mail(self.given.build, self.server.port, self.given.seconds)
        return rate, (self.group.cpu() - used) / (time.monotonic() - begun)

    def beside(self, what):
        """Compared with the mail before and behind it, since others may use the machine as well."""
        before, before_used = self.last or self.mail()
        asking = Asking(self.urls[what], self.script, self.given.seconds + 1)
        rate, used = self.mail()
        asking.end()
        behind, behind_used = self.last = self.mail()
        alone, alone_used = (before + behind) / 2, (before_used + behind_used) / 2
        server = (used - alone_used * rate / alone) / asking.rate * 1e6  # what the messages would have taken is not the requests'
        self.figures[what].append((alone, rate / alone, asking.rate, server, asking.microseconds))
        print("%-28s %8.0f alone %8.0f beside %6.0f requests/s, us each: server %5.1f, client %5.1f" %
              (what, alone, rate, asking.rate, server, asking.microseconds), flush=True)

    def tell(self):
        print("medians:")
        for what, rows in self.figures.items():
            alone, ratio, rate, server, client = (statistics.median(column) for column in zip(*rows))
            print("%-28s %.3f of %.0f messages/s beside %.0f requests/s, us each: server %.1f, client %.1f" %
                  (what, ratio, alone, rate, server, client))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--runs", type=int, default=10)
    arguments.add_argument("--seconds", type=int, default=2)
    given = arguments.parse_args()
    admin, bare_port = Ports.take(), Ports.take()
    server = Edged(given.build, more=Web.block(admin, "RequestRate 10000\n"))
    server.prepare()
    server.write_configuration()
    os.makedirs(os.path.join(server.root, "secrets"), exist_ok=True)
    script = os.path.join(server.root, "pace.lua")
    with open(script, "w", encoding="ascii") as out:
        out.write(PACE % make_token(server, "bench", "read"))
    group = Group()
    with server, subprocess.Popen([os.path.join(given.build, "bench", "bare_answers"), str(bare_port)], stdin=subprocess.PIPE) as bare:
        for pid in [server.process.pid, *server.children()]:
            with open(os.path.join(group.path, "cgroup.procs"), "w", encoding="ascii") as processes:
                processes.write(str(pid))
        bench = Bench(given, server, group, script, {OVERVIEW: "http://127.0.0.1:%d/api/v1/overview" % admin,
                                                     LIVEZ: "http://127.0.0.1:%d/livez" % admin,
                                                     BARE: "http://127.0.0.1:%d/" % bare_port})
        mail(given.build, server.port, 1)
        for _ in range(given.runs):
            for what in bench.figures:
                bench.beside(what)
        bare.stdin.close()
    group.end()
    bench.tell()
    return 0


if __name__ == "__main__":
    sys.exit(main())
