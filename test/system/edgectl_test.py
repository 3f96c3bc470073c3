#!/usr/bin/env python3
"""edgectl against a real server, and against the spool of a stopped one: edgectl_test.py --build DIR"""
import argparse
import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import Control  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

OK, ERROR, USAGE, NOT_FOUND, DENIED, UNREACHABLE, BAD_CONFIGURATION = range(7)
NOBODY = 65534


class Server(Edged):
    """A server that edgectl itself starts and stops."""

    def run(self, *arguments, code=OK):
        done = self.ctl(*arguments, check=False)
        if done.returncode != code:
            raise TestFailure("edgectl %s: exit status %d, wanted %d\n%s%s" % (
                " ".join(arguments), done.returncode, code, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")))
        return done.stdout.decode("utf-8", "surrogateescape")

    def said(self, *arguments, code):
        done = self.ctl(*arguments, check=False)
        expect("exit status of " + " ".join(arguments), done.returncode, code)
        return done.stderr.decode("utf-8", "replace")

    def deliver(self, text, sender="sender@client.example.com", recipients=("recipient@server.example.com",), size=None):
        """Sends one message exactly as given; returns its id."""
        with smtplib.SMTP("127.0.0.1", self.port, "client.example.com", timeout=30) as client:
            client.ehlo()
            expect("MAIL", client.mail(sender, ["SIZE=%d" % size] if size else [])[0], 250)
            for recipient in recipients:
                expect("RCPT", client.rcpt(recipient)[0], 250)
            code, reply = client.data(text)
            expect("DATA", code, 250)
        found = re.search(rb"queued as ([0-9a-f-]{36})", reply)
        holds("the reply names the message: %r" % reply, found)
        return found.group(1).decode()

    def log(self):
        """A detached server writes its own error log."""
        try:
            with open(os.path.join(self.root, "logs", "error.log"), "rb") as said:
                return said.read()
        except OSError:
            return super().log()


@contextlib.contextmanager
def detached(build, **blocks):
    server = Server(build, **blocks)
    server.write_configuration()
    good = False
    try:
        yield server
        good = True
    finally:
        server.ctl("stop", check=False)
        if good and not os.environ.get("EDGE_TEST_KEEP"):
            server.check_clean()
            server.remove()


MESSAGE = b"Subject: one\r\nFrom: a@b.example\r\n\r\n.dot\r\n\xc3\xa9 and \xff\r\nlast line\r\n"


def start_status_stop(build):
    with detached(build) as server:
        expect("status of a stopped server", server.said("status", code=UNREACHABLE), "edgectl: not running\n")
        expect("stop of a stopped server", server.run("stop"), "not running\n")
        started = server.run("start")
        pid = int(re.match(r"started, process (\d+)\n$", started).group(1))
        expect("a second start", server.run("start"), "already running, process %d\n" % pid)
        status = json.loads(server.run("status", "-o", "json"))
        expect("pid", status["pid"], pid)
        expect("generation", status["generation"], 1)
        expect("workers", status["workers"], 2)
        expect("listeners", [(x["name"], x["protocol"], x["queue"], x["addresses"]) for x in status["listeners"]],
               [("mx", "smtp", "main", ["127.0.0.1:%d" % server.port])])
        expect("queues", [x["name"] for x in status["queues"]], ["main"])
        holds("uptime is a number from 0 on", status["uptime"] >= 0)
        expect("accepted before", status["counters"]['messages_total{listener="mx",protocol="smtp",outcome="accepted"}'], 0)
        server.deliver(MESSAGE)
        expect("accepted after", server.counter("messages_total{outcome=accepted}"), 1)
        table = server.run("status")
        holds("the table names process and listener:\n" + table, "process %d" % pid in table and "mx" in table)
        versions = json.loads(server.run("version", "-o", "json"))
        expect("versions", versions["edgectl"], versions["server"])
        server.run("restart")
        holds("another process after restart", json.loads(server.run("status", "-o", "json"))["pid"] != pid)
        expect("messages after restart", len(server.queue()), 1)
        expect("stop", server.run("stop"), "stopped\n")
        holds("the control socket is gone", not os.path.exists(os.path.join(server.root, "run", "edged.sock")))
        server.run("status", code=UNREACHABLE)


def lists_and_shows(build):
    with detached(build) as server:
        server.run("start")
        expect("an empty list", json.loads(server.run("queue", "list", "-o", "json")), [])
        first = server.deliver(MESSAGE, recipients=("one@x.example", "two@x.example"), size=100)
        second = server.deliver(b"Subject: two\r\n\r\nsecond\r\n", sender="")
        items = json.loads(server.run("queue", "list", "-o", "json"))
        expect("ids", [x["id"] for x in items], [first, second])
        expect("senders", [x["sender"] for x in items], ["sender@client.example.com", ""])
        expect("recipients", items[0]["recipients"], ["one@x.example", "two@x.example"])
        expect("protocol", items[0]["protocol"], "ESMTP")
        expect("client", (items[0]["client"]["ip"], items[0]["client"]["ehlo"], items[0]["client"]["listener"]),
               ("127.0.0.1", "client.example.com", "mx"))
        holds("received is a time", re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", items[0]["received"]))
        expect("jsonl", [json.loads(x)["id"] for x in server.run("queue", "list", "-o", "jsonl").splitlines()], [first, second])
        expect("limit", [x["id"] for x in json.loads(server.run("queue", "list", "--limit=1", "-o", "json"))], [first])
        table = server.run("queue", "list").splitlines()
        expect("lines of the table", len(table), 3)
        expect("columns", table[0].split(), "ID QUEUE STATE AGE SIZE CLIENT SENDER RECIPIENTS".split())
        holds("the null sender is written <>: " + table[2], " <> " in table[2])
        show_one(server, first)


def show_one(server, identity):
    raw = server.ctl("queue", "show", identity, "--raw").stdout
    holds("the stored message ends in what was sent: %r" % raw, raw.endswith(MESSAGE))
    prelude = raw[:-len(MESSAGE)]
    holds("Received is in front: %r" % prelude, prelude.startswith(b"Received: from client.example.com ([127.0.0.1])\r\n"))
    holds("two recipients are not told each other", b"for <" not in prelude)
    holds("it names the message", identity.encode() in prelude)
    headers = server.ctl("queue", "show", identity, "--headers").stdout
    expect("headers", headers, raw[:raw.index(b"\r\n\r\n") + 4])
    full = json.loads(server.run("queue", "show", identity, "-o", "json"))
    expect("size", full["size"], len(raw))
    expect("deliveries", [(x["recipient"], x["state"]) for x in full["deliveries"]], [("one@x.example", "waiting"), ("two@x.example", "waiting")])
    expect("parameters", full["parameters"], [{"name": "SIZE", "value": "100"}])
    text = server.run("queue", "show", identity)
    holds("the table shows id and sender:\n" + text, identity in text and "sender@client.example.com" in text)
    holds("nobody has given it up", "given up" not in text)
    facts = [(line[:12].strip(), line[13:]) for line in text.splitlines()]
    expect("what was said with MAIL", [value for name, value in facts if name == "parameters"], ["SIZE=100"])
    expect("each recipient", [value for name, value in facts if name == "recipient"], ["one@x.example, waiting", "two@x.example, waiting"])
    expect("to whom the client spoke", [value for name, value in facts if name == "receiver"], ["mx.example.net"])


def changes_messages(build):
    with detached(build) as server:
        server.run("start")
        first, second = server.deliver(MESSAGE), server.deliver(MESSAGE)
        unknown = "00000000-0000-7000-8000-000000000000"
        server.run("queue", "hold", first, "--reason", "INC-1")
        expect("held", states(server), {first: "held", second: "active"})
        expect("filter", [x["id"] for x in json.loads(server.run("queue", "list", "--state", "held", "-o", "json"))], [first])
        server.run("queue", "release", first)
        expect("released", states(server)[first], "active")
        server.run("queue", "delete", first, "--reason", "INC-1")
        expect("deleted", states(server), {second: "active"})
        server.run("queue", "show", first, code=NOT_FOUND)
        for word in ("hold", "release", "delete", "requeue"):
            server.run("queue", word, unknown, "--reason", "INC-1", code=NOT_FOUND)
        for word in ("hold", "delete"):
            holds("why", "--reason" in server.said("queue", word, second, code=USAGE))
        server.run("queue", "show", "nonsense", "--raw", code=NOT_FOUND)
        server.run("queue", "delete", unknown, second, "--reason", "INC-1", code=NOT_FOUND)
        expect("what is there is done all the same", states(server), {})
        expect("figures", [(x["name"], x["messages"]) for x in json.loads(server.run("queue", "stat", "-o", "json"))], [("main", 0)])


def states(server):
    return {x["id"]: x["state"] for x in server.queue()}


def works_on_a_stopped_spool(build):
    with detached(build) as server:
        server.run("start")
        large = b"Subject: large\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 98 + b"\r\n") * 6000
        first, second, third = server.deliver(MESSAGE, ("s@x")), server.deliver(large), server.deliver(MESSAGE)
        online = server.queue()
        raw = server.ctl("queue", "show", second, "--raw").stdout
        server.run("stop")
        expect("the same list", server.queue(), online)
        expect("the same bytes", server.ctl("queue", "show", second, "--raw").stdout, raw)
        expect("headers", server.ctl("queue", "show", second, "--headers").stdout, raw[:raw.index(b"\r\n\r\n") + 4])
        expect("limit", len(json.loads(server.run("queue", "list", "--limit", "2", "-o", "json"))), 2)
        server.run("queue", "hold", first, "--reason", "INC-1")
        server.run("queue", "delete", third, "--reason", "INC-1")
        server.run("queue", "show", third, code=NOT_FOUND)
        server.run("queue", "hold", "nonsense", "--reason", "INC-1", code=NOT_FOUND)
        expect("stopped", states(server), {first: "held", second: "active"})
        expect("figures", [x["messages"] for x in json.loads(server.run("queue", "stat", "-o", "json"))], [2])
        server.run("start")
        expect("started again", states(server), {first: "held", second: "active"})


def shape(build):
    """Whose mail waits, of a running server and of a stopped one; no domain has its own idea of a terminal."""
    with detached(build) as server:
        server.run("start")
        empty = json.loads(server.run("queue", "shape", "-o", "json"))
        expect("nothing", (empty["domains"], empty["total"]["waiting"], empty["messages"]), ([], 0, 0))
        server.deliver(MESSAGE, recipients=("a@X.example", "b@x.example", "c@y.example"))
        held = server.deliver(MESSAGE, recipients=("d@x.example",))
        server.run("queue", "hold", held, "--reason", "INC-1")

        def rows(*arguments):
            told = json.loads(server.run("queue", "shape", "-o", "json", *arguments))
            expect("all are read", told["read"], told["messages"])
            for row in (*told["domains"], told["other"], told["total"]):
                expect("a row adds up", (sum(row["ages"]), len(row["ages"])), (row["waiting"], len(told["classes"]) + 1))
            return [(row["queue"], row["domain"], row["waiting"]) for row in told["domains"]], told["other"]["waiting"]

        all_of_them = [("main", "x.example", 3), ("main", "y.example", 1)]
        expect("who waits", rows(), (all_of_them, 0))
        expect("the first", rows("--limit", "1"), (all_of_them[:1], 1))
        expect("held ones", rows("--state", "held"), ([("main", "x.example", 1)], 0))
        expect("of another queue", rows("--queue", "other"), ([], 0))
        lines = server.run("queue", "shape", "--limit", "1").splitlines()
        expect("columns", lines[0].split(), "DOMAIN WAITING 5 10 20 40 80 160 320 640 1280 OLDER".split())
        expect("rows", [line.split()[:2] for line in lines[1:]], [["TOTAL", "4"], ["x.example", "3"], ["OTHER", "1"]])
        server.said("queue", "shape", "--limit", "1001", code=USAGE)
        server.said("queue", "shape", "--state", "lost", code=USAGE)
        server.run("stop")
        expect("of a stopped server", rows(), (all_of_them, 0))
        expect("held ones of it", rows("--state", "held"), ([("main", "x.example", 1)], 0))


def the_spool_stays_its_owners(build):
    """Root changes the spool of a server that runs as somebody else: what it writes must stay readable for that user."""
    if os.geteuid() != 0:
        return "needs root"
    # A process that changes its user cannot be looked into, which is what the leak check does.
    with detached(build, server="User nobody\nGroup nogroup", env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"}) as server:
        os.chmod(server.root, 0o755)
        for part in ("spool", "logs", "run", "state"):
            os.chown(os.path.join(server.root, part), NOBODY, NOBODY)
        server.run("start")
        first, second = server.deliver(MESSAGE), server.deliver(MESSAGE)
        server.run("queue", "hold", second, "--reason", "INC-1")
        server.run("stop")
        server.run("queue", "hold", first, "--reason", "INC-1")
        server.run("queue", "release", second)
        server.run("queue", "list")
        owners = {os.lstat(os.path.join(place, name)).st_uid for place, _, names in os.walk(os.path.join(server.root, "spool", "main")) for name in names}
        expect("owners of the spool's files", owners, {NOBODY})
        server.run("start")
        expect("started again", states(server), {first: "held", second: "active"})
        server.deliver(MESSAGE)
        rotate(server)
    return None


def rotate(server):
    """The logs are renamed and reopened: nothing more goes to the old files, not even from the child, which is no root."""
    logs = [os.path.join(server.root, "logs", name) for name in ("error.log", "transactions.json")]
    for log in logs:
        os.rename(log, log + ".old")
    with open(os.path.join(server.root, "run", "edged.pid"), encoding="ascii") as pid:
        os.kill(int(pid.read()), signal.SIGUSR1)
    for log in logs:
        wait_for("a new " + log, lambda log=log: os.path.exists(log))
    wait_for("the child to have reopened", lambda: not writers(server, ".old"))
    server.deliver(MESSAGE)
    wait_for("a line in the new log", lambda: len(server.transactions()) > 0)


def writers(server, ending):
    """Descriptors of the server's processes on files of that ending."""
    with open(os.path.join(server.root, "run", "edged.pid"), encoding="ascii") as text:
        parent = int(text.read())
    with open("/proc/%d/task/%d/children" % (parent, parent), encoding="ascii") as text:
        pids = [parent] + [int(x) for x in text.read().split()]
    found = []
    for pid in pids:
        for descriptor in os.listdir("/proc/%d/fd" % pid):
            try:
                target = os.readlink("/proc/%d/fd/%s" % (pid, descriptor))
            except OSError:
                continue
            if target.endswith(ending):
                found.append((pid, descriptor, target))
    return found


def a_spool_in_use_is_left_alone(build):
    with detached(build) as server:
        server.run("start")
        server.deliver(MESSAGE)
        os.unlink(os.path.join(server.root, "run", "edged.sock"))
        said = server.said("queue", "list", code=UNREACHABLE)
        holds("it is said that the spool is in use: " + said, "in use" in said)
        server.said("status", code=UNREACHABLE)


def reloads(build):
    with detached(build) as server:
        server.run("reload", code=UNREACHABLE)
        server.run("start")
        inode = os.lstat(os.path.join(server.root, "run", "edged.sock")).st_ino
        expect("reload", server.run("reload"), "reloaded, generation 2\n")
        holds("the newest child owns the socket", os.lstat(os.path.join(server.root, "run", "edged.sock")).st_ino != inode)
        expect("graceful", server.run("graceful"), "reloaded, generation 3\n")
        server.blocks["server"] = "MaxMesageSize 1M"
        server.write_configuration()
        said = server.said("reload", code=BAD_CONFIGURATION)
        holds("the diagnostics are shown:\n" + said, "MaxMesageSize" in said and "MaxMessageSize" in said)
        server.said("configtest", code=BAD_CONFIGURATION)
        server.said("restart", code=BAD_CONFIGURATION)
        expect("generation", json.loads(server.run("status", "-o", "json"))["generation"], 3)
        server.blocks["server"] = "MaxMessageSize 1M"
        server.write_configuration()
        server.run("configtest")
        expect("reload", server.run("reload"), "reloaded, generation 4\n")
        server.deliver(MESSAGE)


def a_bad_configuration_never_starts(build):
    with detached(build, server="Workers many") as server:
        said = server.said("start", code=BAD_CONFIGURATION)
        holds("place and word are named:\n" + said, "Workers" in said and "edge.conf:" in said)
        server.run("status", code=UNREACHABLE)
        os.unlink(server.conf_path)
        server.run("status", code=BAD_CONFIGURATION)
        server.run("version")


def usage(build):
    with detached(build) as server:
        for words, part in ((["statsu"], 'did you mean "status"'), (["queue", "lst"], 'did you mean "list"'), (["queue"], "second word"), ([], "usage:"),
                            (["-o", "xml", "status"], "table, json or jsonl"), (["queue", "list", "--stat", "held"], "--stat"), (["queue", "show"], "ID"),
                            (["queue", "list", "--limit", "0"], "--limit"), (["queue", "list", "--state", "sleeping"], "sleeping"), (["-z"], "-z"),
                            (["queue", "show", "x", "--raw", "--headers"], "exclude"), (["status", "now"], "usage"), (["-f"], "needs a value")):
            said = server.said(*words, code=USAGE)
            holds("%r says %r: %s" % (words, part, said), part in said)
        holds("help", "queue delete" in server.run("help") and "--raw" in server.run("help", "queue", "show"))


def manuals(build):
    """What --help says of commands and options, the pages say too."""
    def words(program, *arguments):
        done = subprocess.run([os.path.join(build, "bin", program), *arguments], capture_output=True, check=True, timeout=60)
        return done.stdout.decode().replace("\\-", "-").replace("\\fB", "").replace("\\fR", "")
    page, commands = words("edgectl", "help", "--manual"), re.findall(r"^ {2,4}([a-z-]+(?: [a-z]+)?)", words("edgectl", "help"), re.M)
    holds("commands: %r" % commands, len(commands) > 100 and {"queue list", "--reason"} <= set(commands))
    for command in commands:
        holds("edgectl(8) has no " + command, re.search("^" + re.escape(command) + r"\b", page, re.M))
    page, options = words("edged", "--man"), re.findall(r"--([a-z]+) ", words("edged", "--help"))
    holds("options: %r" % options, {"file", "test", "help"} <= set(options))
    for option in options:
        holds("edged(8) has no --" + option, re.search("^(-., )?--%s$" % option, page, re.M))


def speaks_http(build):
    with detached(build) as server:
        server.run("start")
        path = os.path.join(server.root, "run", "edged.sock")
        expect("mode", stat.S_IMODE(os.lstat(path).st_mode), 0o660)
        identity = server.deliver(MESSAGE)
        client = Control(path)
        rows = [("GET", "/api/v1", 200, None), ("GET", "/api/v1/status", 200, None), ("HEAD", "/api/v1/status", 200, None),
                ("GET", "/api/v1/queue?limit=1", 200, None), ("GET", "/api/v1/queue?limit=0", 422, "out-of-range"),
                ("GET", "/api/v1/queue?limti=1", 422, "unknown-member"), ("GET", "/api/v1/nothing", 404, "not-found"),
                ("POST", "/api/v1/status", 405, "method-not-allowed"), ("DELETE", "/api/v1/queue/none?reason=x", 404, "not-found"),
                ("DELETE", "/api/v1/queue/none", 422, "reason-required"),
                ("POST", "/api/v1/queue/%s/hold?reason=INC-1" % identity, 200, None), ("GET", "/api/v1/queue/%s/content" % identity, 200, None)]
        for method, target, status, code in rows:
            client.request(method, target)
            answer = client.getresponse()
            content = answer.read()
            expect("%s %s" % (method, target), answer.status, status)
            if code:
                expect("type", answer.headers["Content-Type"], "application/problem+json")
                expect("code", json.loads(content)["code"], code)
        holds("all on one connection", client.sock is not None)
        client.close()
        for bad in (b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"):
            with socket.socket(socket.AF_UNIX) as raw:
                raw.settimeout(20)
                raw.connect(path)
                raw.sendall(bad)
                expect("a malformed request", raw.recv(12), b"HTTP/1.1 400")
        routes = json.loads(server_get(path, "/api/v1"))["routes"]
        holds("every route has prose", routes and all(route["prose"] for route in routes))


def server_get(path, target):
    client = Control(path)
    client.request("GET", target)
    try:
        return client.getresponse().read()
    finally:
        client.close()


def denies_others(build):
    if os.geteuid() != 0:
        return "needs root"
    with detached(build) as server:
        server.run("start")
        for path in (server.root, os.path.join(server.root, "run")):
            os.chmod(path, 0o755)
        os.chmod(os.path.join(server.root, "edge.conf"), 0o644)
        program = tempfile.mkdtemp(prefix="edgectl-")
        try:
            shutil.copy(os.path.join(server.build, "bin", "edgectl"), program)
            os.chmod(program, 0o755)
            words = [os.path.join(program, "edgectl"), "-f", server.conf_path, "-d", server.root]
            done = subprocess.run(words + ["queue", "list"], capture_output=True, check=False, user=NOBODY, group=NOBODY, extra_groups=[], timeout=60)
            expect("exit status as another user: %r" % done.stderr, done.returncode, DENIED)
            # Even where the file lets them in, the server asks who it is.
            os.chmod(os.path.join(server.root, "run", "edged.sock"), 0o666)
            done = subprocess.run(words + ["queue", "list"], capture_output=True, check=False, user=NOBODY, group=NOBODY, extra_groups=[], timeout=60)
            expect("exit status past the file's mode: %r" % done.stderr, done.returncode, DENIED)
            done = subprocess.run(words + ["stop"], capture_output=True, check=False, user=NOBODY, group=NOBODY, extra_groups=[], timeout=60)
            expect("stop as another user: %r" % done.stderr, done.returncode, DENIED)
        finally:
            shutil.rmtree(program)
        server.run("status")
    return None


def many_clients_at_once(build):
    with detached(build) as server:
        server.run("start")
        path = os.path.join(server.root, "run", "edged.sock")
        idle = []
        for _ in range(3):
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            idle.append(sock)
        server.run("status")
        idle.append(socket.socket(socket.AF_UNIX))
        idle[-1].connect(path)
        wait_for("an answer although every thread had an idle client", lambda: server.ctl("status", check=False).returncode == OK)
        for sock in idle:
            sock.close()


def asks_again_between_generations(build):
    """A queue that changes hands has done nothing; another 503 is an answer."""
    told = []

    class Leaving(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):  # pylint: disable=invalid-name
            told.append(self.path)
            passing = len(told) < 3 and "streams" not in self.path
            body = json.dumps({"items": []} if not passing and "bans" in self.path else {"code": "not-ready" if passing else "streams-exhausted", "detail": "Ask again."})
            self.send_response(503 if "items" not in body else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(body.encode())

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Leaving) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        def run(*words):
            return subprocess.run([os.path.join(build, "bin", "edgectl"), "--url", "http://127.0.0.1:%d" % web.server_port, *words],
                                  capture_output=True, check=False, timeout=60)
        done = run("bans")
        expect("exit status: %s" % done.stderr, done.returncode, OK)
        expect("questions", len(told), 3)
        done = run("rates")
        expect("exit status: %s" % done.stderr, done.returncode, ERROR)
        expect("questions", len(told), 4)
        web.shutdown()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "12700-12799")
    report = Report("edgectl")
    for case in (start_status_stop, lists_and_shows, changes_messages, works_on_a_stopped_spool, shape, the_spool_stays_its_owners,
                 a_spool_in_use_is_left_alone, reloads, a_bad_configuration_never_starts, usage, manuals,
                 speaks_http, denies_others, many_clients_at_once, asks_again_between_generations):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
