#!/usr/bin/env python3
"""What a reload changes in the parent, what a refused one leaves, and what a crash restarts: reload_test.py --build DIR"""
import argparse
import os
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import DEADLINE, Edged, Ports, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position


class Daemon:
    """Stands for a process that is nobody's child here."""

    def __init__(self, pid):
        self.pid, self.returncode = pid, None

    def poll(self):
        return None if Edged._alive(self.pid) else 0  # pylint: disable=protected-access

    def wait(self, deadline=DEADLINE):
        wait_for("process %d to end" % self.pid, lambda: self.poll() is not None, deadline)
        return 0


class Detached(Edged):
    """A server that has let go of its terminal: its log is ErrorLog, its parent is named in PidFile."""
    pid_file, error_log = "run/edged.pid", "logs/error.log"

    def path(self, name):
        return os.path.join(self.root, name)

    def start(self):
        self.prepare()
        self.write_configuration()
        with open(self.path("stderr"), "ab") as err:
            done = subprocess.run(self.edged(), stdin=subprocess.DEVNULL, stdout=err, stderr=err, env=self.env, cwd=self.root,
                                  timeout=60, check=False)
        if done.returncode != 0:
            raise TestFailure("edged did not start:\n" + self.read("stderr") + self.tail())
        self.process = Daemon(int(self.read(self.pid_file)))
        wait_for("the port", self.answers)
        return self

    def read(self, name):
        with open(self.path(name), encoding="utf-8", errors="replace") as text:
            return text.read()

    def log(self):
        try:
            return self.read(self.error_log).encode()
        except OSError:
            return b""


def banner(server):
    with server.connect() as client:
        return client.recv(512).decode().strip()


def swap_files(server):
    server.blocks["server"] = "PidFile run/second.pid\nErrorLog logs/second.log\nGracefulTimeout 1s"


def rotate(server, name, server_is_at):
    """Puts the log away and has it opened anew."""
    os.rename(server.path(name), server.path(name + ".1"))
    server.signal(signal.SIGUSR1)
    wait_for("%s to be opened anew" % server_is_at, lambda: os.path.exists(server.path(server_is_at)))


def a_refused_reload_changes_nothing(build):
    """Parent and child read the core's part; a module's directive is refused by the child alone."""
    with Detached(build, name="refused") as server:
        swap_files(server)
        server.blocks["listener"] = "MaxRecipients many"
        server.reload(good=False)
        rotate(server, "logs/error.log", "logs/error.log")
        holds("the refused ErrorLog is left alone", not os.path.exists(server.path("logs/second.log")))
        holds("the refused PidFile is left alone", not os.path.exists(server.path("run/second.pid")))
        expect("the PidFile names the parent", int(server.read("run/edged.pid")), server.parent())
        server.stop()
        holds("the PidFile goes with the server", not os.path.exists(server.path("run/edged.pid")))


def a_log_that_cannot_be_opened_is_refused(build):
    with Detached(build, name="nolog") as server:
        os.mkdir(server.path("logs/folder"))
        server.blocks["server"] = "ErrorLog logs/folder"
        server.reload(good=False)
        rotate(server, "logs/error.log", "logs/error.log")
        expect("it serves on", banner(server)[:3], "220")


def an_accepted_reload_moves_files(build):
    with Detached(build, name="moves") as server:
        old_size = lambda: os.path.getsize(server.path("logs/error.log"))  # noqa: E731
        swap_files(server)
        server.write_configuration()
        server.error_log = "logs/second.log"
        server.signal(signal.SIGHUP)
        wait_for("the new generation", lambda: server.generations() == 1)
        expect("the new PidFile names the parent", int(server.read("run/second.pid")), server.parent())
        holds("the old PidFile is gone", not os.path.exists(server.path("run/edged.pid")))
        wait_for("the old generation to end", lambda: len(server.children()) == 1)
        before = old_size()
        server.signal(signal.SIGHUP)
        wait_for("one more generation", lambda: server.generations() == 2)
        wait_for("the older generation to end", lambda: len(server.children()) == 1)
        expect("octets that went to the old log", old_size() - before, 0)
        holds("parent and child write the new log", b"[child:" in server.log() and b"[supervise:" in server.log())
        rotate(server, "logs/second.log", "logs/second.log")
        server.stop()
        holds("the PidFile goes with the server", not os.path.exists(server.path("run/second.pid")))


def a_restart_takes_the_last_good_configuration(build):
    """Broken files do not keep a crashed child down; a reload refuses them, and takes them when they are mended."""
    with Edged(build, name="lastgood", listener='Banner 220 "old"', server="IncludeOptional conf.d/*.conf") as server:
        server.may_crash = True
        expect("banner", banner(server), "220 old")
        server.blocks["listener"] = "MaxRecipients many"
        server.write_configuration()
        for crash in (1, 2):
            before = server.generations()
            os.kill(server.children()[-1], signal.SIGKILL)
            wait_for("a new child", lambda before=before: server.generations() > before, 60)
            expect("banner after crash %d" % crash, banner(server), "220 old")
        warnings = server.log().count(b"edge.conf has changed")
        expect("warnings of the changed file", warnings, 1)
        server.reload(good=False)
        expect("banner after the refusal", banner(server), "220 old")
        server.blocks["listener"] = 'Banner 220 "new"'
        server.reload()
        expect("banner after the reload", banner(server), "220 new")
        os.unlink(server.conf_path)
        before = server.generations()
        os.kill(server.children()[-1], signal.SIGKILL)
        wait_for("a new child", lambda: server.generations() > before, 60)
        expect("banner without a file", banner(server), "220 new")
        holds("the missing file is named", b"edge.conf cannot be read: No such file" in server.log())
        server.write_configuration()


def figures(server):
    """What reloads came to, and why children were replaced."""
    return tuple(server.counter(name) for name in ("config_reloads_total{result=ok}", "config_reloads_total{result=invalid}",
                                                   "config_reloads_total{result=failed}", "worker_restarts_total{reason=reload}",
                                                   "worker_restarts_total{reason=crash}"))


def reloads_are_counted_by_what_came_of_them(build):
    """A start is the first configuration put in force; a child in the place of one that crashed puts none in force."""
    with Edged(build, name="figures") as server, socket.socket() as other:
        server.may_crash = True
        expect("after the start", figures(server), (1, 0, 0, 0, 0))
        server.reload()
        wait_for("after a reload", lambda: figures(server) == (2, 0, 0, 1, 0))
        before = server.generations()
        os.kill(server.children()[-1], signal.SIGKILL)
        wait_for("a new child", lambda: server.generations() > before, 60)
        wait_for("an answer of it", server.answers)
        wait_for("after a crash", lambda: figures(server) == (2, 0, 0, 1, 1))
        server.blocks["server"] = "Workers none"
        server.reload(good=False)
        wait_for("the core's refusal", lambda: figures(server) == (2, 1, 0, 1, 1))
        server.blocks["server"], server.blocks["listener"] = "", "MaxRecipients many"
        server.reload(good=False)
        wait_for("the child's refusal", lambda: figures(server) == (2, 2, 0, 1, 1))
        taken = Ports.take()
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", taken))
        other.listen()
        server.blocks["listener"] = "Listen 127.0.0.1:@PORT@ 127.0.0.1:%d" % taken
        server.reload(good=False)
        wait_for("what could not be bound", lambda: figures(server) == (2, 2, 1, 1, 1))
        done = server.ctl("reload", check=False)
        holds("edgectl tells of it: %r" % done.stderr, b"the new configuration was refused" in done.stderr and done.returncode != 0)
        wait_for("after edgectl's", lambda: figures(server) == (2, 2, 2, 1, 1))
        other.close()
        server.reload()
        wait_for("in the end", lambda: figures(server) == (3, 2, 2, 2, 1))


def a_crash_during_a_refused_reload(build):
    """A configuration that was never accepted is not what a restart takes."""
    with Edged(build, name="between", listener='Banner 220 "old"') as server:
        server.may_crash = True
        server.blocks["listener"] = "MaxRecipients many"
        server.write_configuration()
        before = server.generations()
        server.signal(signal.SIGHUP)
        os.kill(server.children()[0], signal.SIGKILL)
        wait_for("a new child", lambda: server.generations() > before, 60)
        expect("banner", banner(server), "220 old")


# Listeners that only the child knows of: test/modules/mod_grow.c adds one for each line of a file

def grow(server, *ports):
    with open(os.path.join(server.root, "listeners"), "w", encoding="ascii") as out:
        out.writelines("127.0.0.1:%d\n" % port for port in ports)


def growing(build, name, *ports):
    server = Edged(build, name=name, server="LoadModule grow_module @BUILD@/test/modules/mod_grow.so\nGrowListeners listeners")
    grow(server, *ports)
    return server


def greets(port):
    try:
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as client:
            return client.recv(512)[:3] == b"220"
    except ConnectionRefusedError:
        return False


def listens(port):
    """By the kernel's table: no connection is made."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(line.split()[1].endswith(":%04X" % port) and line.split()[3] == "0A" for line in table.readlines()[1:])


def modules_add_listeners(build):
    one, two = Ports.take(), Ports.take()
    with growing(build, "grow", one) as server:
        server.may_crash = True
        holds("the added listener serves", greets(one))
        grow(server, one, two)
        session = server.connect()
        session.recv(512)
        server.reload()
        holds("both serve", greets(one) and greets(two))
        before = server.generations()
        os.kill(server.children()[-1], signal.SIGKILL)
        wait_for("a new child", lambda: server.generations() > before, 60)
        holds("both serve after a crash", greets(one) and greets(two) and greets(server.port))
        grow(server, two)
        server.reload()
        wait_for("the listener nobody wants any more to be closed", lambda: not listens(one))
        expect("generations with the session of the first", len(server.children()) >= 2, True)
        holds("the other serves", greets(two))
        session.close()


def what_cannot_be_bound_is_refused(build):
    """With the place in the file that asked for it; and what was bound for the refused one is closed."""
    one, two = Ports.take(), Ports.take()
    with growing(build, "bound", one) as server, socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", two))
        other.listen()
        three = Ports.take()
        grow(server, one, three, two)
        server.reload(good=False)
        wait_for("the diagnostic", lambda: ("listeners:3: error: cannot bind 127.0.0.1:%d: Address already in use [EDG10080]" % two
                                            ).encode() in server.log())
        wait_for("the socket of the refused one to be closed", lambda: not listens(three))
        holds("what served serves", greets(one) and greets(server.port))
        other.close()
        server.reload()
        holds("now all serve", greets(one) and greets(two) and greets(three))


def a_start_that_cannot_bind_fails(build):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = growing(build, "nobind", other.getsockname()[1])
        said = server.start_refused()
        holds("the reason is told: " + said, "cannot bind 127.0.0.1:%d: Address already in use" % other.getsockname()[1] in said)
        server.process = None
        server.remove()


def a_dropped_listener_is_closed(build):
    """Also while an old generation drains."""
    extra = Ports.take()
    with Edged(build, name="dropped", listener="Listen 127.0.0.1:@PORT@ 127.0.0.1:%d" % extra) as server:
        session = server.connect()
        session.recv(512)
        holds("it serves", greets(extra))
        server.blocks["listener"] = ""
        server.reload()
        wait_for("the dropped listener to be closed", lambda: not listens(extra))
        expect("generations alive", len(server.children()), 2)
        session.close()


CASES = (a_refused_reload_changes_nothing, a_log_that_cannot_be_opened_is_refused, an_accepted_reload_moves_files,
         a_restart_takes_the_last_good_configuration, reloads_are_counted_by_what_came_of_them, a_crash_during_a_refused_reload, modules_add_listeners,
         what_cannot_be_bound_is_refused, a_start_that_cannot_bind_fails, a_dropped_listener_is_closed)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "12800-12899")
    report = Report("reload")
    for case in CASES:
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
