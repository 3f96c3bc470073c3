#!/usr/bin/env python3
"""Bans and what leads to them, from outside: bans_test.py --build DIR"""
import argparse
import base64
import configparser
import contextlib
import json
import os
import re
import smtplib
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

OK, ERROR, USAGE, NOT_FOUND = range(4)
NOBODY = 65534
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LISTENER = "TLS immediate context=default\nAuth on backend=staff mechanisms=PLAIN\nMaxErrors 1000"


def run(server, *arguments, code=OK):
    done = server.ctl(*arguments, check=False)
    expect("exit status of edgectl %s (%s)" % (" ".join(arguments), done.stderr.decode("utf-8", "replace").strip()), done.returncode, code)
    return done.stdout.decode()


def bans(server):
    return json.loads(run(server, "bans", "-o", "json"))


@contextlib.contextmanager
def client_of(server, source="127.0.0.1"):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = smtplib.SMTP_SSL("127.0.0.1", server.port, "client.example.com", timeout=30, source_address=(source, 0), context=context)
    try:
        client.ehlo()
        yield client
    finally:
        client.close()


def plain(client, name, password):
    """The code of the answer."""
    text = base64.b64encode(b"\0" + name + b"\0" + password).decode()
    return client.docmd("AUTH", "PLAIN " + text)[0]


class WithUsers(Edged):
    """A server whose password file is written by the test itself."""

    def put_users(self, *lines):
        path = os.path.join(self.root, "secrets", "users")
        with open(os.open(path + ".new", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
            out.write("".join(line + "\n" for line in lines))
        os.rename(path + ".new", path)


def lists_adds_and_lifts(build):
    with Edged(build) as server:
        expect("an empty list", bans(server), [])
        expect("an empty table", run(server, "bans").split(), "ADDRESS SOURCE SINCE ENDS IN HITS REASON".split())
        said = run(server, "bans", "add", "192.0.2.7", "--for", "90m", "--reason", "too \"many\" ü")
        holds("it says until when: " + said, said.startswith("192.0.2.7 banned, ends in 1h "))
        made = json.loads(run(server, "bans", "add", "2001:db8:0:7::/64", "-o", "json"))
        expect("what was made", (made["address"], made["source"], made["expires"], made["reason"], made["hits"]),
               ("2001:db8:0:7::/64", "manual", None, "", 0))
        both = bans(server)
        expect("the list, newest first", [x["address"] for x in both], ["2001:db8:0:7::/64", "192.0.2.7"])
        holds("since is a time", re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", both[1]["since"]))
        holds("so is expires", re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$", both[1]["expires"]))
        expect("jsonl", [json.loads(x)["address"] for x in run(server, "bans", "-o", "jsonl").splitlines()],
               ["2001:db8:0:7::/64", "192.0.2.7"])
        table = run(server, "bans").splitlines()
        holds("the table says never:\n" + "\n".join(table), re.search(r"^2001:db8:0:7::/64 +manual +\d+s +never +0 +-$", table[1]))
        holds("the reason:\n" + table[2], table[2].endswith("too \"many\" ü"))
        # A ban of the same network takes the place of the one before.
        run(server, "bans", "add", "192.0.2.7", "--for", "2d")
        expect("still two", len(bans(server)), 2)
        expect("of the status", server.status()["bans"], 2)
        # Whoever has seen an address of an IPv6 client in the log lifts its network.
        expect("lifted", run(server, "bans", "lift", "2001:db8:0:7:1:2:3:4"), "2001:db8:0:7:1:2:3:4 lifted (1)\n")
        expect("one is left", [x["address"] for x in bans(server)], ["192.0.2.7"])
        run(server, "bans", "lift", "192.0.2.8", code=NOT_FOUND)
        run(server, "bans", "lift", "192.0.2.8", "192.0.2.7", code=NOT_FOUND)
        expect("what is there is done all the same", bans(server), [])
        for wrong in (["bans", "add"], ["bans", "add", "a", "b"], ["bans", "lift"], ["bans", "add", "192.0.2.7", "--four", "1h"], ["bans", "all"]):
            run(server, *wrong, code=USAGE)
        for wrong in (["mx.example"], ["192.0.2.0/24/8"], ["192.0.2.1", "--for", "1"], ["192.0.2.1", "--for=-1h"],
                      ["192.0.2.1", "--for", "99999999999999d"], ["192.0.2.1", "--reason", "x" * 96],
                      ["192.0.2.1", "--reason", "\x1b[31m"]):
            run(server, "bans", "add", *wrong, code=ERROR)
        expect("nothing came of these", bans(server), [])


def filter_of_fail2ban():
    """The shipped filter, as fail2ban reads it: <HOST> and <F-USER> are groups, and the date is cut out of the line first."""
    parsed = configparser.ConfigParser(interpolation=configparser.BasicInterpolation())
    with open(os.path.join(SOURCE, "conf", "fail2ban", "filter.d", "edged.conf"), encoding="ascii") as text:
        parsed.read_file(text)
    dated = parsed["Definition"]["datepattern"]
    for mark, form in (("%Y", r"\d{4}"), ("%m", r"\d\d"), ("%d", r"\d\d"), ("%H", r"\d\d"), ("%M", r"\d\d"), ("%S", r"\d\d"),
                       ("%f", r"\d{1,6}"), ("%z", r"(?:Z|[+-]\d\d:?\d\d)")):
        dated = dated.replace(mark, form)
    host = r"(?:\[?(?P<host>(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F:.]+)\]?)"
    failure = parsed["Definition"]["failregex"].replace("<HOST>", host).replace("<F-USER>", "(?P<user>").replace("</F-USER>", ")")
    return re.compile(dated), re.compile(failure)


def matches(server):
    dated, failure = filter_of_fail2ban()
    found = []
    for line in server.log().decode("utf-8", "replace").splitlines():
        date = dated.search(line)
        if date:
            found.append(failure.search(line[:date.start()] + line[date.end():]))
    return [(x.group("host"), x.group("user")) for x in found if x]


HOSTILE = [b'alice" session=X banned\n[2026-01-01T00:00:00.000000Z] [auth:notice] [pid 1:tid 1] EDG00900: authentication failed: '
           b'client=192.0.2.99 listener=mx mechanism=PLAIN identity="x',
           b'client=192.0.2.98', b'" client=192.0.2.97 identity="', b"\r\nEDG00900", b"back\\slash", b"tab\there", b"x" * 500,
           "ü€\u202e".encode(), b"\xff\xfe\x80", b"%s%n<HOST>"]


def fail2ban_reads_the_log(build):
    """A line for each failure, whatever the name was; and no other line looks like one."""
    with WithUsers(build, listener=LISTENER, server="AuthFailures 1000/1h delay=0s identity=off") as server:
        with client_of(server, "127.0.0.8") as client:
            expect("an ordinary one", plain(client, b"alice", b"guess"), 535)
            for name in HOSTILE:
                holds("refused: %r" % name, plain(client, name, b"guess") in (501, 535))
        wait_for("the last line", lambda: len(matches(server)) >= server.counter("auth_failures_total"))
        found = matches(server)
        expect("lines", len(found), server.counter("auth_failures_total"))
        holds("most names were counted", len(found) >= 8)
        expect("addresses", {host for host, _ in found}, {"127.0.0.8"})
        expect("the first", found[0], ("127.0.0.8", "alice"))
        with open(os.path.join(server.root, "f2b.log"), "wb") as out:
            out.write(server.log())
        ask_fail2ban_itself(os.path.join(server.root, "f2b.log"), len(found))


def ask_fail2ban_itself(log, count):
    """Where it is installed."""
    try:
        done = subprocess.run(["fail2ban-regex", log, os.path.join(SOURCE, "conf", "fail2ban", "filter.d", "edged.conf")],
                              capture_output=True, timeout=60, check=False)
    except OSError:
        return
    said = done.stdout.decode("utf-8", "replace")
    holds("fail2ban finds %d:\n%s" % (count, said), re.search(r"Failregex: %d total" % count, said))


def guessing_is_banned(build):
    with WithUsers(build, listener=LISTENER, server="AuthFailures 5/10m ban=15m delay=0s") as server:
        for attempt in range(5):
            with client_of(server, "127.0.0.8") as client:
                expect("failure %d" % attempt, plain(client, b"user%d" % attempt, b"guess"), 421 if attempt == 4 else 535)
        (ban,) = bans(server)
        expect("the ban", (ban["address"], ban["source"], ban["reason"]), ("127.0.0.8", "auto", "5 failed authentications"))
        try:
            with client_of(server, "127.0.0.8"):
                raise TestFailure("a banned address was served")
        except smtplib.SMTPConnectError as refused:
            expect("the refusal", refused.smtp_code, 421)
        expect("hits", bans(server)[0]["hits"], 1)
        with client_of(server, "127.0.0.9") as client:
            expect("another address", plain(client, b"alice", b"guess"), 535)
        server.reload()
        expect("behind a reload", [x["address"] for x in bans(server)], ["127.0.0.8"])
        run(server, "bans", "lift", "127.0.0.8")
        with client_of(server, "127.0.0.8") as client:
            expect("served again", client.noop()[0], 250)
        expect("counters", (server.counter("bans_total"), server.counter("sessions_total{outcome=banned}") >= 1), (1, True))


def secrets_belong_to_root(build):
    """Who has given up root reads again what only root may read: the parent opens it."""
    if os.geteuid() != 0:
        return "needs root"
    # A process that changes its user cannot be looked into, which is what the leak check does.
    server = WithUsers(build, listener=LISTENER, server="User nobody\nGroup nogroup", env={"ASAN_OPTIONS": "detect_leaks=0:exitcode=99"})
    os.chmod(server.root, 0o755)
    for part in ("spool", "logs", "run", "state"):
        os.chown(os.path.join(server.root, part), NOBODY, NOBODY)
    server.prepare()
    server.put_users("alice:{PLAIN}first")
    for place in ("secrets", "tls"):
        os.chmod(os.path.join(server.root, place), 0o700)
    with server:
        with open("/proc/%d/status" % server.children()[0], encoding="ascii") as status:
            holds("the child is nobody", re.search(r"^Uid:\s+%d\s+%d" % (NOBODY, NOBODY), status.read(), re.M))
        expect("before", attempt_of(server, b"first"), 235)
        server.put_users("alice:{PLAIN}second", "bob:{PLAIN}third")
        wait_for("the new password to count", lambda: attempt_of(server, b"second") == 235)
        expect("the old one", attempt_of(server, b"first"), 535)
        run(server, "tls", "reload")
        expect("with the key read again", attempt_of(server, b"second"), 235)
        server.reload()
        server.put_users("alice:{PLAIN}fourth")
        wait_for("the next generation to read it too", lambda: attempt_of(server, b"fourth") == 235)
    return None


def attempt_of(server, password):
    with client_of(server) as client:
        return plain(client, b"alice", password)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26200-26299")
    report = Report("bans")
    for case in (lists_adds_and_lifts, fail2ban_reads_the_log, guessing_is_banned, secrets_belong_to_root):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
