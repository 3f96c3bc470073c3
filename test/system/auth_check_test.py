#!/usr/bin/env python3
"""Names and passwords tried by the admin, and what becomes of the password: auth_check_test.py --build DIR [CASE...]"""
import argparse
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import sasl  # noqa: E402 pylint: disable=wrong-import-position
from control import ask  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Ports, Report, add_common_arguments, expect, holds  # noqa: E402 pylint: disable=wrong-import-position
from web import Web, make_token  # noqa: E402 pylint: disable=wrong-import-position

OK, ERROR, USAGE, NOT_FOUND, DENIED = range(5)
USERS = [("alice", "wonderland"), ("bob", "builder", "--identity", "bob@server.example", "--method", "yescrypt")]
STAFF = "\n<AuthBackend staff>\nType file\nFile secrets/users\n</AuthBackend>"
TARGET = "/api/v1/auth/test"


def server_of(build, server="", more="", users=USERS):
    return Edged(build, server=server, listener="Auth on backend=staff mechanisms=PLAIN,SCRAM-SHA-256\nAuthInsecure on", users=users, more=more)


def told(server, name, password, **more):
    return ask(server, "POST", TARGET, {"name": name, "password": password, **more}, wanted=200).document


def says_what_came_of_it(build):
    with server_of(build) as server:
        good = told(server, "alice", "wonderland")
        took = good.pop("took")
        holds("a time: %r" % took, 0 <= took < 600)
        expect("whole", good, {"listener": "mx", "result": "verified", "found": True, "store": "staff", "identity": "alice",
                               "mechanisms": [{"name": "SCRAM-SHA-256", "requires_tls": False}, {"name": "PLAIN", "requires_tls": True}]})
        expect("an identity of its own", told(server, "bob", "builder")["identity"], "bob@server.example")
        for name, password, result, found, store in (("alice", "Wonderland", "wrong", True, "staff"), ("bob", "builde", "wrong", True, "staff"),
                                                     ("alice", "wonderland\0x", "unusable", None, None), ("al\u0007ice", "wonderland", "unusable", None, None),
                                                     ("nobody", "wonderland", "unknown", False, None)):
            one = told(server, name, password, listener="mx")
            expect("%r with %r" % (name, password), (one["result"], one["found"], one["store"], one["identity"]), (result, found, store, None))
        expect("no such listener", ask(server, "POST", TARGET, {"name": "a", "password": "b", "listener": "nobody"}, wanted=422).document["errors"][0]["pointer"],
               "#/listener")


def bans_nobody(build):
    with server_of(build, server="AuthFailures 2/10m ban=1h identity=2/10m") as server:
        for _ in range(12):
            expect("wrong", told(server, "alice", "guess")["result"], "wrong")
        expect("bans", json.loads(server.ctl("-o", "json", "bans").stdout), [])
        expect("attempts", server.counter("auth_attempts_total"), 0)
        with server.connect() as connection, connection.makefile("rb") as lines:
            lines.readline()
            connection.sendall(b"EHLO client.example\r\n")
            while lines.readline()[3:4] == b"-":
                pass
            connection.sendall(b"AUTH PLAIN " + sasl.text64(sasl.plain("alice", "wonderland")).encode() + b"\r\n")
            holds("a client is let in", lines.readline().startswith(b"235 "))


def which_listener(build):
    second = "\n<AuthBackend others>\nType file\nFile secrets/users\n</AuthBackend>\n<Listener second>\nListen 127.0.0.1:%d\nProtocol smtp\nQueue main\nAuth on backend=others mechanisms=PLAIN\nAuthInsecure on\n</Listener>"
    plain = "\n<Listener plain>\nListen 127.0.0.1:%d\nProtocol smtp\nQueue main\n</Listener>"
    server = server_of(build, more=STAFF + second % Ports.take() + plain % Ports.take(), users=())
    server.prepare()
    server.write_configuration()
    server.passwd("add", "staff", "alice", password="wonderland")
    with server:
        refused = ask(server, "POST", TARGET, {"name": "alice", "password": "wonderland"}, wanted=422).document
        holds("both are named: %r" % refused["detail"], "mx" in refused["detail"] and "second" in refused["detail"] and "plain" not in refused["detail"])
        for listener, store in (("mx", "staff"), ("second", "others")):
            expect(listener, told(server, "alice", "wonderland", listener=listener)["store"], store)
        expect("without AUTH", ask(server, "POST", TARGET, {"name": "a", "password": "b", "listener": "plain"}, wanted=422).document["errors"][0]["code"], "no-auth")


def by_edgectl(build):
    with server_of(build) as server:
        def run(name, password, *more, code):
            done = server.ctl(*more, "auth", "test", name, text=password + "\n", check=False)
            said = done.stdout.decode() + done.stderr.decode()
            expect("exit status of auth test %s: %s" % (name, said), done.returncode, code)
            holds("the password is said again: " + said, password not in said)
            return said
        said = run("bob", "builder", code=OK)
        holds(said, re.match(r"bob at mx: verified, by staff, as bob@server\.example\n[0-9.]+ s; offered: SCRAM-SHA-256 PLAIN\n$", said))
        holds("wrong", "the password is another, by staff" in run("bob", "Sesame!", code=DENIED))
        holds("unknown", "no store knows the name" in run("nobody", "Sesame!", code=NOT_FOUND))
        expect("as JSON", json.loads(run("bob", "Sesame!", "-o", "json", code=DENIED))["result"], "wrong")
        holds("no password", "no line" in server.ctl("auth", "test", "bob", check=False).stderr.decode())


def found_in(root, needles):
    """Files below root, and file names, that hold one of the needles."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as text:
                data = text.read()
            found += ["%s: %s" % (os.path.relpath(path, root), needle) for needle in needles if needle in data or needle in os.fsencode(name)]
    return found


def the_password_is_nowhere(build):
    """Whatever is asked and however wrongly: no file below the server's root, no log, no answer and no list tells the password."""
    secret, right, number = "Xyzzy-7f3a91-plugh", "wonderland-5c0ffee", 918273645546372
    port = Ports.take()
    web = Web(port)
    server = server_of(build, server="LogLevel trace", more=Web.block(port) + STAFF, users=USERS + [("carol", right, "--method", "yescrypt")])
    server.prepare()
    web.tokens = {role: make_token(server, role + "-1", role) for role in ("operate", "admin")}
    with server:
        answers = []

        def send(body, **headers):
            answers.append(ask(server, "POST", TARGET, body, **headers))

        for password in (secret, right):
            for name in ("alice", "carol", "nobody"):
                send({"name": name, "password": password, "reason": "a test"})
            send({"name": "carol", "password": password}, Idempotency_Key="key-of-" + ("right", "wrong")[password == secret])
            send({"name": "carol", "password": password}, Idempotency_Key="key-of-" + ("right", "wrong")[password == secret])
            send({"name": "carol", "password": password + "\0"})
            send({"name": "carol", "password": password, "listener": "nobody"})
            send({"name": "carol", "password": password, "pasword": 1})
            send({"name": "carol", "password": [password]})
            send({"name": "carol", "password": {"password": password}})
            send({"name": "carol", "password": password * 100})
            send({"password": password})
            send(('{"name":"carol","password":"%s"' % password).encode())
            send(('{"name":"carol","password":"%s","password":"%s"}' % (password, password)).encode())
            send(('{"name":"carol","password":"%s"}' % password).encode(), Content_Type="text/plain")
            answers.append(ask(server, "POST", TARGET + "?password=" + password, {"name": "carol", "password": password}))
            answers.append(ask(server, "GET", TARGET + "?password=" + password))
            for role in (None, "operate", "admin"):
                answers.append(web.ask("POST", TARGET, {"name": "carol", "password": password}, role=role))
                answers.append(web.ask("POST", TARGET + "?password=" + password, {"name": "carol", "password": password}, role=role))
        send({"name": "carol", "password": number})
        expect("verified: once, once and again under a key, once by HTTP", sum(b'"verified"' in answer.content for answer in answers), 4)
        expect("refused", {answer.status for answer in answers}, {200, 400, 401, 403, 405, 415, 422})
        needles = [secret.encode(), right.encode(), str(number).encode(), sasl.text64(secret.encode()).encode(), sasl.text64(right.encode()).encode()]
        for answer in answers:
            expect("an answer tells it: %r" % answer.content, [needle for needle in needles if needle in answer.content], [])
        for target in ("/api/v1/audit", "/api/v1/status", "/api/v1/overview", "/api/v1/sessions?state=closed", "/metrics", "/api/v1/bans"):
            content = ask(server, "GET", target, wanted=200).content
            expect(target + " tells it", [needle for needle in needles if needle in content], [])
        trail = ask(server, "GET", "/api/v1/audit?action=auth.test", wanted=200).document["items"]
        expect("the trail", {(item["action"], item["target"], item["after"]) for item in trail},
               {("auth.test", "alice", "wrong"), ("auth.test", "carol", "wrong"), ("auth.test", "carol", "verified"), ("auth.test", "carol", "unusable"),
                ("auth.test", "nobody", "unknown")})
        holds("the trail is in a file", found_in(server.root, [b"auth.test"]))
        holds("and the reason", trail[-1]["reason"] == "a test")
        expect("files", found_in(server.root, needles), [])
        server.stop()
        expect("files, behind the end", found_in(server.root, needles), [])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "28000-28099")
    report = Report("auth check")
    for case in (says_what_came_of_it, bans_nobody, which_listener, by_edgectl, the_password_is_nowhere):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
