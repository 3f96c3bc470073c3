#!/usr/bin/env python3
"""Sessions looked at from outside: lists, one, its last lines, its end: sessions_test.py --build DIR"""
import argparse
import base64
import contextlib
import json
import os
import smtplib
import socket
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import ask as ask_socket  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from nameserver import NameServer  # noqa: E402 pylint: disable=wrong-import-position

OK, ERROR, USAGE, NOT_FOUND = range(4)
STUCK = "<Validator stuck>\n    Module answer_module\n    Answer never\n    Only stuck@server.example.com\n    Timeout 10m\n</Validator>"
ASKS = "<On RCPT>\n    Validate stuck\n</On>"


def run(server, *arguments, code=OK):
    done = server.ctl(*arguments, check=False)
    expect("exit status of edgectl %s (%s)" % (" ".join(arguments), done.stderr.decode("utf-8", "replace").strip()), done.returncode, code)
    return done.stdout.decode()


def sessions(server, *arguments):
    return json.loads(run(server, "sessions", "list", "-o", "json", *arguments))


def closed(server, *arguments):
    return sessions(server, "--state", "closed", *arguments)


def show(server, identity):
    return json.loads(run(server, "sessions", "show", identity, "-o", "json"))


def transcript(server, identity):
    return [(line["from"], line["text"], line["more"])
            for line in json.loads(run(server, "sessions", "transcript", identity, "-o", "json"))]


@contextlib.contextmanager
def client_of(server, name="client.example.com", source="127.0.0.1", secure=False):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    more = {"context": context} if secure else {}
    client = (smtplib.SMTP_SSL if secure else smtplib.SMTP)("127.0.0.1", server.port, name, timeout=30,
                                                            source_address=(source, 0), **more)
    try:
        client.ehlo()
        yield client
    finally:
        client.close()


def the_one(server, **wanted):
    """The open session of that hello."""
    def found():
        return [each for each in sessions(server) if all(each[key] == value for key, value in wanted.items())]
    return wait_for("a session with %r" % wanted, found)[0]


def shows_what_a_session_does(build):
    with Edged(build, name="sessions") as server, client_of(server, "one.example.com") as client:
        client.sendmail("a@client.example.com", ["b@server.example.com"], b"Subject: x\r\n\r\nsecret body\r\n")
        expect("an unknown command", client.docmd("HUH")[0], 500)
        client.docmd("MAIL", "FROM:<c@client.example.com>")
        client.docmd("RCPT", "TO:<d@server.example.com>")
        one = show(server, the_one(server, ehlo="one.example.com")["id"])
        expect("state", (one["state"], one["awaits"]), ("rcpt", "client"))
        expect("messages", one["messages"], {"accepted": 1, "rejected": 0,
                                             "current": {"from": "c@client.example.com", "recipients": 1, "bytes": 0}})
        expect("recipients", one["recipients"], {"accepted": 2, "refused": 0})
        expect("commands", one["commands"], {"ehlo": {"ok": 1, "bad": 0}, "mail": {"ok": 2, "bad": 0}, "rcpt": {"ok": 2, "bad": 0},
                                             "data": {"ok": 1, "bad": 0}})
        expect("errors", one["errors"], 1)
        expect("client", one["client"]["ip"], "127.0.0.1")
        expect("protocol", one["protocol"], "ESMTP")
        expect("last reply", one["last_reply"], "250 2.1.5 <d@server.example.com> Ok")
        holds("octets were counted", one["bytes_in"] > 100 and one["bytes_out"] > 100)
        holds("it waited for the queue", one["waited"]["queue"] > 0)
        lines = transcript(server, one["id"])
        expect("the first lines", lines[:3], [("S", "220 mx.example.net ESMTP Mail Gateway", False), ("C", "ehlo one.example.com", False),
                                              ("S", "250-Hello one.example.com", True)])
        expect("what is no command", ("C", "HUH", False) in lines, True)
        holds("no message is shown", not any("secret body" in text for _, text, _ in lines))
        holds("people read it too", "one.example.com" in run(server, "sessions"))
        holds("one as well", "last reply" in run(server, "sessions", "show", one["id"]))
        holds("and its lines", "C: HUH" in run(server, "sessions", "transcript", one["id"]))
        client.quit()
        wait_for("its end", lambda: closed(server, "--ehlo", "one.*"))
        ended = show(server, one["id"])
        expect("its end", (ended["state"], ended["end"], ended["trouble"]), ("closed", "quit", False))
        expect("its last words", transcript(server, one["id"])[-1], ("S", "221 2.0.0 Bye", False))


def the_name_of_a_client(build):
    """Known once a validator has looked it up, by either module; over STARTTLS, and behind its end. Only the verified one."""
    names = NameServer("""
        127.0.0.2          PTR mail.good.example
        mail.good.example  A 127.0.0.2
        127.0.0.3          PTR mail.good.example
    """)
    access = "LoadModule access_module @BUILD@/modules/mod_access.so", "Module access_module\nAccess refuse client-name .pool.example"
    dns = "LoadModule dns_module @BUILD@/modules/mod_dns.so", "Module dns_module\nClientName verified\nPrivateClients check\nReply 451 4.7.25 x"
    try:
        for load, validator in (access, dns):
            more = "<Validator names>\n%s\n</Validator>" % validator
            with Edged(build, server=load, listener="TLS starttls\n<On EHLO>\nValidate names mode=shadow\n</On>", more=more, names=names.port) as server:
                with client_of(server, source="127.0.0.2") as client, client_of(server, name="liar.example", source="127.0.0.3"):
                    one = the_one(server, ehlo="client.example.com")
                    expect("its name", one["client"]["name"], "mail.good.example")
                    holds("to people", "mail.good.example" in run(server, "sessions", "show", one["id"]))
                    context = ssl.create_default_context()
                    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                    client.starttls(context=context)
                    client.noop()
                    expect("after STARTTLS", show(server, one["id"])["client"]["name"], "mail.good.example")
                    expect("no name of its own", the_one(server, ehlo="liar.example")["client"]["name"], None)
                    expect("in lists", ask_socket(server, "GET", "/api/v1/sessions?fields=client.name&ip=127.0.0.2", wanted=200).document["items"],
                           [{"client": {"name": "mail.good.example"}}])
                    client.quit()
                wait_for("its end", lambda: closed(server))
                expect("behind its end", show(server, one["id"])["client"]["name"], "mail.good.example")
        with Edged(build) as server, client_of(server, source="127.0.0.2"):
            expect("nobody has looked", the_one(server, ehlo="client.example.com")["client"]["name"], None)
    finally:
        names.close()


def credentials_are_not_shown(build):
    plain = base64.b64encode(b"\0alice\0open sesame").decode()
    with Edged(build, name="sessions", listener="TLS immediate context=default\nAuth on backend=staff mechanisms=PLAIN",
               users=[("alice", "open sesame")]) as server, client_of(server, "two.example.com", secure=True) as client:
        expect("AUTH", client.docmd("AUTH", "PLAIN " + plain)[0], 235)
        expect("credentials without AUTH", client.docmd(plain)[0], 500)
        one = show(server, the_one(server, ehlo="two.example.com")["id"])
        expect("who it is", one["auth"], {"mechanism": "PLAIN", "user": "alice"})
        holds("it waited for the store", one["waited"]["credentials"] > 0)
        lines = transcript(server, one["id"])
        expect("AUTH and what followed", [line for line in lines if line[0] == "C"][1:], [("C", "AUTH PLAIN", True), ("C", "", True)])
        holds("nothing of it is shown", plain not in json.dumps(lines))


def waits_are_shown(build):
    with Edged(build, name="sessions", listener=ASKS, more=STUCK) as server, client_of(server, "three.example.com") as client:
        client.docmd("MAIL", "FROM:<a@client.example.com>")
        client.docmd("RCPT", "TO:<good@server.example.com>")
        client.putcmd("RCPT", "TO:<stuck@server.example.com>")
        one = wait_for("a validator that is waited for",
                       lambda: [each for each in sessions(server, "--phase", "rcpt") if each["awaits"] == "validator"])[0]
        expect("which", one["awaited"], "stuck")
        wait_for("the time of it", lambda: show(server, one["id"])["waited"]["validators"] > 0.05)
        expect("what was said before", show(server, one["id"])["validators"][0]["result"], "pass")
        # After the reply would be never.
        run(server, "sessions", "kick", one["id"], "--reason", "a test")
        holds("it waits on", any(each["id"] == one["id"] for each in sessions(server)))
        run(server, "sessions", "kill", one["id"], "--now", "--reason", "a test")
        expect("what the client is told", client.getreply(), (421, b"4.3.2 Closed by the operator"))
        wait_for("its end", lambda: closed(server, "--ehlo", "three.*"))
        expect("why", show(server, one["id"])["end"], "kicked")


def an_operator_ends_sessions(build):
    with Edged(build, name="sessions") as server, client_of(server, "four.example.com") as client:
        one = the_one(server, ehlo="four.example.com")
        run(server, "sessions", "kick", one["id"], code=USAGE)
        run(server, "sessions", "kick", one["id"], "--reason", "INC-7: too loud")
        expect("what the client is told", client.getreply(), (421, b"4.3.2 Closed by the operator"))
        wait_for("its end", lambda: closed(server, "--ehlo", "four.*"))
        expect("once more", run(server, "sessions", "kick", one["id"], "--reason", "again", code=ERROR), "")
        run(server, "sessions", "kick", "0000000000000", "--reason", "nobody", code=NOT_FOUND)
        run(server, "sessions", "show", "x/../y", code=NOT_FOUND)
        holds("the log says who and why", b"EDG00915" in server.log() and b"INC-7: too loud" in server.log())
        log = wait_for("its line", lambda: [line for line in server.transactions() if line["type"] == "session" and line["ehlo"] == "four.example.com"])
        expect("the end in the log", log[-1]["end"], "kicked")


def a_message_is_finished_first(build):
    with Edged(build, name="sessions") as server, client_of(server, "five.example.com") as client:
        client.docmd("MAIL", "FROM:<a@client.example.com>")
        client.docmd("RCPT", "TO:<b@server.example.com>")
        client.docmd("DATA")
        client.send(b"Subject: half\r\n")
        one = wait_for("a message that arrives", lambda: sessions(server, "--phase", "data"))[0]
        run(server, "sessions", "kick", one["id"], "--reason", "a test")
        client.send(b"\r\nand whole\r\n.\r\n")
        expect("the message", client.getreply()[0], 250)
        expect("and then", client.getreply()[0], 421)
        expect("it is kept", len(server.queue()), 1)


def open_some(server, stack, count):
    """Opens so many sessions that say nothing, and returns the ids of them."""
    before = {each["id"] for each in sessions(server)}
    for _ in range(count):
        stack.enter_context(contextlib.closing(socket.create_connection(("127.0.0.1", server.port), 30)))
    wait_for("the sessions", lambda: len(sessions(server)) == len(before) + count)
    return {each["id"] for each in sessions(server)} - before


def lists_in_pages(build):
    with Edged(build, name="sessions", server="MaxConnectionsPerIP 1000") as server, contextlib.ExitStack() as stack:
        # Within a batch two workers accept at once, each by a reading of the clock of its own: their order is theirs.
        batches = [open_some(server, stack, 30) for _ in range(2)]
        with client_of(server, "last.example.com", "127.0.0.2"):
            wait_for("all of them", lambda: len(sessions(server)) == 61)
            every = [each["id"] for each in sessions(server)]
            expect("each once", len(set(every)), 61)
            expect("the youngest first", [set(every[1:31]), set(every[31:])], batches[::-1])
            expect("and before them the last", every[0] in set.union(*batches), False)
            expect("the other way round", [each["id"] for each in sessions(server, "--sort=-age")], every[::-1])
            for order, wanted in (("age", every), ("-age", every[::-1])):
                got, cursor = [], ""
                while cursor is not None:
                    page = ask(server, "GET", "/api/v1/sessions?limit=7&sort=%s%s" % (order, cursor and "&cursor=" + cursor))
                    got += [each["id"] for each in page["items"]]
                    expect("matched", page["matched"], 61)
                    expect("unanswered", page["unanswered"], 0)
                    cursor = page["next_cursor"]
                expect("in pages, sort=%s" % order, got, wanted)
            expect("of one address", [each["ehlo"] for each in sessions(server, "--ip", "127.0.0.2")], ["last.example.com"])
            expect("of a network", len(sessions(server, "--ip", "127.0.0.0/30")), 61)
            expect("of no listener", sessions(server, "--listener", "other"), [])
            expect("so old", sessions(server, "--older", "1h"), [])
            expect("a limit", len(sessions(server, "--limit", "5")), 5)
            run(server, "sessions", "list", "--ip", "x", code=ERROR)
            run(server, "sessions", "list", "--phase", "x", code=ERROR)
            run(server, "sessions", "list", "--limit", "x", code=USAGE)
            for cursor in ("x", "1", "0.0000000000000", "1.2", "9" * 30 + ".0000000000000"):
                expect("cursor " + cursor, ask(server, "GET", "/api/v1/sessions?cursor=" + cursor)["status"], 422)


def ask(server, method, target):
    """The control socket itself."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(os.path.join(server.root, "run", "edged.sock"))
        connection.sendall(("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % (method, target)).encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def closed_ones_outlive_a_reload(build):
    with Edged(build, name="sessions") as server:
        for i in range(5):
            with client_of(server, "gone%d.example.com" % i) as client:
                client.quit()
        wait_for("their ends", lambda: len(closed(server, "--ehlo", "gone*")) == 5)
        with client_of(server, "stays.example.com"):
            server.reload()
            names = [each["ehlo"] for each in closed(server, "--ehlo", "gone*")]
            expect("the last first", names, ["gone%d.example.com" % i for i in (4, 3, 2, 1, 0)])
            expect("the other way round", [each["ehlo"] for each in closed(server, "--ehlo", "gone*", "--sort=-age")], names[::-1])
            first = ask(server, "GET", "/api/v1/sessions?state=closed&ehlo=gone*&limit=2")
            second = ask(server, "GET", "/api/v1/sessions?state=closed&ehlo=gone*&limit=9&cursor=" + first["next_cursor"])
            expect("in pages", [each["ehlo"] for each in first["items"] + second["items"]], names)
            expect("its generation", closed(server, "--ehlo", "gone0*")[0]["generation"], 1)


def hostile_texts_stay_texts(build):
    hello = b"<img\x1b[31m\xff\xe2\x80\xae'\"&\\"
    with Edged(build, name="sessions") as server, contextlib.closing(server.connect()) as client:
        client.recv(1000)
        client.sendall(b"EHLO " + hello + b"\r\nNOOP \x00\r\nMAIL FROM:<" + b"x" * 300 + b"@a>\r\n")
        wait_for("what it says", lambda: [each for each in sessions(server) if each["errors"] >= 3])
        for each in sessions(server):
            table = run(server, "sessions", "transcript", each["id"])
            holds("a terminal is safe", "\x1b" not in table and "\x00" not in table)
            lines = transcript(server, each["id"])
            holds("a long line is cut", all(len(text) <= 200 for _, text, _ in lines))


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27000-27099")
    report = Report("sessions")
    for case in (shows_what_a_session_does, the_name_of_a_client, credentials_are_not_shown, waits_are_shown, an_operator_ends_sessions,
                 a_message_is_finished_first, lists_in_pages, closed_ones_outlive_a_reload, hostile_texts_stay_texts):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
