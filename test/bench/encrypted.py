"""The benchmarks of TLS: what a handshake, an idle connection and an encrypted octet cost, beside Postfix and OpenSSL alone."""
import os
import subprocess
import sys
import tempfile
import time

from peers import EdgedPeer, Group, Postfix, TestFailure, wait_for

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import certificates  # noqa: E402 pylint: disable=wrong-import-position
from edged import Ports  # noqa: E402 pylint: disable=wrong-import-position

#        what it shows, the certificate, and the load generator's options
HANDSHAKES = {
    "tls_full": ("EHLO STARTTLS EHLO QUIT, 50 sessions, full, ECDSA P-256", "server", []),
    "tls_full_rsa": ("the same, RSA 2048", "rsa", []),
    "tls_resumed": ("the same, resumed, ECDSA P-256", "server", ["--resume"]),
}
BULK = 512 * 1048576
TESTS = tuple(HANDSHAKES) + ("tls_idle", "tls_bulk")


class RawSink:
    """openssl s_server: takes what comes and throws it away."""
    name = "s_server"

    def __init__(self, certificate):
        self.group, self.port = Group(), Ports.take()
        # Its standard input must stay open, or it ends the connection.
        self.process = subprocess.Popen(self.group.wrapper() + [
            "openssl", "s_server", "-quiet", "-accept", "127.0.0.1:%d" % self.port, "-cert", certificate + ".pem", "-key", certificate + ".key"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def listens():
            with open("/proc/net/tcp", encoding="ascii") as table:
                return any(line.split()[1].endswith(":%04X" % self.port) and line.split()[3] == "0A" for line in table.readlines()[1:])
        wait_for("s_server to listen", listens, 10)

    def stop(self):
        self.group.end()
        self.process.wait()


class Encrypted:
    """Of one run of the benchmarks."""

    def __init__(self, bench):
        self.bench = bench
        self.folder = tempfile.TemporaryDirectory(prefix="edge-bench-tls-", dir="/tmp")  # pylint: disable=consider-using-with
        os.chmod(self.folder.name, 0o755)
        certificates.put_into(self.folder.name)

    def certificate(self, name):
        return os.path.join(self.folder.name, name)

    def shake(self, *options, wait=True, address=None):
        command = [self.bench.tool("handshakes"), *options, *(address or [])]
        if not wait:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        found = self.bench.figures(done.stdout)
        if not found:
            raise TestFailure("handshakes %s: %s%s" % (" ".join(command[1:]), done.stdout, done.stderr))
        return found

    def against(self, server):
        return ["127.0.0.1", str(server.port)]

    def peers(self):
        return [kind for kind in self.bench.peers if kind in (EdgedPeer, Postfix)]

    # Handshakes

    def bare(self, test):
        """What OpenSSL alone takes for the server's side, in this minute."""
        _, certificate, options = HANDSHAKES[test]
        path = self.certificate(certificate)
        done = subprocess.run([self.bench.tool("bare_handshakes"), *(["-r"] if options else []), path + ".pem", path + ".key"],
                              capture_output=True, text=True, check=True, timeout=60)
        found = self.bench.figures(done.stdout)
        self.bench.keep(test, "OpenSSL", {"cpu_us": found["memory_us"]})
        self.bench.keep(test, "accept loop", {"cpu_us": found["network_us"]})

    def handshakes(self, kind, test):
        _, certificate, options = HANDSHAKES[test]
        server = kind(self.bench, tls=self.certificate(certificate))
        try:
            server.start()
            self.shake("-j", str(self.bench.given.tls_threads), "-t", str(self.bench.given.warm), *options, address=self.against(server))
            before, busy, start = server.group.cpu(), self.bench.machine_busy(), time.monotonic()
            result = self.shake("-j", str(self.bench.given.tls_threads), "-t", str(self.bench.given.seconds), *options, address=self.against(server))
            cpu = server.group.cpu() - before
            others = (self.bench.machine_busy() - busy - cpu - result.get("client_cpu", 0)) / (time.monotonic() - start)
            sessions = max(1, result["sessions"])
            self.bench.keep(test, kind.name, {
                "per_second": result["per_second"], "cpu_us": cpu * 1e6 / sessions, "failed": result["failed"], "resumed": result["resumed"] / sessions,
                "tls_p50": result["tls_p50"], "tls_p99": result["tls_p99"], "conn_p50": result["conn_p50"], "conn_p99": result["conn_p99"],
                "others": max(0.0, others)})
        finally:
            server.stop()

    # Idle connections

    def idle(self, kind):
        count = min(self.bench.given.idle, kind.idle_most)
        server = kind(self.bench, tls=self.certificate("server"))
        try:
            server.start()
            self.shake("-s", "8", "-t", "1", address=self.against(server))
            time.sleep(1)
            before = server.group.pss()
            holder = self.shake("--idle", "-s", str(count), wait=False, address=self.against(server))
            ready = self.bench.figures(holder.stdout.readline()).get("ready", 0)
            time.sleep(2)
            after = server.group.pss()
            holder.stdin.close()
            held = self.bench.figures(holder.stdout.read()).get("held", 0)
            holder.wait()
            self.bench.keep("tls_idle", kind.name, {"asked": count, "ready": ready, "held": held, "pss_each": (after - before) / max(1, ready)})
        finally:
            server.stop()

    # Bulk

    def bulk_raw(self):
        sink = RawSink(self.certificate("server"))
        try:
            before = sink.group.cpu()
            found = self.shake("--bulk", str(BULK), "--raw", "-s", "1", "-t", "1", address=["127.0.0.1", str(sink.port)])
            self.bench.keep("tls_bulk", "s_server", {"mb_per_second": found["mb_per_second"], "cpu_ms_per_mb": (sink.group.cpu() - before) * 1e9 / BULK})
        finally:
            sink.stop()

    def bulk(self, kind, name, more=""):
        """With a limit on the size the message is read to its end and not stored: what is measured is the way in."""
        server = kind(self.bench, tls=self.certificate("server"), more=more)
        try:
            server.start()
            self.shake("--bulk", str(BULK // 16), "-s", "1", "-t", "1", address=self.against(server))
            before = server.group.cpu()
            found = self.shake("--bulk", str(BULK), "-s", "1", "-t", "1", address=self.against(server))
            self.bench.keep("tls_bulk", name, {"mb_per_second": found["mb_per_second"], "cpu_ms_per_mb": (server.group.cpu() - before) * 1e9 / BULK,
                                               "failed": found["failed"]})
        finally:
            server.stop()

    def bulk_run(self):
        self.bench.attempt("tls_bulk", RawSink, self.bulk_raw)
        for kind in self.peers():
            self.bench.attempt("tls_bulk", kind, lambda kind=kind: self.bulk(kind, kind.name + ", stored", "MaxMessageSize none"))
            if kind is EdgedPeer:
                self.bench.attempt("tls_bulk", kind, lambda kind=kind: self.bulk(kind, "edged, read and refused", "MaxMessageSize 1M"))

    def run(self, test):
        if test == "tls_idle":
            for kind in self.peers():
                self.bench.attempt(test, kind, lambda kind=kind: self.idle(kind))
            return
        for number in range(self.bench.given.runs):
            if test == "tls_bulk":
                self.bulk_run()
                continue
            self.bare(test)
            for kind in self.peers() if number % 2 == 0 else self.peers()[::-1]:
                self.bench.attempt(test, kind, lambda kind=kind: self.handshakes(kind, test))

    # Telling

    def table(self):
        bench, shown = self.bench, self.bench.shown
        names = [kind.name for kind in self.peers()]
        out = []
        tests = [test for test in HANDSHAKES if any((test, name) in bench.results for name in names)]
        if tests:
            out += ["", "### TLS sessions per second: median (least-most)", "", "| load | %s |" % " | ".join(names), "|---|%s" % ("---:|" * len(names))]
            out += ["| %s | %s |" % (HANDSHAKES[test][0], " | ".join(bench.spread(test, name, "per_second") for name in names)) for test in tests]
            out += ["", "### Server CPU, microseconds per TLS session", "",
                    "| load | %s | the handshake alone, by OpenSSL in memory | a bare accept loop |" % " | ".join(names),
                    "|---|%s---:|---:|" % ("---:|" * len(names))]
            out += ["| %s | %s |" % (HANDSHAKES[test][0], " | ".join(shown(bench.median(test, name, "cpu_us")) for name in names + ["OpenSSL", "accept loop"])) for test in tests]
            out += ["", "### Latency of a handshake, and from connect to the second EHLO's reply, microseconds: median / 99th percentile", "",
                    "| load | %s |" % " | ".join(names), "|---|%s" % ("---:|" * len(names))]
            out += ["| %s | %s |" % (HANDSHAKES[test][0], " | ".join("%s / %s, %s / %s" % tuple(
                shown(bench.median(test, name, key)) for key in ("tls_p50", "tls_p99", "conn_p50", "conn_p99")) for name in names)) for test in tests]
        if any(key[0] == "tls_idle" for key in bench.results):
            out += ["", "### Idle TLS 1.3 connections, after EHLO", "", "| server | asked | held | PSS octets each |", "|---|---:|---:|---:|"]
            out += ["| %s | %s |" % (name, " | ".join(shown(bench.median("tls_idle", name, key)) for key in ("asked", "held", "pss_each")))
                    for name in names if ("tls_idle", name) in bench.results]
        bulk = [name for test, name in bench.results if test == "tls_bulk"]
        if bulk:
            out += ["", "### One message of %d MiB through TLS 1.3" % (BULK // 1048576), "", "| | MB/s | server CPU, ms per MB |", "|---|---:|---:|"]
            out += ["| %s | %s | %s |" % (name, bench.spread("tls_bulk", name, "mb_per_second"), shown(bench.median("tls_bulk", name, "cpu_ms_per_mb"), 3))
                    for name in bulk]
        return out

    def goals(self, goal):
        bench = self.bench

        def ratio(test, one, key, other_test=None, other="Postfix"):
            ours, theirs = bench.median(test, one, key), bench.median(other_test or test, other, key)
            return ours / theirs if ours and theirs else None
        goal("TLS sessions, full, ECDSA: times Postfix", ratio("tls_full", "edged", "per_second"), ">= 2.5", lambda x: x >= 2.5)
        goal("TLS sessions, full, RSA: times Postfix", ratio("tls_full_rsa", "edged", "per_second"), ">= 2.5", lambda x: x >= 2.5)
        for name, test in (("ECDSA", "tls_full"), ("RSA", "tls_full_rsa")):
            for what, other in (("the handshake in memory", "OpenSSL"), ("a bare accept loop", "accept loop")):
                goal("server CPU of a whole session, times %s, %s" % (what, name), ratio(test, "edged", "cpu_us", None, other), "<= 1.5", lambda x: x <= 1.5)
            part = ratio(test, "edged", "cpu_us")
            goal("TLS sessions by a second of server CPU, full, %s: times Postfix" % name, 1 / part if part else None, ">= 2.5", lambda x: x >= 2.5)
        goal("resumed sessions, times full ones", ratio("tls_resumed", "edged", "per_second", "tls_full", "edged"), "> 1", lambda x: x > 1)
        each = bench.median("tls_idle", "edged", "pss_each")
        goal("memory of an idle TLS connection, KiB", each / 1024 if each is not None else None, "<= 20", lambda x: x <= 20)
        goal("one large message through TLS, read and refused: share of openssl s_server's rate",
             ratio("tls_bulk", "edged, read and refused", "mb_per_second", None, "s_server"), ">= 0.8", lambda x: x >= 0.8)
