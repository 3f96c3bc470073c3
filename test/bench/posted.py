"""The benchmarks of mail by HTTP: posts beside SMTP's messages in turns, and idle connections that stay."""
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time

from peers import EdgedPeer, TestFailure

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Ports  # noqa: E402 pylint: disable=wrong-import-position

TESTS = ("http50", "http_idle")
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "post.lua")
SMTP = ["-s", "50", "-n", "0"]
WEB = """
<Listener web>
    Listen   127.0.0.1:%d
    Protocol http
    Queue    main
</Listener>
"""
MESSAGE = b"Subject: x\r\n\r\nx\r\n"
POST = (b"POST /email HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nX-Sender: a@x.example\r\nX-Recipient: b@server.example\r\n"
        b"Content-Length: %d\r\n\r\n" % len(MESSAGE)) + MESSAGE


def post(client):
    client.sendall(POST)
    said = b""
    while b"\r\n\r\n" not in said or len(said.partition(b"\r\n\r\n")[2]) < 36:
        got = client.recv(4096)
        if not got:
            raise TestFailure("the connection ended: %r" % said)
        said += got
    if not said.startswith(b"HTTP/1.1 200 "):
        raise TestFailure("answered %r" % said)


def timed_post(port):
    """Seconds from connect to the answer of one message."""
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        post(client)
    return time.monotonic() - start


class Posted:
    """Of one run of the benchmarks."""

    def __init__(self, bench):
        self.bench = bench

    def run(self, test):
        if test == "http_idle":
            self.bench.attempt(test, EdgedPeer, self.idle)
            return
        if not shutil.which("wrk"):
            self.bench.notes.append("http50: wrk was not there (Debian: wrk).")
            return
        for number in range(self.bench.given.runs):
            kinds = ["SMTP", "HTTP"] if number % 2 == 0 else ["HTTP", "SMTP"]
            for kind in kinds:
                self.bench.attempt(test, EdgedPeer, lambda kind=kind: self.one_run(kind))

    @staticmethod
    def wrk(port, seconds):
        """Every answer other than 2xx is a failure."""
        done = subprocess.run(["wrk", "-t1", "-c50", "-d%ds" % max(1, round(seconds)), "--latency", "-s", SCRIPT,
                               "http://127.0.0.1:%d/email" % port], capture_output=True, text=True, check=True, timeout=seconds + 120)
        requests, took = re.search(r"(\d+) requests in ([0-9.]+)s", done.stdout).groups()
        wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
        errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done.stdout)
        failed = int(wrong.group(1)) if wrong else 0
        return {"messages": int(requests) - failed, "per_second": (int(requests) - failed) / float(took),
                "failed": failed + (sum(int(one) for one in errors.groups()) if errors else 0)}

    def load(self, kind, server, port, seconds):
        return self.wrk(port, seconds) if kind == "HTTP" else self.bench.load(server, SMTP, seconds)

    @staticmethod
    def load_cpu():
        """Seconds of all load generators so far: those that have ended."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    @staticmethod
    def queued(server):
        return sum(queue["messages"] for queue in server.server.status()["queues"])

    def one_run(self, kind):
        port = Ports.take()
        server = EdgedPeer(self.bench, sections=WEB % port)
        try:
            server.start()
            self.load(kind, server, port, self.bench.given.warm)
            before, syncs, queued = server.group.cpu(), server.syncs(), self.queued(server)
            busy, loads, start = self.bench.machine_busy(), self.load_cpu(), time.monotonic()
            result = self.load(kind, server, port, self.bench.given.seconds)
            messages = max(1, result["messages"])
            took, cpu = time.monotonic() - start, server.group.cpu() - before
            others = (self.bench.machine_busy() - busy - cpu - (self.load_cpu() - loads)) / took
            stored = self.queued(server) - queued
            if stored < result["messages"]:
                raise TestFailure("%s: %d messages are in the queue, %d were acknowledged" % (kind, stored, result["messages"]))
            self.bench.keep("http50", kind, {"per_second": result["per_second"], "failed": result["failed"], "cpu_us": cpu * 1e6 / messages,
                                             "syncs": (server.syncs() - syncs) / messages, "queued": stored,
                                             "others": max(0.0, others)})
        finally:
            server.stop()

    def idle(self):
        """Each connection has handed in one message and stays."""
        port, count = Ports.take(), self.bench.given.idle
        server, clients = EdgedPeer(self.bench, sections=WEB % port), []
        try:
            server.start()
            self.wrk(port, 1)
            time.sleep(1)
            empty = statistics.median(timed_post(port) for _ in range(9))
            before = server.group.pss()
            for _ in range(count):
                clients.append(socket.create_connection(("127.0.0.1", port), 60))
                post(clients[-1])
            time.sleep(2)
            after = server.group.pss()
            full = statistics.median(timed_post(port) for _ in range(9))
            self.bench.keep("http_idle", "edged", {"asked": count, "held": self.held(clients), "pss_each": (after - before) / count,
                                                   "empty_ms": empty * 1e3, "full_ms": full * 1e3})
        finally:
            for client in clients:
                client.close()
            server.stop()

    @staticmethod
    def held(clients):
        """How many of them hand in another one."""
        count = 0
        for client in clients:
            try:
                post(client)
                count += 1
            except (TestFailure, OSError):
                pass
        return count

    def table(self):
        out = []
        rows = [("SMTP", "by SMTP: five commands a message"), ("HTTP", "by HTTP: one request a message (wrk)")]
        rows = [row for row in rows if ("http50", row[0]) in self.bench.results]
        if rows:
            out += ["", "### SMTP and HTTP in turns: 4 KiB, durable, 50 connections that stay", "",
                    "| | messages per second | server CPU, us each | syncs per message | failed |", "|---|---:|---:|---:|---:|"]
            out += ["| %s | %s | %s | %s | %s |" % (
                text, self.bench.spread("http50", kind, "per_second"), self.bench.shown(self.bench.median("http50", kind, "cpu_us")),
                self.bench.shown(self.bench.median("http50", kind, "syncs"), 4), self.bench.shown(self.bench.median("http50", kind, "failed")))
                for kind, text in rows]
        if ("http_idle", "edged") in self.bench.results:
            out += ["", "### Idle HTTP connections, each behind a message", "",
                    "| asked | held | PSS octets each | one message on the empty server, ms | beside them, ms |", "|---:|---:|---:|---:|---:|",
                    "| %s |" % " | ".join(self.bench.shown(self.bench.median("http_idle", "edged", key))
                                          for key in ("asked", "held", "pss_each", "empty_ms", "full_ms"))]
        return out

    def goals(self, goal):
        http, smtp = (self.bench.median("http50", kind, "per_second") for kind in ("HTTP", "SMTP"))
        goal("messages per second by HTTP, times SMTP in the same run", http / smtp if http and smtp else None, ">= 1", lambda x: x >= 1)
        goal("PSS octets of an idle HTTP connection", self.bench.median("http_idle", "edged", "pss_each"), "<= 4096", lambda x: x <= 4096)
