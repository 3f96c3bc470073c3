"""The benchmark of hand-off: accepted, durable in the queue, forwarded into smtp-sink; edged and Postfix in turns."""
import os
import time

from peers import EdgedPeer, Postfix, Sink, TestFailure

TESTS = ("handed",)
LOAD = ["-s", "50", "-n", "0"]
PATIENCE = 600  # seconds until the queue must be empty
CONNECTIONS = 20


class EdgedThrough(EdgedPeer):
    name = "edged"

    def __init__(self, setup, sink):
        super().__init__(setup)
        self.sink = sink

    def start(self):
        self.queue = "SpoolMax none\n<Handoff sink>\nProtocol smtp\nAddress 127.0.0.1:%d\nConnections %d\n</Handoff>" % (
            self.sink.port, CONNECTIONS)
        return super().start()

    def waiting(self):
        return sum(queue["messages"] for queue in self.server.status()["queues"])


class PostfixThrough(Postfix):
    name = "Postfix"

    def __init__(self, setup, sink):
        super().__init__(setup)
        self.mode = "\n".join(["mydestination =", "relayhost = [127.0.0.1]:%d" % sink.port,
                               "default_destination_concurrency_limit = %d" % CONNECTIONS])

    def waiting(self):
        """Messages in all its queues."""
        return sum(len(names) for part in ("maildrop", "incoming", "active", "deferred")
                   for _, _, names in os.walk(os.path.join(self.folder, "queue", part)))


class Handed:
    """Of one run of the benchmarks."""

    def __init__(self, bench):
        self.bench = bench

    def run(self, _test):
        for number in range(self.bench.given.runs):
            kinds = [EdgedThrough] + ([PostfixThrough] if self.bench.postfix_root else [])
            for kind in kinds if number % 2 == 0 else kinds[::-1]:
                self.bench.attempt("handed", kind, lambda kind=kind: self.one_run(kind))

    def one_run(self, kind):
        sink = Sink(self.bench)
        server = None
        try:
            sink.start()
            server = kind(self.bench, sink)
            server.start()
            before, start = server.group.cpu(), time.monotonic()
            result = self.bench.load(server, LOAD, self.bench.given.seconds)
            accepted = time.monotonic() - start
            left = server.waiting()
            while server.waiting() > 0:
                if time.monotonic() - start > PATIENCE:
                    raise TestFailure("%d messages are still in the queue" % server.waiting())
                time.sleep(0.05)
            took, messages = time.monotonic() - start, max(1, result.get("messages", 0))
            self.bench.keep("handed", kind.name, {
                "messages": messages, "through": messages / took, "accepted": messages / accepted, "left": left,
                "cpu_us": (server.group.cpu() - before) * 1e6 / messages, "pss_mib": server.group.pss() / 1048576})
        finally:
            if server:
                server.stop()
            sink.stop()

    # Telling

    def table(self):
        names = [name for name in ("edged", "Postfix") if ("handed", name) in self.bench.results]
        if not names:
            return []
        rows = (("messages a second, from the first accepted to the last forwarded", "through"),
                ("accepted a second meanwhile", "accepted"), ("left in the queue at the end of the load", "left"),
                ("server CPU, microseconds a message", "cpu_us"), ("PSS of all processes, MiB", "pss_mib"))
        return ["", "### Through the queue into smtp-sink: 4 KiB, 50 sessions, %d connections to the next hop" % CONNECTIONS, "",
                "| | %s |" % " | ".join(names), "|---|%s" % ("---:|" * len(names))] + [
                    "| %s | %s |" % (text, " | ".join(self.bench.spread("handed", name, key) for name in names)) for text, key in rows]

    def goals(self, goal):
        ours, theirs = (self.bench.median("handed", name, "through") for name in ("edged", "Postfix"))
        if ours and theirs:
            goal("through the queue into smtp-sink: times Postfix", ours / theirs, ">= 5", lambda x: x >= 5)
