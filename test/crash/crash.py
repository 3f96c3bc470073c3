#!/usr/bin/env python3
"""Kills, starves and reloads a loaded edged, and holds its queue against what clients were told.

crash.py --build DIR [--long] [--hold MODULE] [--rounds N] [CASE...]
"""
import argparse
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

from load import Control, Conversation, Gone, Ledger, Load, Record, body_of
from edged import DEADLINE, Edged, Report, TestFailure, add_common_arguments, wait_for

WIDE = "MaxConnectionsPerIP 1000\nMaxConnections 2000"
given = None


def server_of(name, **more):
    more.setdefault("server", WIDE)
    return Edged(given.build, name=name, hold=given.hold, **more)


def rounds(short, long):
    return given.rounds or (long if given.long else short)


def cases():
    return {name[5:]: function for name, function in globals().items() if name.startswith("case_")}


def closing(server):
    """The server ends by kill in any case; the root is kept when something failed."""
    class Closing:
        def __enter__(self):
            return server

        def __exit__(self, kind, value, trace):
            server.kill()
            if kind is None:
                server.remove()
            else:
                print("        (kept %s)" % server.root)
    return Closing()


def case_kill_child():
    """kill -9 of the child at random instants under load; the parent brings the next."""
    with closing(server_of("killchild")) as server:
        server.may_crash = True
        server.start()
        record, ledger = Record(), Ledger(server)
        for _ in range(rounds(12, 150)):
            before = server.generations()
            load = Load(server, record).start()
            time.sleep(random.uniform(0.0, 0.5))
            wait_for("a child to kill", server.children)
            os.kill(server.children()[-1], signal.SIGKILL)
            wait_for("a new child", lambda before=before: server.generations() > before, 60)
            time.sleep(random.uniform(0.0, 0.2))
            load.stop()
            ledger.compare(record, delete_share=0.3)
        ledger.compare(record, everything=True)
        if server.counter("worker_restarts_total{reason=crash}") == 0:
            raise TestFailure("no crash was counted")
        server.stop(now=True)
        return ledger.verdict(record)


def case_kill_both():
    """kill -9 of parent and child at random instants under load; a new start finds all that was acknowledged."""
    with closing(server_of("killboth")) as server:
        server.may_crash = True
        server.start()
        record, ledger = Record(), Ledger(server)
        for _ in range(rounds(12, 150)):
            load = Load(server, record).start()
            time.sleep(random.uniform(0.0, 0.5))
            server.kill()
            load.ending.set()
            load.stop()
            server.start()
            ledger.compare(record, delete_share=0.3)
        ledger.compare(record, everything=True)
        server.stop(now=True)
        server.start()
        ledger.compare(record, everything=True)
        server.stop(now=True)
        return ledger.verdict(record)


def case_kill_parent():
    """kill -9 of the parent alone: the child notices, ends, and a new start takes over."""
    with closing(server_of("killparent")) as server:
        server.may_crash = True
        server.start()
        record, ledger = Record(), Ledger(server)
        for _ in range(rounds(3, 30)):
            load = Load(server, record).start()
            time.sleep(random.uniform(0.0, 0.3))
            children = server.children()
            os.kill(server.process.pid, signal.SIGKILL)
            server.process.wait()
            for child in children:
                wait_for("the orphan to end", lambda child=child: not server._alive(child))  # pylint: disable=protected-access
            load.stop()
            server.start()
            ledger.compare(record)
        server.stop(now=True)
        return ledger.verdict(record)


def case_reload_under_load():
    """SIGHUP again and again under load: no refused connection, no broken session, nothing lost; also a bad file in between."""
    with closing(server_of("reload")) as server:
        server.start()
        record, ledger = Record(), Ledger(server)
        load = Load(server, record, strict=True, per_connection=7).start()
        for number in range(rounds(12, 200)):
            if number % 4 == 3:
                server.blocks["listener"] = "MaxRecipients nonsense"
                server.reload(good=False)
            server.blocks["listener"] = "MaxRecipients %d" % (100 + number)
            server.reload()
            time.sleep(random.uniform(0.0, 0.15))
        load.stop()
        wait_for("the old generations to end", lambda: len(server.children()) == 1, 60)
        ledger.compare(record, everything=True)
        accepted = server.counter("messages_total{outcome=accepted}")
        if accepted != len(record.acknowledged):
            raise TestFailure("%d messages were acknowledged, the counter over all generations says %d" % (len(record.acknowledged), accepted))
        server.stop(now=True)
        return "%s; reloads %d, sessions sent on by 421 %d" % (ledger.verdict(record), rounds(12, 200), record.farewells)


def case_child_segv():
    """SIGSEGV: the child is restarted, with a growing pause when it dies again and again."""
    options = {name: os.environ.get(name, "") + ":handle_segv=0" for name in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")}
    with closing(server_of("segv", env=options)) as server:
        server.may_crash = True
        server.start()
        for _ in range(4):
            before, victim = server.generations(), server.children()[-1]
            os.kill(victim, signal.SIGSEGV)
            wait_for("a new child", lambda before=before: server.generations() > before, 60)
            Conversation(server).close()
        if b"signal 11" not in server.log():
            raise TestFailure("the error log does not name the signal:\n" + server.tail())
        crashes = server.counter("worker_restarts_total{reason=crash}")
        if crashes != 4:
            raise TestFailure("%d crashes are counted instead of 4" % crashes)
        server.stop(now=True)


def namespace(server, size):
    """A small file system of its own for the spool, seen by this server only."""
    server.wrapper = ["unshare", "-m", "--propagation", "private", "sh", "-c",
                      'mount -t tmpfs -o size=%s,mode=755 tmpfs "$0/spool" && exec "$@"' % size, server.root]


def inside(server, *command, check=True):
    return subprocess.run(["nsenter", "-t", str(server.process.pid), "-m", *command], check=check, capture_output=True)


def can_unshare():
    return os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0


def one_message(server, size=3000, record=None):
    """The first line that is not a go-ahead: the refusal, or the answer to the message."""
    record = record or Record()
    token = record.token()
    talk = Conversation(server)
    try:
        for command in (b"MAIL FROM:<%s@load.example>" % token.encode(), b"RCPT TO:<b@server.example>", b"DATA"):
            line = talk.command(command)
            if line[:1] not in b"23":
                record.note("refused", token)
                return line
        talk.send(body_of(token, size) + b".\r\n")
        line = talk.reply()
        if line.startswith(b"250"):
            record.note("acknowledged", token, line.split()[-1].decode())
        else:
            record.note("refused", token)
        return line
    finally:
        talk.close()


def case_disk_full():
    """The spool's file system fills up: 452, never a 250 that is not stored, and recovery when there is room again."""
    if not can_unshare():
        raise Skip("needs root and unshare -m", machine=shutil.which("unshare") is not None)
    with closing(server_of("diskfull")) as server:
        namespace(server, "260m")
        server.start()
        record, ledger = Record(), Ledger(server)
        if not one_message(server, record=record).startswith(b"250"):
            raise TestFailure("not even an empty disk takes a message")
        answers = []
        for _ in range(2000):
            line = one_message(server, 400000, record)
            answers.append(line[:3])
            if not line.startswith(b"250"):
                break
        if answers[-1] != b"452":
            raise TestFailure("a full disk answers %r" % line)
        stored = sum(answer == b"250" for answer in answers)
        ledger.compare(record)
        # Whatever is small may still fit; nothing but 250, 451 and 452 is an answer now.
        for _ in range(50):
            line = one_message(server, 3000, record)
            if line[:3] not in (b"250", b"452", b"451"):
                raise TestFailure("a full disk answers %r" % line)
        # An operator makes room by deleting what was stored.
        control = Control(server)
        for identity in list(control.list())[:max(1, stored * 3 // 4)]:
            control.delete(identity)
            ledger.deleted.add(identity)

        def recovered():
            return one_message(server, 3000, record).startswith(b"250")
        wait_for("messages to be taken again", recovered, 30, 0.5)
        ledger.compare(record, everything=True)
        server.stop(now=True)
        return "%d large messages fitted; %s" % (stored, ledger.verdict(record))


def case_min_free():
    """SpoolMinFree: 452 4.3.1 at MAIL while less is free, and on again by itself."""
    if not can_unshare():
        raise Skip("needs root and unshare -m", machine=shutil.which("unshare") is not None)
    with closing(server_of("minfree", queue="SpoolMinFree 100M")) as server:
        namespace(server, "400m")
        server.start()
        record, ledger = Record(), Ledger(server)
        if not one_message(server, record=record).startswith(b"250"):
            raise TestFailure("no message is taken although there is room")
        filler = os.path.join(server.root, "spool", "filler")
        free = int(inside(server, "df", "--output=avail", "-B1M", os.path.join(server.root, "spool")).stdout.split()[-1])
        inside(server, "dd", "if=/dev/zero", "of=" + filler, "bs=1M", "count=%d" % (free - 60))
        wait_for("452", lambda: one_message(server, record=record).startswith(b"452 4.3.1 "), 30, 0.2)
        inside(server, "rm", filler)
        wait_for("250", lambda: one_message(server, record=record).startswith(b"250"), 30, 0.2)
        ledger.compare(record)
        server.stop(now=True)
        return ledger.verdict(record)


def case_read_only():
    """The spool's file system turns read-only under a running server: 451 4.3.0, said in the log; nothing acknowledged is lost."""
    if not can_unshare():
        raise Skip("needs root and unshare -m", machine=shutil.which("unshare") is not None)
    with closing(server_of("readonly")) as server:
        image, spool = os.path.join(server.root, "image"), os.path.join(server.root, "spool")
        made = subprocess.run(
            ["sh", "-c", 'truncate -s 300M "$0" && PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q "$0" && unshare -m mount -o loop "$0" "$1"',
             image, spool], check=False, capture_output=True)
        if made.returncode != 0:
            raise Skip("needs mkfs.ext4 and loop devices: " + made.stderr.decode("utf-8", "replace").strip(),
                       machine=shutil.which("mkfs.ext4", path=os.environ["PATH"] + ":/sbin:/usr/sbin") is not None)
        server.wrapper = ["unshare", "-m", "--propagation", "private", "sh", "-c", 'mount -o loop "$0/image" "$0/spool" && exec "$@"', server.root]
        server.start()
        record, ledger = Record(), Ledger(server)
        for _ in range(20):
            if not one_message(server, record=record).startswith(b"250"):
                raise TestFailure("a good disk takes no message")
        # As after an error of the disk: whatever is open for writing stays open, and every write fails.
        inside(server, "mount", "-o", "remount,abort", spool)
        answers = [one_message(server, record=record) for _ in range(5)]
        if any(not line.startswith(b"451 4.3.0 ") for line in answers):
            raise TestFailure("a read-only spool answers %r" % answers)
        if b"takes no messages" not in server.log() and b"ead-only" not in server.log():
            raise TestFailure("the log does not say why:\n" + server.tail())
        ledger.compare(record, everything=True)
        server.stop(now=True)
        server.start()
        ledger.compare(record, everything=True)
        if not one_message(server, record=record).startswith(b"250"):
            raise TestFailure("messages are not taken again after a repair")
        server.stop(now=True)
        return ledger.verdict(record)


def case_descriptors():
    """No descriptor is left: sessions go on, new ones wait or are refused, and are served again later."""
    with closing(server_of("descriptors", nofile=120)) as server:
        server.start()
        record = Record()
        talks, waiting = [], []
        try:
            first = Conversation(server)
            talks.append(first)
            for _ in range(200):
                waiting.append(server.connect())
            wait_for("the end of descriptors", lambda: server.counter("accept_errors_total{reason=resources}") + server.counter("connections_rejected_total") > 0, 30, 0.2)
            # The old session goes on as if nothing were the matter.
            for _ in range(3):
                Load(server, record).message(first, 3000)
            if len(record.acknowledged) != 3:
                raise TestFailure("an open session could not send while descriptors were short: %s" % record.troubles)
            for client in waiting:
                client.close()
            waiting = []
            wait_for("new sessions", lambda: one_message(server, record=record).startswith(b"250"), 30, 0.2)
            ledger = Ledger(server)
            ledger.compare(record)
            first.close()
            server.stop(now=True)
            return ledger.verdict(record)
        finally:
            for client in waiting:
                client.close()


def slow_reader(server, ending):
    """Asks and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    try:
        client.connect(("127.0.0.1", server.port))
        client.settimeout(0.2)
        while not ending.is_set():
            try:
                client.sendall(b"HELP\r\n" * 100)
            except socket.timeout:
                ending.wait(0.5)
    except OSError:
        pass
    finally:
        client.close()


def slow_writer(server, ending):
    """An octet now and then, in the middle of a message."""
    try:
        talk = Conversation(server)
        for command in (b"MAIL FROM:<slow@load.example>", b"RCPT TO:<b@server.example>", b"DATA"):
            talk.command(command)
        while not ending.is_set():
            talk.send(b"x")
            ending.wait(0.3)
        talk.close()
    except (Gone, OSError):
        pass


def resetter(server, ending):
    """Resets the connection after a random number of octets."""
    text = b"EHLO r.example\r\nMAIL FROM:<r@load.example>\r\nRCPT TO:<b@server.example>\r\nDATA\r\nSubject: r\r\n\r\n" + b"r" * 3000 + b"\r\n"
    while not ending.is_set():
        try:
            client = server.connect()
            client.sendall(text[:random.randrange(len(text))])
            if random.random() < 0.5:
                time.sleep(random.uniform(0, 0.01))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        except OSError:
            pass


def case_slow_peers():
    """Clients that never read, send an octet at a time, or reset anywhere: all others are served, and memory stays bounded."""
    with closing(server_of("slow", server=WIDE + "\nMinRate 0")) as server:
        server.start()
        ending = threading.Event()
        bad = [threading.Thread(target=kind, args=(server, ending)) for kind in [slow_reader] * 10 + [slow_writer] * 10 + [resetter] * 3]
        record, ledger = Record(), Ledger(server)
        for thread in bad:
            thread.start()
        try:
            time.sleep(0.5)
            load = Load(server, record, strict=True).start()
            wanted = 3000 if given.long else 300
            wait_for("%d messages beside slow clients" % wanted, lambda: len(record.acknowledged) >= wanted, 60)
            load.stop()
        finally:
            ending.set()
            for thread in bad:
                thread.join(DEADLINE)
        ledger.compare(record)
        wait_for("the slow sessions to end", lambda: server.counter("connections_active") <= 20, 30)
        server.stop(now=True)
        return ledger.verdict(record)


def case_bad_configuration():
    """Never starts, whatever is wrong; -t says the same and ends with 1."""
    for text in ("MaxRecipients many", "Nonsense on", "<On NOWHERE>\n</On>", "Queue nowhere", "Protocol pigeon", "Banner 999 x"):
        with closing(server_of("bad", listener=text)) as server:
            said = server.start_refused()
            tested = subprocess.run(server.edged("-t"), capture_output=True, check=False, timeout=60)
            if tested.returncode != 1 or b"edge.conf:" not in tested.stdout + tested.stderr:
                raise TestFailure("edged -t on %r: %d\n%s" % (text, tested.returncode, (tested.stdout + tested.stderr).decode()))
            if "edge.conf:" not in said:
                raise TestFailure("no place is named for %r:\n%s" % (text, said))


class Skip(Exception):
    """`machine`: what the test needs is installed, and the machine does not let it be used."""

    def __init__(self, why, machine):
        super().__init__(why)
        self.machine = machine


def main():
    global given
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(arguments)
    arguments.add_argument("--long", action="store_true", help="hundreds of rounds")
    arguments.add_argument("--rounds", type=int, help="so many rounds in each case")
    arguments.add_argument("--hold", metavar="MODULE", help="bind this test module to every phase: hold_every or blocking_every")
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("cases", nargs="*", metavar="CASE", help="of: " + " ".join(cases()))
    given = arguments.parse_args()
    random.seed(given.seed)
    print("crash: seed %d" % given.seed)
    report = Report("crash" + (" with " + given.hold if given.hold else ""))
    for name in given.cases or cases():
        if name not in cases():
            arguments.error("no case %s" % name)
        began = time.monotonic()
        try:
            note = cases()[name]()
        except Skip as why:
            report.skip(name, str(why), machine=why.machine)
        except TestFailure as trouble:
            report.fail(name, trouble)
        except Exception:  # pylint: disable=broad-except
            report.fail(name, traceback.format_exc())
        else:
            report.ok(name, "%s%s%.0f s" % (note or "", "; " if note else "", time.monotonic() - began))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
