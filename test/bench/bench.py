#!/usr/bin/env python3
"""Measures edged, Postfix and smtp-sink side by side with the same load, run by run in turns, and prints a table of medians.

bench.py --build DIR [--runs 7] [--seconds 10] [--tests many50,one50] [--only edged] [--write docs/BENCHMARKS.md]

Needs root (control groups for CPU time, a mount namespace for an unpacked Postfix). The servers keep their queues below --work,
which should be on the disk that is to be measured.
"""
import argparse
import json
import os
import re
import resource
import socket
import statistics
import subprocess
import sys
import time

import encrypted
import handed
import posted
import straight
import validated
from peers import EdgedPeer, Postfix, Sink, TestFailure, postfix_root

#        what it shows, and the load generator's options
LOADS = {
    "one50": ("4 KiB, one per connection, 50 sessions", ["-s", "50", "-n", "1"]),
    "one500": ("4 KiB, one per connection, 500 sessions", ["-s", "500", "-n", "1"]),
    "many1": ("4 KiB, many per connection, 1 session", ["-s", "1", "-n", "0"]),
    "many50": ("4 KiB, many per connection, 50 sessions", ["-s", "50", "-n", "0"]),
    "many500": ("4 KiB, many per connection, 500 sessions", ["-s", "500", "-n", "0"]),
    "pipe50": ("4 KiB, many per connection, pipelined, 50 sessions", ["-s", "50", "-n", "0", "-p"]),
    "m64k": ("64 KiB, many per connection, 50 sessions", ["-s", "50", "-n", "0", "-l", "65536"]),
    "m10m": ("10 MiB, many per connection, 8 sessions", ["-s", "8", "-n", "0", "-l", "10485760"]),
}
OTHERS = ("idle", "appends") + encrypted.TESTS + validated.TESTS + posted.TESTS + handed.TESTS + straight.TESTS


def figures(line):
    return {key: float(value) for key, value in re.findall(r"(\w+)=([0-9.]+)", line)}


def machine_busy():
    """Seconds of all processors spent in work, so far."""
    with open("/proc/stat", encoding="ascii") as stat:
        ticks = [int(word) for word in stat.readline().split()[1:]]
    return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / os.sysconf("SC_CLK_TCK")


class Bench:
    def __init__(self, given):
        self.given = given
        self.build, self.work, self.postfix, self.postfix_mode = os.path.abspath(given.build), given.work, given.postfix, given.postfix_mode
        self.postfix_root = postfix_root(self) if given.only != "edged" else None
        self.peers = [EdgedPeer] + ([Postfix, Sink] if self.postfix_root else [])
        if given.only:
            self.peers = [peer for peer in self.peers if peer.name in given.only.split(",")]
        self.results = {}  # (test, peer) -> list of figures
        self.notes = []
        self.encrypted = encrypted.Encrypted(self)
        self.validated = validated.Validated(self)
        self.posted = posted.Posted(self)
        self.handed = handed.Handed(self)
        self.straight = straight.Straight(self)
        if not self.postfix_root and not given.only:
            self.notes.append("Postfix was not there and could not be had: edged alone was measured.")

    figures, machine_busy = staticmethod(figures), staticmethod(machine_busy)

    @staticmethod
    def shown(value, digits=None):
        return shown(value, digits)

    def tool(self, name):
        return os.path.join(self.build, "bench", name)

    def keep(self, test, peer, values):
        self.results.setdefault((test, peer), []).append(values)
        print("%-8s %-10s %s" % (test, peer, " ".join("%s=%g" % (key, round(value, 3)) for key, value in values.items())), flush=True)

    def load(self, server, options, seconds):
        if self.given.load == "smtp-source":
            return self.load_smtp_source(server, options, seconds)
        done = subprocess.run([self.tool("loadgen"), *options, "-t", str(seconds), "127.0.0.1", str(server.port)], capture_output=True,
                              text=True, check=False, timeout=seconds + 120)
        return figures(done.stdout)

    def load_smtp_source(self, server, options, seconds):
        """It takes a number of messages, not a time; so one short run says how many fit."""
        named = dict(zip(options[::2], options[1::2]))
        command = ["smtp-source", "-4", "-s", named["-s"], "-l", named.get("-l", "4096")] + (["-d"] if named["-n"] == "0" else [])
        count, took = int(named["-s"]) * 4, 0.0
        while took < seconds * 0.7:
            count = int(count * min(10, max(2, seconds / max(took, 0.05)))) if took else count
            start = time.monotonic()
            subprocess.run(command + ["-m", str(count), "127.0.0.1:%d" % server.port], check=True, capture_output=True, timeout=600)
            took = time.monotonic() - start
        return {"messages": count, "seconds": took, "per_second": count / took, "mb_per_second": count * float(named.get("-l", 4096)) / took / 1e6, "failed": 0}

    def one_run(self, kind, test):
        options = LOADS[test][1]
        server = kind(self)
        try:
            server.start()
            self.load(server, options, self.given.warm)
            syncs = server.syncs() if kind is EdgedPeer else 0
            before, busy, start = server.group.cpu(), machine_busy(), time.monotonic()
            result = self.load(server, options, self.given.seconds)
            cpu = server.group.cpu() - before
            others = (machine_busy() - busy - cpu - result.get("client_cpu", 0)) / (time.monotonic() - start)
            messages = max(1, result.get("messages", 0))
            values = {"per_second": result.get("per_second", 0), "mb_per_second": result.get("mb_per_second", 0),
                      "cpu_us": cpu * 1e6 / messages, "failed": result.get("failed", 0)}
            values.update({key: value for key, value in result.items() if key.startswith(("txn_", "conn_"))})
            values["others"] = max(0.0, others)
            values["pss_mib"] = server.group.pss() / 1048576
            if kind is EdgedPeer:
                values["syncs"] = (server.syncs() - syncs) / messages
            self.keep(test, kind.name, values)
        finally:
            server.stop()

    def appends(self):
        path = os.path.join(self.work, "edge-bench-appends")
        for how in ("over", "new"):
            done = subprocess.run([self.tool("appends"), path, str(min(self.given.seconds, 5)), how], capture_output=True, text=True, check=True)
            self.keep("appends", how, figures(done.stdout))

    def first_message_time(self, port):
        """Seconds from connect to the 250 of one message."""
        start = time.monotonic()
        with socket.create_connection(("127.0.0.1", port), 60) as client:
            file = client.makefile("rb")

            def reply():
                while True:
                    line = file.readline()
                    if not line:
                        raise TestFailure("the connection ended")
                    if line[3:4] == b" ":
                        return line
            reply()
            for text in (b"EHLO x.example", b"MAIL FROM:<a@x.example>", b"RCPT TO:<b@server.example>", b"DATA", b"Subject: x\r\n\r\nx\r\n."):
                client.sendall(text + b"\r\n")
                line = reply()
            if not line.startswith(b"250"):
                raise TestFailure("answered %r" % line)
        return time.monotonic() - start

    def idle(self, kind):
        count = min(self.given.idle, kind.idle_most)
        server = kind(self)
        try:
            server.start()
            self.load(server, ["-s", "8", "-n", "1"], 1)
            time.sleep(1)
            empty = statistics.median(self.first_message_time(server.port) for _ in range(9))
            before = server.group.pss()
            holder = subprocess.Popen([self.tool("loadgen"), "-i", "-s", str(count), "127.0.0.1", str(server.port)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
            ready = figures(holder.stdout.readline()).get("ready", 0)
            time.sleep(2)
            after = server.group.pss()
            full = statistics.median(self.first_message_time(server.port) for _ in range(9))
            holder.stdin.close()
            held = figures(holder.stdout.read()).get("held", 0)
            holder.wait()
            self.keep("idle", kind.name, {"asked": count, "ready": ready, "held": held, "pss_each": (after - before) / max(1, ready),
                                          "pss_empty_mib": before / 1048576, "empty_ms": empty * 1e3, "full_ms": full * 1e3})
        finally:
            server.stop()

    def run(self):
        tests = self.given.tests.split(",") if self.given.tests else list(LOADS) + list(OTHERS)
        for test in tests:
            if test in LOADS:
                for number in range(self.given.runs):
                    for kind in self.peers if number % 2 == 0 else self.peers[::-1]:
                        self.attempt(test, kind, lambda kind=kind, test=test: self.one_run(kind, test))
                    if test == "m10m":
                        self.appends()
            elif test == "idle":
                for kind in self.peers:
                    self.attempt(test, kind, lambda kind=kind: self.idle(kind))
            elif test == "appends" and "m10m" not in tests:
                self.appends()
            elif test in encrypted.TESTS:
                self.encrypted.run(test)
            elif test in validated.TESTS:
                self.validated.run(test)
            elif test in posted.TESTS:
                self.posted.run(test)
            elif test in handed.TESTS:
                self.handed.run(test)
            elif test in straight.TESTS:
                self.straight.run(test)

    def attempt(self, test, kind, measure):
        try:
            measure()
        except (TestFailure, subprocess.SubprocessError, OSError) as trouble:
            print("%-8s %-10s failed: %s" % (test, kind.name, trouble), flush=True)
            self.notes.append("%s, %s: failed: %s" % (test, kind.name, str(trouble).splitlines()[0]))

    # Telling

    def median(self, test, peer, key):
        values = [run[key] for run in self.results.get((test, peer), []) if key in run]
        return statistics.median(values) if values else None

    def spread(self, test, peer, key):
        values = [run[key] for run in self.results.get((test, peer), []) if key in run]
        return "%s (%s-%s)" % tuple(shown(x) for x in (statistics.median(values), min(values), max(values))) if values else "-"

    def table(self):
        names = [kind.name for kind in self.peers]
        out = []
        tests = [test for test in LOADS if any((test, name) in self.results for name in names)]
        if tests:
            out += ["### Messages per second: median (least-most)", "", "| load | %s |" % " | ".join(names), "|---|%s" % ("---:|" * len(names))]
            out += ["| %s | %s |" % (LOADS[test][0], " | ".join(self.spread(test, name, "per_second") for name in names)) for test in tests]
            out += ["", "### Server CPU, microseconds per message", "", "| load | %s |" % " | ".join(names), "|---|%s" % ("---:|" * len(names))]
            out += ["| %s | %s |" % (LOADS[test][0], " | ".join(shown(self.median(test, name, "cpu_us")) for name in names)) for test in tests]
            out += ["", "### Latency from MAIL to the final reply, microseconds: median / 99th percentile", "",
                    "| load | %s |" % " | ".join(names), "|---|%s" % ("---:|" * len(names))]
            out += ["| %s | %s |" % (LOADS[test][0], " | ".join("%s / %s" % (shown(self.median(test, name, "txn_p50")), shown(
                self.median(test, name, "txn_p99"))) for name in names)) for test in tests]
            out += ["", "### edged: syncs per message, memory under load", "", "| load | syncs per message | PSS of all processes, MiB |", "|---|---:|---:|"]
            out += ["| %s | %s | %s |" % (LOADS[test][0], shown(self.median(test, "edged", "syncs"), 4), shown(self.median(test, "edged", "pss_mib")))
                    for test in tests if ("edged" in names)]
        if any(key[0] == "appends" for key in self.results):
            out += ["", "### 10 MiB messages against the disk", "", "| | MB/s |", "|---|---:|"]
            out += ["| %s | %s |" % (name, shown(self.median("m10m", name, "mb_per_second"))) for name in names if ("m10m", name) in self.results]
            out += ["| 1 MiB appends with fdatasync, prewritten file | %s |" % shown(self.median("appends", "over", "mb_per_second")),
                    "| 1 MiB appends with fdatasync, new file | %s |" % shown(self.median("appends", "new", "mb_per_second"))]
        if any(key[0] == "idle" for key in self.results):
            out += ["", "### Idle connections, after EHLO", "", "| server | asked | held | PSS octets each | one message on the empty server, ms | beside them, ms |",
                    "|---|---:|---:|---:|---:|---:|"]
            out += ["| %s | %s |" % (name, " | ".join(shown(self.median("idle", name, key)) for key in ("asked", "held", "pss_each", "empty_ms", "full_ms")))
                    for name in names if ("idle", name) in self.results]
        return out + self.encrypted.table() + self.validated.table() + self.posted.table() + self.handed.table() + self.straight.table() + self.goals()

    def goals(self):
        out = []

        def goal(text, value, wanted, good):
            if value is not None:
                out.append("| %s | %s | %s | %s |" % (text, wanted, shown(value, 3), "yes" if good(value) else "**no**"))

        def ratio(test, peer, key="per_second"):
            ours, theirs = self.median(test, "edged", key), self.median(test, peer, key)
            return ours / theirs if ours and theirs else None
        goal("4 KiB, many per connection, 50 sessions: times Postfix", ratio("many50", "Postfix"), ">= 10", lambda x: x >= 10)
        goal("the same: times smtp-sink, which stores nothing", ratio("many50", "smtp-sink"), ">= 1", lambda x: x >= 1)
        goal("4 KiB, one per connection, 50 sessions: times Postfix", ratio("one50", "Postfix"), ">= 6", lambda x: x >= 6)
        goal("the same: times smtp-sink", ratio("one50", "smtp-sink"), ">= 0.75", lambda x: x >= 0.75)
        goal("server CPU, microseconds per message (many, 50)", self.median("many50", "edged", "cpu_us"), "<= 60, aim 45", lambda x: x <= 60)
        appends, ours = self.median("appends", "over", "mb_per_second"), self.median("m10m", "edged", "mb_per_second")
        goal("10 MiB messages: share of the rate of 1 MiB appends with fdatasync (prewritten file)", ours / appends if ours and appends else None,
             ">= 0.6", lambda x: x >= 0.6)
        appends = self.median("appends", "new", "mb_per_second")
        goal("the same against appends to a new file", ours / appends if ours and appends else None, ">= 0.6", lambda x: x >= 0.6)
        goal("10 MiB messages: times Postfix", ratio("m10m", "Postfix"), "> 1", lambda x: x > 1)
        goal("PSS octets of an idle connection", self.median("idle", "edged", "pss_each"), "<= 4096", lambda x: x <= 4096)
        goal("syncs per message at 50 sessions", self.median("many50", "edged", "syncs"), "< 0.1", lambda x: x < 0.1)
        goal("syncs per message, one session", self.median("many1", "edged", "syncs"), "1", lambda x: 0.9 <= x <= 1.1)
        self.encrypted.goals(goal)
        self.validated.goals(goal)
        self.posted.goals(goal)
        self.handed.goals(goal)
        self.straight.goals(goal)
        return ["", "### Against the aims", "", "| figure | aim | measured | reached |", "|---|---|---:|---|"] + out if out else []

    def noise(self):
        """What else the machine was doing: above a small part of a processor, the figures are not to be trusted."""
        values = [run["others"] for runs in self.results.values() for run in runs if "others" in run]
        if not values:
            return []
        return ["* processors used by neither server nor load: median %.2f, most %.2f%s" % (
            statistics.median(values), max(values), "; **the machine was not quiet: these figures are no good**" if statistics.median(values) > 0.2 else "")]

    def machine(self):
        def first(command):
            try:
                return subprocess.run(command, shell=True, capture_output=True, text=True, check=False).stdout.strip()
            except OSError:
                return ""
        lines = ["* %s, %s processors, %s, Linux %s" % (first("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1"), os.cpu_count(),
                                                       first("awk '/MemTotal/ { printf \"%.0f GiB\", $2 / 1048576 }' /proc/meminfo"), first("uname -r")),
                 "* queue on %s" % first("df --output=fstype,source %s | tail -n 1" % self.work),
                 "* %d runs of %g s each after %g s of warming up; each run a fresh server; servers in turns; load by %s on the same machine" % (
                     self.given.runs, self.given.seconds, self.given.warm, self.given.load)]
        return lines + ["* %s: %s" % (kind.name, kind.version(self_less(kind, self))) for kind in self.peers] + self.noise() + ["* " + note for note in self.notes]

    def report(self):
        return "\n".join(["# Benchmarks", "", "Made by `make bench` (`test/bench/bench.py`); %s." % time.strftime("%Y-%m-%d", time.gmtime()), "",
                          "## Machine and versions", "", *self.machine(), "", "## Results", "", *self.table(), ""])


def self_less(kind, setup):
    """A peer that is not started, to be asked for its version."""
    peer = kind.__new__(kind)
    peer.setup = setup
    return peer


def shown(value, digits=None):
    if value is None:
        return "-"
    if digits:
        return "%.*f" % (digits, value)
    return "%.0f" % value if abs(value) >= 100 else "%.1f" % value if abs(value) >= 10 else "%.2f" % value


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--build", default=os.environ.get("EDGE_BUILD", "."))
    arguments.add_argument("--runs", type=int, default=7)
    arguments.add_argument("--seconds", type=float, default=10)
    arguments.add_argument("--warm", type=float, default=2)
    arguments.add_argument("--idle", type=int, default=10000, help="idle connections (default: %(default)s)")
    arguments.add_argument("--tests", help="of: %s" % " ".join(list(LOADS) + list(OTHERS)))
    arguments.add_argument("--only", help="servers, of: edged,Postfix,smtp-sink")
    arguments.add_argument("--tls-threads", type=int, default=1, help="processors the TLS load may take (default: %(default)s)")
    arguments.add_argument("--load", choices=("loadgen", "smtp-source"), default="loadgen")
    arguments.add_argument("--postfix", help="the unpacked Debian package")
    arguments.add_argument("--postfix-mode", choices=("hold", "defer"), default="hold")
    arguments.add_argument("--work", default=os.environ.get("TMPDIR", "/tmp"), help="where queues are kept (default: %(default)s)")
    arguments.add_argument("--json", help="add each run's figures to this file")
    arguments.add_argument("--write", help="write the report to this file")
    given = arguments.parse_args()
    if os.geteuid() != 0:
        arguments.error("needs root")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    bench = Bench(given)
    if not os.path.exists(bench.tool("loadgen")):
        arguments.error("there is no %s; make bench-tools" % bench.tool("loadgen"))
    bench.run()
    if given.json:
        with open(given.json, "a", encoding="utf-8") as out:
            for (test, peer), runs in bench.results.items():
                for values in runs:
                    out.write(json.dumps(dict(values, test=test, peer=peer)) + "\n")
    text = bench.report()
    print("\n" + text)
    if given.write:
        with open(given.write, "w", encoding="utf-8") as out:
            out.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
