#!/usr/bin/env python3
"""Signals at awkward moments, and what a crash leaves behind in the counters: signals_test.py --build DIR"""
import argparse
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, TestFailure, add_common_arguments, expect, wait_for  # noqa: E402 pylint: disable=wrong-import-position


def ends_well(server):
    status = server.process.wait(60)
    if status != 0:
        raise TestFailure("edged ended with %d:\n%s" % (status, server.tail()))
    if server.children():
        raise TestFailure("children are left: %s" % server.children())
    server.process = None
    server.check_clean()
    if os.path.exists(os.path.join(server.root, "run", "edged.pid")):
        raise TestFailure("the PidFile is left")


def greet(server):
    client = server.connect()
    line = client.recv(512)
    if not line.startswith(b"220"):
        raise TestFailure("greeted with %r" % line)
    return client


def stops_while_it_starts(build):
    """SIGTERM after each octet-sized piece of the start: whatever has been begun is ended."""
    for step in range(12):
        server = Edged(build, name="term%d" % step)
        server.launch()
        # Each turn lets the start get a little further: so many looks at its log, not so much time.
        for _ in range(step * 40):
            server.log()
        # Before the parent has its handler the signal itself ends it, and nothing has been begun.
        server.signal(signal.SIGTERM)
        status = server.process.wait(60)
        if status not in (0, -signal.SIGTERM):
            raise TestFailure("edged ended with %d:\n%s" % (status, server.tail()))
        if server.children():
            raise TestFailure("children are left")
        server.process = None
        server.check_clean()
        server.remove()


def reloads_on_top_of_each_other(build):
    """Many SIGHUPs, some while a new generation is starting: the last one is served, and nobody is left behind."""
    with Edged(build, name="hups") as server:
        for _ in range(30):
            server.signal(signal.SIGHUP)
            greet(server).close()
        before = server.generations()
        server.reload()
        wait_for("the older generations to end", lambda: len(server.children()) == 1, 60)
        greet(server).close()
        if server.generations() <= before:
            raise TestFailure("no generation came of the last SIGHUP")


def stops_while_it_reloads(build):
    server = Edged(build, name="hupterm")
    server.start()
    try:
        server.signal(signal.SIGHUP)
        server.signal(signal.SIGTERM)
        ends_well(server)
    finally:
        server.kill()
    server.remove()


def a_crash_leaves_no_gauge(build):
    """Connections of a child that was killed are open no more, and are not counted as open."""
    with Edged(build, name="gauges") as server:
        server.may_crash = True
        clients = [greet(server) for _ in range(7)]
        wait_for("seven sessions", lambda: server.counter("connections_active") == 7)
        before = server.generations()
        os.kill(server.children()[-1], signal.SIGKILL)
        wait_for("a new child", lambda: server.generations() > before, 60)
        wait_for("an answer of it", server.answers)
        wait_for("the gauge", lambda: server.counter("connections_active") == 0)
        clients.append(greet(server))
        wait_for("the gauge", lambda: server.counter("connections_active") == 1)
        for client in clients:
            client.close()


def a_crash_while_draining_leaves_no_gauge(build):
    """Of two generations with open connections the draining one dies: the other's are still counted, and only they."""
    with Edged(build, name="drained") as server:
        server.may_crash = True
        old = [greet(server) for _ in range(5)]
        server.reload()
        new = [greet(server) for _ in range(2)]
        expect("generations alive", len(server.children()), 2)
        wait_for("all sessions", lambda: server.counter("connections_active") == 7)
        os.kill(server.children()[0], signal.SIGKILL)
        wait_for("the older generation to end", lambda: len(server.children()) == 1)
        wait_for("the gauge", lambda: server.counter("connections_active") == 2)
        new.append(greet(server))
        wait_for("the gauge", lambda: server.counter("connections_active") == 3)
        for client in old + new:
            client.close()
        wait_for("the gauge", lambda: server.counter("connections_active") == 0)
        expect("sessions in all", server.counter("connections_total"), 8)


UNWELL = """
<Validator unwell>
    Module answer_module
    Answer exit
    Only leave
</Validator>
"""


def restarts(server):
    return tuple(server.counter("worker_restarts_total{reason=%s}" % reason) for reason in ("exit", "crash", "reload"))


def who_ends_by_itself_is_replaced(build):
    """A library may end the process: that is no crash, and no end that was asked for."""
    with Edged(build, name="unwell", listener="<On NOOP>\nValidate unwell\n</On>", more=UNWELL) as server:
        server.may_crash = True
        expect("restarts at the start", restarts(server), (0, 0, 0))
        before = server.generations()
        with greet(server) as client:
            client.sendall(b"NOOP leave\r\n")
            expect("what it says before", client.recv(512), b"")
        wait_for("a new child", lambda: server.generations() > before, 60)
        wait_for("an answer of it", server.answers)
        expect("restarts", restarts(server), (1, 0, 0))
        if b"ended by exit status 3" not in server.log():
            raise TestFailure("the log does not tell how it ended")
        server.reload()
        wait_for("the older generation to end", lambda: len(server.children()) == 1, 60)
        expect("and a reload", restarts(server), (1, 0, 1))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "12800-12899")
    report = Report("signals")
    for case in (stops_while_it_starts, reloads_on_top_of_each_other, stops_while_it_reloads, a_crash_leaves_no_gauge,
                 a_crash_while_draining_leaves_no_gauge, who_ends_by_itself_is_replaced):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
