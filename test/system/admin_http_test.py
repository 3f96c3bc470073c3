#!/usr/bin/env python3
"""The admin's HTTP server from outside: who may ask, from where, how requests must look, sessions, files, streams, reloads.
admin_http_test.py --build DIR"""
import argparse
import datetime
import gzip
import http.client
import itertools
import json
import os
import re
import smtplib
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import ask as ask_socket  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Ports, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from web import Web, client_context, make_token  # noqa: E402 pylint: disable=wrong-import-position

ROLES = ("read", "operate", "admin")
PAGES = {"htdocs/index.html": "<!doctype html><title>edged</title>", "htdocs/app.js": "export const x = 1;\n" * 50,
         "htdocs/style/main.css": "body { margin: 0 }\n", "htdocs/.secret.html": "no", "htdocs/notes.txt~": "no"}
STATUS = "/api/v1/status"


class Site:
    """A server with an admin port and a token of each role."""

    def __init__(self, build, lines="", more="", listener="", tls=False, files=None, rate=1000):
        self.port = Ports.take()
        block = Web.block(self.port, "RequestRate %d\n" % rate + lines)
        self.server = Edged(build, listener=listener, more=block + more, files=dict(PAGES, **(files or {})))
        self.tls = tls
        self.web = Web(self.port)

    def __enter__(self):
        self.server.prepare()
        self.server.write_configuration()
        with open(os.path.join(self.server.root, "htdocs", "app.js"), "rb") as plain:
            packed = gzip.compress(plain.read())
        with open(os.path.join(self.server.root, "htdocs", "app.js.gz"), "wb") as out:
            out.write(packed)
        os.makedirs(os.path.join(self.server.root, "secrets"), exist_ok=True)
        for role in ROLES:
            self.web.tokens[role] = make_token(self.server, role + "-1", role)
        self.server.__enter__()
        return self

    def __exit__(self, *what):
        return self.server.__exit__(*what)

    def head(self, line="GET /api/v1/status HTTP/1.1", host=True, *fields, role="read"):
        lines = [line] + (["Host: 127.0.0.1:%d" % self.port] if host else []) + list(fields)
        if role:
            lines.append("Authorization: Bearer " + self.web.tokens[role])
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def names_that_are_allowed(build):
    with Site(build, "AllowedHosts edge-admin.example.net") as site:
        web = site.web
        for host in ("127.0.0.1:%d" % site.port, "localhost", "LocalHost:8090", "[::1]:80", "edge-admin.example.net", "127.0.0.1"):
            expect("Host " + host, web.ask("GET", STATUS, role="read", Host=host).status, 200)
        for host in ("evil.example", "evil.example:%d" % site.port, "127.0.0.1.evil.example", "localhost@evil.example", "",
                     "edge-admin.example.net.", "192.0.2.1", "[::2]", "local host", "localhost:80:80"):
            answer = web.ask("GET", STATUS, role="read", Host=host)
            expect("Host %r" % host, answer.status, 400)
        expect("its code", web.ask("GET", STATUS, role="read", Host="evil.example").code, "host-not-allowed")
        expect("a page under that name", web.ask("GET", "/", Host="evil.example").status, 400)
        expect("no Host", web.status_of(site.head(host=False)), 400)
        expect("two", web.status_of(site.head("GET /livez HTTP/1.1", True, "Host: localhost")), 400)


def pages_of_other_sites(build):
    """Preflights, simple requests, forms: with or without a token, nothing of another origin gets through."""
    with Site(build) as site:
        web, own = site.web, site.web.origin()
        preflight = web.ask("OPTIONS", STATUS, Origin="http://evil.example", Access_Control_Request_Method="PATCH",
                            Access_Control_Request_Headers="authorization")
        holds("a preflight is refused: %d" % preflight.status, preflight.status in (401, 403, 405))
        for answer in (preflight, web.ask("GET", STATUS, role="read"), web.ask("OPTIONS", STATUS, role="read", Origin=own)):
            holds("no Access-Control", not [name for name in answer.headers if name.lower().startswith("access-control")])
        expect("OPTIONS by ourselves", web.ask("OPTIONS", STATUS, role="read").status, 405)
        for origin in ("http://evil.example", "null", own + ".evil.example", "https://127.0.0.1", "file://", own + "/", ""):
            for method in ("GET", "POST"):
                answer = web.ask(method, STATUS if method == "GET" else "/api/v1/bans", role="admin", Origin=origin)
                expect("%s of %r" % (method, origin), (answer.status, answer.code), (403, "csrf"))
        expect("our own origin", web.ask("GET", STATUS, role="read", Origin=own).status, 200)
        for site_of in ("cross-site", "same-site"):
            expect(site_of, web.ask("GET", STATUS, role="read", Sec_Fetch_Site=site_of).code, "csrf")
            expect("a link from there", web.ask("GET", "/", Sec_Fetch_Site=site_of, Sec_Fetch_Mode="navigate").status, 200)
        for site_of in ("same-origin", "none"):
            expect(site_of, web.ask("GET", STATUS, role="read", Sec_Fetch_Site=site_of).status, 200)
        form = b"address=192.0.2.1"
        for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
            expect(kind, web.ask("POST", "/api/v1/bans", form, role="admin", Content_Type=kind).status, 415)
        expect("a token in the query", web.ask("GET", STATUS + "?access_token=x").code, "token-in-query")


def requests_that_are_not_well_formed(build):
    """What civetweb alone would take, or answer before anybody is asked: docs/ADMIN.md has the list."""
    with Site(build) as site:
        web, head = site.web, site.head
        post = "POST /api/v1/bans HTTP/1.1"
        for what, octets, status in (
                ("two lengths", head(post, True, "Content-Length: 3", "Content-Length: 4", role="admin") + b"{} x", 400),
                ("a length and chunks", head(post, True, "Content-Length: 2", "Transfer-Encoding: chunked", role="admin") + b"2\r\n{}\r\n0\r\n\r\n", 400),
                ("chunks", head(post, True, "Transfer-Encoding: chunked", role="admin") + b"2\r\n{}\r\n0\r\n\r\n", 411),
                ("a length that is none", head(post, True, "Content-Length: 3x", role="admin") + b"{} ", 400),
                ("a negative one", head(post, True, "Content-Length: -3", role="admin"), 400),
                ("a huge one", head(post, True, "Content-Length: 99999999999999999999", role="admin"), 400),
                ("too much content", head(post, True, "Content-Length: 1048577", role="admin"), 413),
                ("LF alone", b"GET /livez HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
                ("a folded field", head("GET /livez HTTP/1.1", True, "A:", " b"), 400),
                ("a blank before the colon", head("GET /livez HTTP/1.1", True, "A : b"), 400),
                ("a NUL", head("GET /li\0vez HTTP/1.1"), 400),
                ("an absolute target", head("GET http://127.0.0.1/livez HTTP/1.1"), 400),
                ("a star", head("OPTIONS * HTTP/1.1"), 400),
                ("a long head", head("GET /livez HTTP/1.1", True, "A: " + "x" * 17000), 431),
                ("many fields", head("GET /livez HTTP/1.1", True, *["X-%d: y" % i for i in range(70)]), 431),
                ("HTTP/2", head("GET /livez HTTP/2.0"), 505),
                ("an unknown method", head("FOO /api/v1/status HTTP/1.1"), 400),
                ("TRACE", head("TRACE /api/v1/status HTTP/1.1"), 400)):
            got = web.status_of(octets)
            holds("%s: %r, wanted %d" % (what, got, status), got == status or (status == 400 and got in (400, 405, 501)))
        holds("rubbish ends the connection", b"HTTP/1.1 400" in web.raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"))
        body = json.dumps({"address": "192.0.2.1", "reason": "x" * (2 << 20)}).encode()
        try:
            expect("2 MiB", web.ask("POST", "/api/v1/bans", body, role="admin").status, 413)
        except (ConnectionError, BrokenPipeError):
            pass  # refused while it was still being sent
        one = head("GET /livez HTTP/1.1", role=None)
        two = web.raw(one + head("GET /nothing HTTP/1.1", True, "Connection: close", role=None))
        expect("pipelined answers", re.findall(rb"HTTP/1\.1 (\d{3})", two)[-1], b"404")
        expect("HTTP/1.0", web.status_of(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n"), 200)
        expect("100-continue", web.ask("POST", "/api/v1/bans", {"address": "192.0.2.1"}, role="admin", Expect="100-continue").status, 200)


def paths(build):
    with Site(build) as site:
        web = site.web
        for path in ("/../edge.conf", "/..%2fedge.conf", "/%2e%2e/secrets/admin.tokens", "/style/../../edge.conf", "//etc/passwd", "/.secret.html",
                     "/notes.txt~", "/index.html/", "/INDEX.html", "/index.html%00", "/app.js.gz", "/style", "/htdocs/index.html", "/%00", "/index.html;x"):
            answer = web.ask("GET", path)
            expect(path, (answer.status, answer.code), (404, "not-found"))
        for path in ("/api/v1/../v1/status", "/api//v1/status", "/api/v1/status/", "/api/v1/%73tatus", "/API/v1/status", "/api/v1/queue/..%2f..%2fbans"):
            answer = web.ask("GET", path, role="admin")
            holds("%s: %d" % (path, answer.status), answer.status in (400, 404))
        expect("a percent that is none", web.ask("GET", "/api/v1/queue/%zz", role="admin").status, 400)


def files(build):
    with Site(build) as site:
        web = site.web
        page = web.ask("GET", "/", wanted=200)
        expect("the page", (page.content.decode(), page.headers["Content-Type"]), (PAGES["htdocs/index.html"], "text/html; charset=utf-8"))
        expect("by its name", web.ask("GET", "/index.html").content, page.content)
        script = web.ask("GET", "/app.js", Accept_Encoding="br, gzip;q=1.0", wanted=200)
        expect("packed", (script.headers["Content-Encoding"], gzip.decompress(script.content).decode()), ("gzip", PAGES["htdocs/app.js"]))
        plain = web.ask("GET", "/app.js", wanted=200)
        expect("plain", (plain.headers["Content-Encoding"], plain.content.decode(), plain.headers["Vary"]), (None, PAGES["htdocs/app.js"], "Accept-Encoding"))
        expect("a type", web.ask("GET", "/style/main.css").headers["Content-Type"], "text/css; charset=utf-8")
        same = web.ask("GET", "/app.js", If_None_Match=plain.etag)
        expect("known", (same.status, same.content), (304, b""))
        expect("another", web.ask("GET", "/app.js", If_None_Match='"x"').status, 200)
        head = web.ask("HEAD", "/app.js", wanted=200)
        expect("HEAD", (head.content, head.headers["Content-Length"]), (b"", str(len(PAGES["htdocs/app.js"]))))
        answer = web.ask("POST", "/app.js", {}, role="admin")
        expect("POST", (answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))
        for answer in (page, script, same, head, web.ask("GET", "/nothing"), web.ask("GET", STATUS, role="read"), web.ask("GET", STATUS)):
            fields = answer.headers
            holds("a policy without unsafe", "default-src 'none'" in fields["Content-Security-Policy"] and "unsafe" not in fields["Content-Security-Policy"])
            expect("further fields", [fields[name] for name in ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy", "Cross-Origin-Opener-Policy", "X-Frame-Options")],
                   ["nosniff", "no-referrer", "same-origin", "same-origin", "DENY"])
            expect("no HSTS in clear text", fields["Strict-Transport-Security"], None)
        expect("the API is not kept", web.ask("GET", STATUS, role="read").headers["Cache-Control"], "no-store")
    with Site(build, "Console off") as site:
        expect("no console", site.web.ask("GET", "/").status, 404)
        site.web.ask("GET", STATUS, role="read", wanted=200)


def tokens(build):
    with Site(build, rate=1000) as site:
        web = site.web
        for role in ROLES:
            who = web.ask("GET", "/api/v1/auth/session", role=role, wanted=200).document
            expect("who", (who["role"], who["who"], who["csrf"]), (role, "token:%s-1" % role, None))
        expect("nobody", (web.ask("GET", STATUS).status, web.ask("GET", "/api/v1/nothing").status), (401, 401))
        expect("too little", (web.ask("POST", "/api/v1/bans", {"address": "192.0.2.1"}, role="read").code), "role-required")
        mail = make_token(site.server, "shop", "submit")
        expect("a token for mail", web.ask("GET", STATUS, token=mail).status, 401)
        late = make_token(site.server, "late", "read")
        wait_for("a token made while it serves", lambda: web.ask("GET", STATUS, token=late).status == 200)
        site.server.ctl("token", "revoke", "late")
        wait_for("its end", lambda: web.ask("GET", STATUS, token=late).status in (401, 429))
        statuses = [web.ask("GET", STATUS, token="edge_admin_" + "a" * 26) for _ in range(8)]
        holds("wrong ones are slowed down", [x.status for x in statuses][-1] == 429)
        holds("for how long", 0 < int(statuses[-1].headers["Retry-After"]) <= 60)
        web.ask("GET", STATUS, role="read", wanted=200)
        for path in ("/livez", "/readyz"):
            expect("a probe, whoever asks", [web.ask("GET", path, token=x).status for x in (None, "edge_read_" + "a" * 26)], [200, 200])


def figures(build):
    """Requests by template and status, failures by reason, streams: by the metrics themselves."""
    with Site(build) as site:
        web = site.web

        def figure(name, labels=""):
            text = web.ask("GET", "/metrics", role="read", wanted=200).content.decode()
            return [int(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("edge_admin_%s%s " % (name, labels))]

        def of(route, code):
            return figure("requests_total", '{route="%s",code="%s"}' % (route, code))
        expect("at the start", (of("/api/v1/queue/{id}", 200), of("none", 404), figure("streams_active")), ([0], [0], [0]))
        expect("what has not been", of("/api/v1/queue/{id}", 404), [])
        expect("a message that is not there", web.ask("GET", "/api/v1/queue/main-0000", role="read").status, 404)
        expect("another", web.ask("GET", "/api/v1/queue/main-0001", role="read").status, 404)
        expect("by its template", of("/api/v1/queue/{id}", 404), [2])
        web.ask("GET", "/index.html", wanted=200)
        expect("a file", of("files", 200), [1])
        web.ask("GET", "/api/v1/nothing", role="read", wanted=404)
        expect("no route", of("none", 404), [1])
        web.ask("GET", STATUS, wanted=401)
        web.ask("GET", STATUS, token="edge_read_" + "a" * 26, wanted=401)
        web.ask("POST", "/api/v1/bans", {"address": "192.0.2.1"}, role="read", wanted=403)
        web.ask("GET", STATUS, role="read", wanted=403, Origin="http://evil.example")
        web.ask("POST", "/api/v1/auth/session", {"ticket": "x"}, wanted=401)
        web.ask("POST", "/api/v1/auth/session", {"token": "edge_read_" + "b" * 26}, wanted=401)
        for reason, count in (("missing", 1), ("unknown", 2), ("role", 1), ("csrf", 1), ("ticket", 1), ("expired", 0), ("source", 0), ("session", 0)):
            expect(reason, figure("auth_failures_total", '{reason="%s"}' % reason), [count])
        stream = Stream(site)
        expect("a stream", (stream.status, figure("streams_active")), (200, [1]))
        stream.close()
        wait_for("its end", lambda: figure("streams_active") == [0])
        site.server.reload()
        expect("a reload keeps them", of("/api/v1/queue/{id}", 404), [2])


def pace(build):
    with Site(build, rate=2) as site:
        web = site.web
        # Six at once and two a second: a busy machine needs more of them than seven.
        refused = list(itertools.islice((x for x in (web.ask("GET", STATUS, role="read") for _ in range(500)) if x.status == 429), 1))
        holds("more than six at once", refused)
        expect("what is said", (refused[0].code, refused[0].headers["Retry-After"]), ("rate-limited", "1"))
        holds("the policy", "q=6" in refused[0].headers["RateLimit-Policy"])
        expect("another token", web.ask("GET", STATUS, role="admin").status, 200)
        for _ in range(20):
            web.ask("GET", "/app.js", wanted=200)
        for _ in range(20):
            expect("the control socket", ask_socket(site.server, "GET", STATUS).status, 200)


def sessions(build):
    with Site(build) as site:
        web, server = site.web, site.server
        expect("a wrong token", web.log_in({"token": "edge_admin_" + "b" * 26}, 401).code, "unauthenticated")
        expect("both", web.log_in({"token": "x", "ticket": "y"}, 422).code, "missing")
        answer = web.log_in({"token": web.tokens["admin"]})
        cookie = answer.headers["Set-Cookie"]
        holds("the cookie: " + cookie, re.match(r"edge=[^;]+; Path=/; HttpOnly; SameSite=Strict$", cookie))
        holds("no token in it", web.tokens["admin"][-26:] not in cookie)
        expect("who", (answer.document["who"], answer.document["role"]), ("console:admin-1", "admin"))
        seen = web.ask("GET", "/api/v1/auth/session", Cookie=web.session[0], wanted=200).document
        expect("again", (seen["csrf"], seen["who"]), (web.session[1], "console:admin-1"))
        body = {"address": "192.0.2.7", "reason": "by a session"}
        web.ask("POST", "/api/v1/bans", body, session=True, wanted=200)
        for fields in ({"X_Edge_Csrf": "x"}, {"X_Edge_Csrf": web.session[1][:-1]}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
            expect("refused with %r" % fields, web.ask("POST", "/api/v1/bans", body, session=True, **{
                **{"Cookie": web.session[0]}, **fields}).code if "X_Edge_Csrf" in fields else web.ask(
                    "POST", "/api/v1/bans", body, Cookie=web.session[0], X_Edge_Csrf=web.session[1], **fields).code, "csrf")
        expect("without Origin", web.ask("POST", "/api/v1/bans", body, Cookie=web.session[0], X_Edge_Csrf=web.session[1]).code, "csrf")
        for forged in (web.session[0][:-1], web.session[0].replace(".3.", ".2.", 1), "edge=", "edge=x.y.z", web.session[0] + "x"):
            expect("forged", web.ask("GET", STATUS, Cookie=forged).status, 401)
        server.reload()
        expect("it survives a reload", web.ask("GET", STATUS, Cookie=web.session[0]).status, 200)
        web.ask("DELETE", "/api/v1/auth/session", session=True, wanted=200)
        expect("logged out", web.ask("GET", STATUS, Cookie=web.session[0]).status, 401)
        server.reload()
        expect("for good", web.ask("GET", STATUS, Cookie=web.session[0]).status, 401)
        web.log_in({"token": web.tokens["operate"]})
        server.ctl("token", "revoke", "operate-1")
        wait_for("a session ends with its token", lambda: web.ask("GET", STATUS, Cookie=web.session[0]).status == 401)
        with open(os.path.join(server.root, "logs", "audit.json"), encoding="utf-8") as trail:
            actions = [(line["action"], line["who"], line["result"]) for line in map(json.loads, trail)]
        for line in (("session.open", "console:admin-1", "done"), ("session.open", "nobody", "unauthenticated"),
                     ("ban.add", "console:admin-1", "done"), ("session.close", "console:admin-1", "done")):
            holds("the trail has %r" % (line,), line in actions)


def links(build):
    with Site(build) as site:
        web = site.web
        expect("not over TCP", web.ask("POST", "/api/v1/auth/link", role="admin").code, "denied")
        link = ask_socket(site.server, "POST", "/api/v1/auth/link", wanted=200).document
        holds(link["url"], link["url"].startswith("http://127.0.0.1:%d/#ticket=" % site.port))
        ticket = link["url"].split("#ticket=")[1]
        expect("whom", web.log_in({"ticket": ticket}).document["who"], "console:link")
        web.ask("GET", STATUS, Cookie=web.session[0], wanted=200)
        expect("once", web.log_in({"ticket": ticket}, 401).code, "unauthenticated")
        site.server.reload()
        expect("also after a reload", web.log_in({"ticket": ticket}, 401).code, "unauthenticated")
        cookie = web.session[0].split("=", 1)[1]
        expect("a session is no ticket", web.log_in({"ticket": cookie}, 401).code, "unauthenticated")
        printed = site.server.ctl("console").stdout.decode()
        holds("edgectl console: " + printed, "/#ticket=" in printed)


class Stream:
    """A stream of events that is read as it comes."""

    def __init__(self, site, types="audit,gap", last=None, role="read"):
        fields = ["Last-Event-ID: %s" % last] if last else []
        self.connection = site.web.connect()
        self.connection.settimeout(30)
        self.connection.sendall(site.head("GET /api/v1/events?types=%s HTTP/1.1" % types, True, *fields, role=role))
        self.got = b""
        self.read_until(b"\r\n\r\n")
        self.status = int(self.got.split()[1])

    def read_until(self, text):
        while text not in self.got:
            more = self.connection.recv(65536)
            if not more:
                return False
            self.got += more
        return True

    def ends(self):
        return not self.read_until(b"\0never\0")

    def close(self):
        self.connection.close()


def streams(build):
    with Site(build, "MaxStreams 3") as site:
        web = site.web
        opened = [Stream(site) for _ in range(3)]
        expect("they are open", [x.status for x in opened], [200] * 3)
        one_more = Stream(site)
        expect("one more", (one_more.status, b"streams-exhausted" in one_more.got or one_more.read_until(b"streams-exhausted")), (503, True))
        for _ in range(20):
            web.ask("GET", STATUS, role="read", wanted=200)
        web.ask("POST", "/api/v1/bans", {"address": "192.0.2.8", "reason": "<b>\u202e"}, role="operate", wanted=200)
        for stream in opened:
            holds("the event", stream.read_until(b'"action":"ban.add"'))
        seen = int(re.findall(rb"id: (\d+)\nevent: audit", opened[0].got)[-1])
        for stream in opened:
            stream.close()
        again = wait_for("a seat", lambda: (lambda x: x if x.status == 200 else x.close())(Stream(site, last=seen - 1)))
        holds("replayed", again.read_until(b"id: %d\n" % seen))
        again.close()
        old = wait_for("a seat", lambda: (lambda x: x if x.status == 200 else x.close())(Stream(site, last=5)))
        holds("a gap is told", old.read_until(b"event: gap"))
        site.server.reload()
        holds("a reload ends streams", old.ends())
        expect("and the new child has seats", Stream(site).status, 200)
        expect("HEAD", web.ask("HEAD", "/api/v1/events", role="read").status, 200)
        begun = time.monotonic()
        last = Stream(site)
        site.server.stop()
        holds("a stop does not wait for a stream: %.1f s" % (time.monotonic() - begun), time.monotonic() - begun < 20)
        last.close()
        site.server.start()


def reloads_refuse_nobody(build):
    with Site(build) as site:
        stopped, trouble, answered = threading.Event(), [], [0]

        def poll():
            while not stopped.is_set():
                try:
                    if site.web.ask("GET", STATUS, role="read").status != 200:
                        trouble.append("status")
                    answered[0] += 1
                except OSError as what:
                    trouble.append(repr(what))
        threads = [threading.Thread(target=poll) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(8):
            site.server.reload()
        stopped.set()
        for thread in threads:
            thread.join()
        expect("trouble", trouble, [])
        holds("some were answered: %d" % answered[0], answered[0] > 8)


def asked_across_a_reload(build):
    """A connection that was made before a reload, and asks behind it, is answered by the child that drains, and told to close."""
    with Site(build) as site:
        request = site.head("GET /livez HTTP/1.1")

        def across():
            """Connections that have asked behind a reload before the 2 s that the server waits for it were over; None: this machine has overslept them."""
            used = site.web.connect()
            opened = [site.web.connect() for _ in range(5)] + [used]
            used.sendall(request)
            holds("before", used.recv(65536).startswith(b"HTTP/1.1 200"))
            site.server.reload()
            try:
                for connection in opened:
                    connection.sendall(request)
            except ConnectionError:
                return None
            drained = re.findall(r"\[(\d{4}-[^\]]+Z)\][^\n]* takes no more connections", site.server.log().decode())[-1]
            late = time.time() - datetime.datetime.fromisoformat(drained.replace("Z", "+00:00")).timestamp()
            return opened if late < 1.5 else None
        for connection in wait_for("a reload that is not overslept", across, 120):
            connection.settimeout(20)
            got = b""
            while True:
                more = connection.recv(65536)
                if not more:
                    break
                got += more
            holds("answered: %r" % got[:60], b"HTTP/1.1 200" in got)
            holds("and told to close", b"\r\nConnection: close\r\n" in got)
            connection.close()


def slow_ones(build):
    """A hundred half requests and some idle connections hold nobody up."""
    with Site(build) as site:
        half = [site.web.connect() for _ in range(100)]
        for connection in half:
            connection.sendall(b"GET /api/v1/status HTTP/1.1\r\nHost: local")
        idle = [site.web.connect() for _ in range(20)]
        for _ in range(30):
            site.web.ask("GET", STATUS, role="read", wanted=200)
        wait_for("they are given up", lambda: half[0].recv(100) is not None, 40)
        for connection in half + idle:
            connection.close()
        site.web.ask("GET", STATUS, role="read", wanted=200)


def idle_ones(build):
    """Who is idle between requests, watches events or sends slowly holds none of the threads that others wait for."""
    with Site(build) as site:
        web, post = site.web, b'{"address": "192.0.2.7", "for": 3600, "reason": "slow"}'
        kept = [http.client.HTTPConnection("127.0.0.1", site.port, 30, ("127.0.0.%d" % (2 + i % 4), 0)) for i in range(200)]

        def ask_by(client):
            client.request("GET", STATUS, headers={"Authorization": "Bearer " + web.tokens["read"]})
            answer = client.getresponse()
            answer.read()
            return answer.status
        expect("the first by each", {ask_by(client) for client in kept}, {200})
        web.source = "127.0.0.7"
        opened = [Stream(site) for _ in range(100)]
        web.source = "127.0.0.8"
        slow = [web.connect() for _ in range(40)]
        web.source = None
        for connection in slow:
            connection.sendall(site.head("POST /api/v1/bans HTTP/1.1", True, "Content-Type: application/json", "Content-Length: %d" % len(post), role="operate") + post[:20])
        for _ in range(30):
            web.ask("GET", STATUS, role="read", wanted=200)
        sockets = [client.sock for client in kept]
        expect("another by each", {ask_by(client) for client in kept}, {200})
        holds("by the connections that were open", sockets == [client.sock for client in kept])
        for connection in slow:
            connection.sendall(post[20:])
            holds("the slow ones too", connection.recv(100).startswith(b"HTTP/1.1 200 "))
            connection.close()
        for each in opened + kept:
            each.close()


def content_as_it_comes(build):
    """In one piece with the head or octet by octet, behind 100 Continue, one request behind the other, or cut short."""
    with Site(build) as site:
        web, post = site.web, b'{"address": "192.0.2.7", "for": 3600, "reason": "slow"}'
        head = site.head("POST /api/v1/bans HTTP/1.1", True, "Content-Type: application/json", "Content-Length: %d" % len(post), role="operate")
        get = site.head("GET /livez HTTP/1.1", role=None)
        waits = head[:-2] + b"Expect: 100-continue\r\n\r\n"

        def answers(connection, count):
            got = b""
            while len(re.findall(rb"HTTP/1\.1 200 [^\0]*?\r\n\r\n", got)) < count or not got.endswith((b"}", b"0\r\n\r\n")):
                more = connection.recv(65536)
                holds("more than %r" % got, more)
                got += more
            return re.findall(rb"HTTP/1\.1 (\d+)", got)
        with web.connect() as connection:
            connection.sendall(head + post + get)
            expect("at once", answers(connection, 2), [b"200", b"200"])
            connection.sendall(get + head + post + get)
            expect("amid others", answers(connection, 3), [b"200"] * 3)
            for octet in head + post:
                connection.sendall(bytes([octet]))
            expect("octet by octet", answers(connection, 1), [b"200"])
            connection.sendall(waits)
            expect("who waits is told to go on", connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(post)
            expect("and is answered", answers(connection, 1), [b"200"])
            connection.sendall(head + post[:5])
            connection.shutdown(socket.SHUT_WR)
            expect("cut short", connection.recv(100), b"")


def answers_that_break_off(build):
    """A message that cannot be read to its end: who reads it sees that it is not whole, and is not left waiting."""
    with Site(build) as site:
        size = 600000
        with smtplib.SMTP("127.0.0.1", site.server.port) as client:
            client.sendmail("a@example.net", ["b@example.org"], "Subject: x\r\n\r\n" + ("x" * 70 + "\r\n") * (size // 72))
        listed = site.web.ask("GET", "/api/v1/queue", role="read", wanted=200).document["items"][0]
        for folder, _, names in os.walk(os.path.join(site.server.root, "spool", "main", "body")):
            for name in names:
                os.truncate(os.path.join(folder, name), size // 2)
        with site.web.connect() as connection:
            connection.settimeout(15)
            connection.sendall(site.head("GET /api/v1/queue/%s/content HTTP/1.1" % listed["id"], role="admin"))
            got = b""
            while True:
                more = connection.recv(65536)
                if not more:
                    break
                got += more
            holds("begun: %r" % got[:40], got.startswith(b"HTTP/1.1 200 ") and len(got) > 1000)
            holds("no last chunk: %r" % got[-40:], not got.endswith(b"\r\n0\r\n\r\n"))


def only_by_the_workers(build):
    """civetweb's own port, which any program on this machine can find, answers nobody but edged."""
    with Site(build) as site:
        child = site.server.children()[-1]
        inodes = set()
        for name in os.listdir("/proc/%d/fd" % child):
            try:
                inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (child, name))))
            except OSError:
                pass
        ports = []
        with open("/proc/net/tcp", encoding="ascii") as table:
            for line in table.readlines()[1:]:
                words = line.split()
                if words[3] == "0A" and words[9] in inodes:
                    ports.append(int(words[1].split(":")[1], 16))
        inner = [port for port in ports if port not in (site.port, site.server.port)]
        expect("one port", len(inner), 1)
        with socket.create_connection(("127.0.0.1", inner[0]), 30) as connection:
            connection.sendall(site.head("GET /api/v1/status HTTP/1.1", role="admin"))
            connection.settimeout(30)
            got = b""
            while True:
                more = connection.recv(4096)
                if not more:
                    break
                got += more
            holds("nothing is told: %r" % got[:80], b"200 OK" not in got and b"version" not in got)


def over_tls(build):
    """A listener for the world: TLS, client certificates, the client's own address, other cookies."""
    port = Ports.take()
    more = """
<TLSContext default>
    Certificate tls/server.pem
    CertificateKey tls/server.key
    ClientCertificate request
    ClientCA tls/ca.pem
</TLSContext>
<Listener console>
    Listen 127.0.0.1:%d
    Protocol admin
    TLS immediate
</Listener>
""" % port
    with Site(build, 'CertificateRole operate "CN=carol,O=Example"', more) as site:
        root = site.server.root
        web = Web(port, client_context(root), "127.0.0.9")
        web.tokens = site.web.tokens
        answer = web.ask("GET", STATUS, role="read", wanted=200)
        holds("HSTS", "max-age=" in answer.headers["Strict-Transport-Security"])
        cookie = web.log_in({"token": web.tokens["admin"]}).headers["Set-Cookie"]
        holds("the cookie: " + cookie, re.match(r"__Host-edge=[^;]+; Path=/; HttpOnly; SameSite=Strict; Secure$", cookie))
        web.ask("POST", "/api/v1/bans", {"address": "192.0.2.7", "reason": "over TLS"}, session=True, wanted=200)
        carol = Web(port, client_context(root, (os.path.join(root, "tls", "client.pem"), os.path.join(root, "tls", "client.key"))))
        who = carol.ask("GET", "/api/v1/auth/session", wanted=200).document
        expect("by certificate", (who["who"], who["role"]), ("certificate:CN=carol,O=Example", "operate"))
        carol.ask("POST", "/api/v1/bans", {"address": "192.0.2.8"}, wanted=200)
        expect("from another site", carol.ask("POST", "/api/v1/bans", {"address": "192.0.2.8"}, Origin="https://evil.example").code, "csrf")
        expect("without one", web.ask("GET", STATUS).status, 401)
        with open(os.path.join(root, "logs", "audit.json"), encoding="utf-8") as trail:
            lines = [json.loads(line) for line in trail]
        holds("the address in the trail", ("console:admin-1", "127.0.0.9") in [(x["who"], x["from"]) for x in lines])
        expect("no field is believed", web.ask("GET", "/api/v1/auth/session", role="read", X_Forwarded_For="192.0.2.99", Forwarded="for=192.0.2.99").status, 200)
        site.web.ask("POST", "/api/v1/bans", {"address": "127.0.0.9", "reason": "enough"}, role="admin", wanted=200)
        try:
            status = web.ask("GET", STATUS, role="admin").status
        except OSError:
            status = 503
        expect("a banned address", status, 503)
        site.web.ask("GET", STATUS, role="read", wanted=200)
        big = site.web.ask("GET", "/metrics", role="read", wanted=200)
        holds("a long answer over TLS", len(carol.ask("GET", "/metrics", wanted=200).content) > len(big.content) // 2)


def safe_by_default(build):
    """Beyond this machine not without TLS, not without a token; here without a token it starts and says what to do."""
    port = Ports.take()
    world = "<Listener world>\nListen 0.0.0.0:%d\nProtocol admin\n%%s\n</Listener>\n" % port
    server = Edged(build, more="<Admin>\nTokenFile secrets/admin.tokens\n</Admin>\n" + world % "")
    said = server.start_refused()
    holds("why: " + said, "write TLS immediate" in said and "edgectl token create" in said)
    server.remove()
    server = Edged(build, more="<Admin>\nTokenFile secrets/admin.tokens\nInsecure on\n</Admin>\n" + world % "")
    with server:
        expect("insecure, as written", Web(port).ask("GET", STATUS).status, 401)
    port = Ports.take()
    with Edged(build, more=Web.block(port), files=PAGES) as server:
        web = Web(port)
        holds("the command is logged", b"edgectl token create" in server.log())
        expect("the page", web.ask("GET", "/").status, 200)
        expect("the API", web.ask("GET", STATUS).status, 401)
        token = make_token(server, "first", "admin")
        wait_for("a token made later", lambda: web.ask("GET", STATUS, token=token).status == 200)


def edgectl_elsewhere(build):
    """edgectl --url: by HTTP on this machine, by HTTPS with a certificate that must be good."""
    port = Ports.take()
    more = """
<TLSContext default>
    Certificate tls/server.pem
    CertificateKey tls/server.key
</TLSContext>
<Listener console>
    Listen 127.0.0.1:%d
    Protocol admin
    TLS immediate
</Listener>
""" % port
    with Site(build, "AllowedHosts mx.example.net", more) as site:
        server = site.server
        server.write_file("token", site.web.tokens["operate"] + "\n")
        token, ca = os.path.join(server.root, "token"), os.path.join(server.root, "tls", "ca.pem")
        clear, secret = ["--url", "http://127.0.0.1:%d" % site.port], ["--url", "https://localhost:%d/" % port]

        def ctl(*arguments, status=0):
            done = server.ctl(*arguments, check=False)
            expect("%r: %s" % (arguments, done.stderr.decode()), done.returncode, status)
            return done
        for way in (clear + ["--token-file", token], secret + ["--token-file=" + token, "--ca-file", ca]):
            holds("status", b"mx" in ctl(*way, "status").stdout)
            ctl(*way, "bans", "add", "192.0.2.9", "--for", "1h", "--reason", "from elsewhere & here")
            holds("the reason", b"from elsewhere & here" in ctl(*way, "bans").stdout)
            ctl(*way, "bans", "lift", "all")
        holds("a role", b"admin" in ctl(*clear, "--token-file", token, "queue", "delete", "00000000-0000-7000-8000-000000000001", "--reason", "INC-1", status=4).stderr)
        ctl(*clear, "status", status=4)
        holds("a stranger", b"certificate" in ctl(*secret, "--token-file", token, "status", status=5).stderr)
        ctl("--url", "https://127.0.0.2:%d" % port, "--token-file", token, "--ca-file", ca, "status", status=5)
        holds("nobody", b"no server answers" in ctl("--url", "http://127.0.0.1:%d" % Ports.take(), "queue", "list", status=5).stderr)
        holds("clear text", b"use https" in ctl("--url", "http://192.0.2.1:80", "--token-file", token, "status", status=2).stderr)
        for url in ("ftp://x", "http://", "127.0.0.1:80", "http://u@h:80", "http://[::1", "http://h:80?x"):
            ctl("--url", url, "status", status=2)
        ctl(*clear, "--token-file", os.path.join(server.root, "nothing"), "status", status=2)
        ctl("status", "--url", status=2)
        server.env["EDGECTL_URL"], server.env["EDGECTL_TOKEN_FILE"] = clear[1], token
        ctl("bans", "add", "192.0.2.10")
        with open(os.path.join(server.root, "logs", "audit.json"), encoding="utf-8") as trail:
            holds("the trail", json.loads(trail.readlines()[-1])["who"] == "token:operate-1")
        del server.env["EDGECTL_URL"], server.env["EDGECTL_TOKEN_FILE"]


def sessions_are_told(build):
    with Site(build) as site:
        stream = Stream(site, types="session,tick,gap")
        holds("somebody is known to watch", stream.read_until(b"event: tick"))
        with socket.create_connection(("127.0.0.1", site.server.port), 30) as client:
            client.settimeout(30)
            holds("a greeting", client.recv(4096).startswith(b"220"))
            holds("opened", stream.read_until(b'"action":"open"'))
            client.sendall(b"QUIT\r\n")
            holds("closed", stream.read_until(b'"action":"close"') and stream.read_until(b'"end":"quit"}\n'))
        told = [json.loads(data) for data in re.findall(rb"event: session\ndata: (.*)\n", stream.got)]
        expect("of the same", [(x["id"] == told[0]["id"], x["listener"], x["client"]) for x in told], [(True, "mx", "127.0.0.1")] * 2)
        stream.close()


def a_hundred_streams(build):
    """A hundred readers of events: four get one, the others are told, and nobody else waits."""
    with Site(build) as site:
        opened = [Stream(site) for _ in range(100)]
        expect("streams", sorted({x.status for x in opened}), [200, 503])
        expect("four", len([x for x in opened if x.status == 200]), 4)
        for _ in range(30):
            site.web.ask("GET", STATUS, role="read", wanted=200)
        for stream in opened:
            stream.close()


def hostile_texts(build):
    """What comes from outside stays text: HTML, terminal codes, control characters, right-to-left, bad UTF-8."""
    with Site(build) as site:
        web = site.web
        reason = "<script>alert(1)</script>\u202e\"'&"
        for control in ("\u0007", "\u001b[31m", "\u0000"):
            refused = web.ask("POST", "/api/v1/bans", {"address": "192.0.2.5", "reason": reason + control}, role="operate")
            expect("control characters", (refused.status, refused.code), (422, "control-character"))
        web.ask("POST", "/api/v1/bans", {"address": "192.0.2.5", "reason": reason}, role="operate", wanted=200)
        answer = web.ask("GET", "/api/v1/bans", role="read", wanted=200)
        expect("as it was said", answer.document["items"][0]["reason"], reason)
        holds("no control octet", not re.search(rb"[\x00-\x1f\x7f]", answer.content))
        for path in ("/%0d%0aX-Injected:%20yes", "/api/v1/queue/%0d%0aX-Injected:%20yes", "/api/v1/bans/%3Cb%3E"):
            refused = web.ask("GET", path, role="read")
            holds("%s: %d" % (path, refused.status), refused.status in (400, 404, 405, 422))
            holds("no field", refused.headers["X-Injected"] is None)
        expect("raw octets in a path", web.status_of(site.head("GET /\u00e9 HTTP/1.1")), 400)
        for octets in (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf"):
            expect("bad UTF-8", web.ask("POST", "/api/v1/bans", b'{"address":"192.0.2.6","reason":"' + octets + b'"}', role="operate").code, "bad-json")


CASES = (names_that_are_allowed, pages_of_other_sites, requests_that_are_not_well_formed, paths, files, tokens, figures, pace, sessions, links,
         streams, sessions_are_told, a_hundred_streams, hostile_texts, edgectl_elsewhere, reloads_refuse_nobody, asked_across_a_reload, slow_ones, idle_ones,
         content_as_it_comes, answers_that_break_off, only_by_the_workers, over_tls, safe_by_default)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("cases", nargs="*", help="only these")
    given = parser.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27100-27199")
    report = Report("admin_http")
    for case in CASES:
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
