"""The benchmark of a queue that stores nothing: what edged adds to the time that smtp-sink takes for a message, in turns with that alone."""
from peers import EdgedPeer, Sink

LOADS = {"straight1": ("1 session", ["-s", "1", "-n", "0"]), "straight8": ("8 sessions", ["-s", "8", "-n", "0"])}
TESTS = tuple(LOADS)
THROUGH = "edged, then smtp-sink"


class EdgedStraight(EdgedPeer):
    name = THROUGH

    def __init__(self, setup, sink):
        super().__init__(setup)
        self.queue = "<Handoff sink>\nProtocol smtp\nAddress 127.0.0.1:%d\n</Handoff>\nRelay sink" % sink.port


class Straight:
    """Of one run of the benchmarks."""

    def __init__(self, bench):
        self.bench = bench

    def run(self, test):
        if not self.bench.postfix_root:
            return
        for number in range(self.bench.given.runs):
            for through in (True, False) if number % 2 == 0 else (False, True):
                self.bench.attempt(test, EdgedStraight if through else Sink, lambda through=through: self.one_run(test, through))

    def one_run(self, test, through):
        sink, server = Sink(self.bench), None
        try:
            sink.start()
            if through:
                server = EdgedStraight(self.bench, sink)
                server.start()
            entry = server or sink
            self.bench.load(entry, LOADS[test][1], self.bench.given.warm)
            result = self.bench.load(entry, LOADS[test][1], self.bench.given.seconds)
            self.bench.keep(test, entry.name, {key: result.get(key, 0) for key in ("per_second", "txn_p50", "txn_p99", "failed")})
        finally:
            if server:
                server.stop()
            sink.stop()

    # Telling

    def table(self):
        tests = [test for test in TESTS if (test, THROUGH) in self.bench.results]
        if not tests:
            return []
        names = (THROUGH, Sink.name)
        out = ["", "### Straight through into smtp-sink: MAIL to the final reply, microseconds, median (least-most)", "",
               "| 4 KiB, many per connection | %s |" % " | ".join(names), "|---|---:|---:|"]
        for test in tests:
            for key, what in (("txn_p50", "median"), ("txn_p99", "99th percentile")):
                out.append("| %s, %s | %s |" % (LOADS[test][0], what, " | ".join(self.bench.spread(test, name, key) for name in names)))
        return out

    def goals(self, goal):
        for test in TESTS:
            ours, alone = (self.bench.median(test, name, "txn_p50") for name in (THROUGH, Sink.name))
            if ours and alone:
                goal("straight through, %s: milliseconds added at the median" % LOADS[test][0], (ours - alone) / 1000, "< 1", lambda x: x < 1)
