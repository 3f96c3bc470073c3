#!/usr/bin/env python3
"""A session's lines as they are said, over each way to the API: follow_test.py --build DIR"""
import argparse
import base64
import contextlib
import http.client
import json
import os
import re
import smtplib
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import Control, ask  # noqa: E402 pylint: disable=wrong-import-position
from edged import DEADLINE, Edged, Ports, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from web import Web, client_context, make_token  # noqa: E402 pylint: disable=wrong-import-position

PLAIN = base64.b64encode(b"\0alice\0open sesame").decode()
HANG = 6 * DEADLINE
LINES = 1024  # that wait for a reader (server/core/session_watch.h)


class Follow:
    """A stream that is read as it comes."""

    def __init__(self, connection, session, follow="true", wanted=200, **headers):
        self.connection = connection
        self.connection.request("GET", "/api/v1/sessions/%s/transcript?follow=%s" % (session, follow), headers={
            name.replace("_", "-"): str(value) for name, value in headers.items()})
        self.response = self.connection.getresponse()
        expect("status of the stream", self.response.status, wanted)
        if wanted == 200:
            expect("its type", self.response.headers["Content-Type"], "text/event-stream")

    def next(self):
        """(id, type, data); None at the end."""
        fields, until = {}, time.monotonic() + HANG
        while True:
            holds("nothing comes but signs of life", time.monotonic() < until)
            line = self.response.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if line == "" and "data" in fields:
                return int(fields["id"]), fields["event"], json.loads(fields["data"])
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value

    def until(self, kind, text=None):
        """Events up to one of that type, with that text."""
        got = []
        while not got or got[-1][1] != kind or (text is not None and got[-1][2]["text"] != text):
            got.append(self.next())
            holds("the stream ended before %s %s" % (kind, text), got[-1] is not None)
        return got

    def close(self):
        self.connection.close()


@contextlib.contextmanager
def edgectl(server, *arguments):
    """Started; its output is read as it comes. It does not outlive the test, nor a hang."""
    with subprocess.Popen([os.path.join(server.build, "bin", "edgectl"), "-f", server.conf_path, "-d", server.root, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=server.env) as process:
        hang = threading.Timer(HANG, process.kill)
        hang.start()
        try:
            yield process
        finally:
            hang.cancel()
            process.kill()


def local(server):
    return Control(os.path.join(server.root, "run", "edged.sock"))


def said(events):
    return [(data["from"], data["text"], data["more"]) for _, kind, data in events if kind == "line"]


@contextlib.contextmanager
def client_of(server, name="client.example.com", secure=False):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = (smtplib.SMTP_SSL("127.0.0.1", server.port, name, timeout=30, context=context) if secure else
              smtplib.SMTP("127.0.0.1", server.port, name, timeout=30))
    try:
        client.ehlo()
        yield client
    finally:
        client.close()


def the_one(server, name="client.example.com"):
    return wait_for("the session", lambda: ask(server, "GET", "/api/v1/sessions?ehlo=" + name).document["items"])[0]["id"]


@contextlib.contextmanager
def site(build, lines="", **more):
    """A server with an admin port in clear text and one with TLS, and tokens."""
    port, secure = Ports.take(), Ports.take()
    listener = "<Listener console>\nListen 127.0.0.1:%d\nProtocol admin\nTLS immediate\n</Listener>\n" % secure
    server = Edged(build, more=Web.block(port, "RequestRate 1000\n" + lines) + listener, listener="TLS immediate context=default\n"
                   "Auth on backend=staff mechanisms=PLAIN", users=[("alice", "open sesame")], **more)
    server.prepare()
    server.write_configuration()
    os.makedirs(os.path.join(server.root, "secrets"), exist_ok=True)
    web = Web(port)
    for role in ("read", "operate"):
        web.tokens[role] = make_token(server, role + "-1", role)
    with server:
        yield server, web, secure


def over(server, web, secure):
    """Connections by each way: the control socket, a port in clear text, one with TLS."""
    return (local(server), http.client.HTTPConnection("127.0.0.1", web.port, timeout=30),
            http.client.HTTPSConnection("127.0.0.1", secure, timeout=30, context=client_context(server.root)))


def one_session_by_each_way(build):
    with site(build) as (server, web, secure), client_of(server, secure=True) as client:
        name = the_one(server)
        bearer = "Bearer " + web.tokens["operate"]
        streams = [Follow(each, name, Authorization=bearer) for each in over(server, web, secure)]
        for stream in streams:
            first = stream.until("line", "ehlo client.example.com")
            expect("what was said before", said(first), [("S", "220 mx.example.net ESMTP Mail Gateway", False),
                                                         ("C", "ehlo client.example.com", False)])
            expect("numbers", [number for number, _, _ in first], [1, 2])
            stream.until("line", "250-Hello client.example.com")
        expect("AUTH", client.docmd("AUTH", "PLAIN " + PLAIN)[0], 235)
        client.sendmail("a@client.example.com", ["b@server.example.com"], b"Subject: x\r\n\r\nsecret body\r\n")
        client.quit()
        heard = [stream.until("end") for stream in streams]
        for events in heard:
            lines = said(events)
            expect("AUTH is withheld", lines[0], ("C", "AUTH PLAIN", True))
            holds("no credentials", PLAIN not in json.dumps(events))
            holds("no message", "secret body" not in json.dumps(events))
            expect("the last words", lines[-2:], [("C", "quit", False), ("S", "221 2.0.0 Bye", False)])
            expect("rising numbers", [number for number, kind, _ in events if kind == "line"], list(range(4, 4 + len(lines))))
            end = events[-1][2]
            expect("how it ended", (end["id"], end["end"], end["trouble"]), (name, "quit", False))
            holds("when", re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", end["ended"]))
        expect("all the same", heard[1:], heard[:1] * 2)
        expect("and nothing behind", [stream.next() for stream in streams], [None] * 3)
        stored = ask(server, "GET", "/api/v1/sessions/%s/transcript" % name).document["lines"]
        expect("as the transcript has it", [data for _, kind, data in heard[0] if kind == "line"], stored[3:])
        for stream in streams:
            stream.close()


def one_that_has_ended(build):
    with Edged(build) as server:
        with client_of(server) as client:
            name = the_one(server)
            client.quit()
        wait_for("its end", lambda: ask(server, "GET", "/api/v1/sessions/" + name).document.get("ended"))
        stream = Follow(local(server), name, follow="1")
        events = stream.until("end")
        expect("its lines", len(said(events)), 5)
        expect("its end", (events[-1][0], events[-1][2]["end"]), (5, "quit"))
        expect("no more", stream.next(), None)
        again = Follow(local(server), name, Last_Event_ID=3).until("end")
        expect("behind the third line", [number for number, _, _ in again], [4, 5, 5])
        foreign = Follow(local(server), name, Last_Event_ID=99).until("end")
        expect("an id of another session", len(said(foreign)), 5)
        Follow(local(server), "0123456789ABC", wanted=404)
        Follow(local(server), name, follow="yes", wanted=422)


def who_may(build):
    with site(build, "MaxStreams 2\n") as (server, web, _), client_of(server, secure=True):
        name = the_one(server)
        connect = lambda: http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)  # noqa: E731
        operate = "Bearer " + web.tokens["operate"]
        Follow(connect(), name, wanted=403, Authorization="Bearer " + web.tokens["read"])
        Follow(connect(), name, wanted=401)
        opened = [Follow(connect(), name, Authorization=operate) for _ in range(2)]
        refused = Follow(connect(), name, wanted=503, Authorization=operate)
        expect("why", json.loads(refused.response.read())["code"], "streams-exhausted")
        web.ask("GET", "/api/v1/sessions/%s/transcript" % name, role="operate", wanted=200)
        for stream in opened:
            stream.close()
        wait_for("a seat", lambda: web.ask("HEAD", "/api/v1/sessions/%s/transcript?follow=true" % name, role="operate").status == 200)


def nobody_waits_for_a_reader(build):
    """Who does not read holds up neither the session nor others who watch it."""
    steps = 5
    with Edged(build) as server, client_of(server) as client:
        name = the_one(server)
        idle, keen = Follow(local(server), name), Follow(local(server), name)
        for step in range(steps):
            client.sock.sendall(b"NOOP\r\n" * LINES)
            for _ in range(LINES):
                expect("reply %d" % step, client.getreply()[0], 250)
        client.quit()
        for stream in (idle, keen):
            known, events = 0, stream.until("end")
            for number, kind, data in events[:-1]:
                known += data["dropped"] if kind == "gap" else 1
                expect("no line without a word", number, known)
            expect("all of them", known, 5 + 2 * steps * LINES)
            expect("the end", events[-1][2]["end"], "quit")


def texts_of_strangers(build):
    hello = b"<img\x1b[31m\xff\xe2\x80\xae'\"&\\"
    with Edged(build) as server, contextlib.closing(server.connect()) as client:
        client.recv(1000)
        name = wait_for("the session", lambda: ask(server, "GET", "/api/v1/sessions").document["items"])[0]["id"]
        stream = Follow(local(server), name)
        with edgectl(server, "sessions", "follow", name) as followed:
            first = followed.stdout.readline()
            client.sendall(b"EHLO " + hello + b"\r\nNOOP \x00\ndata: x\n\nevent: end\r\nMAIL FROM:<" + b"x" * 300 + b"@a>\r\nQUIT\r\n")
            events = stream.until("end")
            printed = first + followed.stdout.read()
            expect("exit status of edgectl", followed.wait(HANG), 0)
        holds("the end is the server's", events[-1][2]["id"] == name and "ended" in events[-1][2])
        holds("lines are cut", all(len(text) <= 200 for _, text, _ in said(events)))
        holds("no control octet", not re.search(r"[\x00-\x1f\x7f]", "".join(json.dumps(data, ensure_ascii=False) for _, _, data in events)))
        holds("a terminal is safe", not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", printed))


def edgectl_follows(build):
    with Edged(build) as server:
        with client_of(server) as client:
            name = the_one(server)
            with edgectl(server, "sessions", "transcript", "--follow", name) as follower:
                read = lambda: follower.stdout.readline().decode()  # noqa: E731
                for _ in range(3):
                    last = read()
                holds("it shows what was said: " + last, last.endswith(" S: 250-Hello client.example.com ...\n"))
                client.docmd("HUH")
                expect("and what is", read().split(" ", 1)[1], "C: HUH\n")
                holds("with the reply", " S: 500 " in read())
                ask(server, "POST", "/api/v1/sessions/%s/disconnect" % name, {"reason": "test"}, wanted=200)
                rest = follower.stdout.read().decode()
                holds("and how it ended: " + rest, rest.endswith(" the session has ended: kicked (trouble)\n"))
                expect("exit status", follower.wait(HANG), 0)
        lines = server.ctl("-o", "jsonl", "sessions", "follow", name).stdout.decode().splitlines()
        expect("a document a line", json.loads(lines[-1])["end"], "kicked")
        expect("an unknown one", server.ctl("sessions", "follow", "0123456789ABC", check=False).returncode, 3)


def a_reload_ends_the_watch(build):
    """The session goes on in the old process, where nobody can look any more."""
    with Edged(build) as server, client_of(server) as client:
        name = the_one(server)
        stream = Follow(local(server), name)
        stream.until("line", "250-Hello client.example.com")
        with edgectl(server, "sessions", "follow", name) as follower:
            follower.stdout.readline()
            server.reload()
            end = stream.until("end")[-1]
            expect("nothing is known", end[2], {"id": name})
            holds("edgectl says so", "nothing more is seen of session " + name in follower.stderr.read().decode())
            expect("exit status", follower.wait(HANG), 1)
        expect("no more", stream.next(), None)
        client.quit()
        wait_for("its end", lambda: ask(server, "GET", "/api/v1/sessions/" + name).status == 200)
        again = Follow(local(server), name, Last_Event_ID=end[0]).until("end")
        expect("gone on with behind its end", (said(again), again[-1][2]["end"]),
               ([("C", "quit", False), ("S", "221 2.0.0 Bye", False)], "quit"))


def edgectl_watches_events(build):
    """What happens, over a reload too: what was told meanwhile is not missed."""
    with Edged(build) as server:
        with edgectl(server, "events", "--types", "audit") as watcher, edgectl(server, "-o", "jsonl", "events") as other:
            def ban(address):
                ask(server, "POST", "/api/v1/bans", {"address": address, "for": 600}, wanted=200)

            def wait_until_it_is_told(stream, address):
                while True:
                    line = stream.readline().decode()
                    holds("it went on until %s" % address, line)
                    if address in line:
                        return line

            # The streams are open once something that is done over and over has been told.
            for stream in (watcher.stdout, other.stdout):
                told = threading.Event()
                teller = threading.Thread(target=lambda told=told: [ban("192.0.2.1") for _ in iter(lambda: told.wait(0.2), True)])
                teller.start()
                try:
                    wait_until_it_is_told(stream, "192.0.2.1")
                finally:
                    told.set()
                    teller.join()
            ban("192.0.2.2")
            line = wait_until_it_is_told(watcher.stdout, "192.0.2.2")
            holds("for people: " + line, re.match(r'\d\d:\d\d:\d\d audit +\{.*"action":"ban.add"', line))
            expect("for scripts", json.loads(wait_until_it_is_told(other.stdout, "192.0.2.2"))["type"], "audit")
            server.reload()
            ban("192.0.2.3")
            for stream in (watcher.stdout, other.stdout):
                wait_until_it_is_told(stream, "192.0.2.3")
            holds("a type there is not", server.ctl("events", "--types", "nonsense", check=False).returncode == 1)


CASES = (one_session_by_each_way, one_that_has_ended, who_may, nobody_waits_for_a_reader, texts_of_strangers, edgectl_follows,
         a_reload_ends_the_watch, edgectl_watches_events)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("cases", nargs="*", help="only these")
    given = parser.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "28400-28499")
    report = Report("follow")
    for case in CASES:
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
