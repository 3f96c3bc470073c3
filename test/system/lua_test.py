#!/usr/bin/env python3
"""Scripts of the documented Lua interface, by real clients: lua_test.py --build DIR [CASE...]"""
import argparse
import http.client
import os
import smtplib
import ssl
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from edged import Edged, Ports, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

SCRIPTS = os.path.join(HERE, "..", "lua")
MESSAGE = "From: alice@example.net\r\nSubject: by a script\r\n\r\nHello.\r\n"
REFUSED = b"5.7.1 <alice@example.net> Not authorized"


def script(name):
    with open(os.path.join(SCRIPTS, name), encoding="utf-8") as text:
        return text.read()


class Scripted:
    """A server whose script makes its listeners, from what stands in test/lua; the one of the harness stays beside them."""

    def __init__(self, build, name):
        self.smtp_port, self.http_port = Ports.take(), None
        environment = {"TEST_SMTP_PORT": str(self.smtp_port), "TEST_HOSTNAME": "slimta.example", "TEST_CERTIFICATE": "tls/both.pem"}
        load = "LuaScript conf/edge.lua\n"
        if os.path.exists(os.path.join(build, "modules", "mod_http_edge.so")):
            self.http_port = Ports.take()
            environment["TEST_HTTP_PORT"] = str(self.http_port)
            load += "LoadModule http_edge_module @BUILD@/modules/mod_http_edge.so\n"
        self.server = Edged(build, server=load, name="lua", files={"conf/edge.lua": script(name)}, env=environment)

    def __enter__(self):
        self.server.prepare()
        tls = os.path.join(self.server.root, "tls")
        with open(os.path.join(tls, "both.pem"), "w", encoding="ascii") as both:
            for part in ("server.pem", "server.key"):
                with open(os.path.join(tls, part), encoding="ascii") as text:
                    both.write(text.read())
        self.server.start()
        return self

    def __exit__(self, kind, value, trace):
        return self.server.__exit__(kind, value, trace)

    def trust(self):
        return ssl.create_default_context(cafile=os.path.join(self.server.root, "tls", "ca.pem"))

    def client(self):
        return smtplib.SMTP("127.0.0.1", self.smtp_port, local_hostname="client.example", timeout=20)

    def secure_client(self):
        client = self.client()
        client.ehlo()
        expect("STARTTLS", client.starttls(context=self.trust())[0], 220)
        client.ehlo()
        return client


def refusals(scripted):
    """Refused in clear text, refused under TLS, and what is offered where."""
    client = scripted.client()
    client.ehlo()
    expect("MAIL in clear text", client.mail("alice@example.net"), (550, REFUSED))
    expect("AUTH in clear text", client.esmtp_features.get("auth", "").split(), ["CRAM-MD5"])
    client.quit()
    client = scripted.secure_client()
    expect("MAIL under TLS", client.mail("alice@example.net"), (550, REFUSED))
    expect("AUTH under TLS", client.esmtp_features["auth"].split(), ["CRAM-MD5", "PLAIN", "LOGIN"])
    expect("SIZE", client.esmtp_features["size"], "78643200")
    client.quit()
    client = scripted.client()
    client.ehlo()
    client.user, client.password = "alice", "wonderland"
    expect("CRAM-MD5 in clear text", client.auth("CRAM-MD5", client.auth_cram_md5)[0], 235)
    expect("MAIL without TLS", client.mail("alice@example.net"), (550, REFUSED))
    client.quit()


def accepted(scripted, mechanism):
    client = scripted.secure_client()
    client.user, client.password = "alice", "wonderland"
    method = {"PLAIN": client.auth_plain, "LOGIN": client.auth_login, "CRAM-MD5": client.auth_cram_md5}[mechanism]
    expect(mechanism, client.auth(mechanism, method)[0], 235)
    before = len(scripted.server.queue())
    client.sendmail("alice@example.net", ["bob@example.org"], MESSAGE)
    client.quit()
    queue = scripted.server.queue()
    expect("messages in the queue", len(queue), before + 1)
    expect("protocol", {m["protocol"] for m in queue}, {"ESMTPSA"})


def posted(scripted):
    connection = http.client.HTTPConnection("127.0.0.1", scripted.http_port, timeout=20)
    headers = {"X-Ehlo": "client.example", "X-Sender": "carol@example.net", "X-Recipient": "bob@example.org",
               "Content-Type": "message/rfc822"}
    connection.request("POST", "/email", MESSAGE, headers)
    answer = connection.getresponse()
    identity = answer.read().decode("ascii")
    expect("status", answer.status, 200)
    expect("reason", answer.reason, "Message queued as " + identity)
    holds("the message is in the queue", any(m["id"] == identity for m in scripted.server.queue()))


def case_documented(build):
    """The documentation's snippets in one script serve SMTP and HTTP."""
    with Scripted(build, "documented.lua") as scripted:
        client = smtplib.SMTP(timeout=20)
        expect("banner", client.connect("127.0.0.1", scripted.smtp_port), (220, b"slimta.example ESMTP Mail Gateway"))
        client.quit()
        refusals(scripted)
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
            accepted(scripted, mechanism)
        if not scripted.http_port:
            return "without HTTP: there is no mod_http_edge"
        posted(scripted)
        return None


def case_reload(build):
    """A reload keeps the script's sockets and takes the changed script; a broken one is refused and the old goes on."""
    with Scripted(build, "documented.lua") as scripted:
        server = scripted.server
        server.write_file("conf/edge.lua", script("documented.lua").replace("550", "551"))
        server.reload()
        client = scripted.client()
        client.ehlo()
        expect("MAIL after the reload", client.mail("alice@example.net"), (551, REFUSED))
        client.quit()
        server.write_file("conf/edge.lua", "this is no Lua")
        server.reload(good=False)
        holds("the place of the error", b"conf/edge.lua:1: error: syntax error near 'is'" in server.log())
        client = scripted.client()
        client.ehlo()
        expect("MAIL after the refusal", client.mail("alice@example.net"), (551, REFUSED))
        client.quit()


def case_restart_of_the_child(build):
    """A child that died is replaced by one on the same sockets."""
    with Scripted(build, "documented.lua") as scripted:
        server = scripted.server
        server.may_crash = True
        before = server.generations()
        os.kill(server.children()[0], 9)
        wait_for("the next child", lambda: server.generations() > before)
        refusals(scripted)


CASES = {name[5:]: case for name, case in globals().items() if name.startswith("case_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=" ".join(CASES))
    arguments = parser.parse_args()
    report = Report("lua")
    for name in arguments.cases or CASES:
        report.run(name, lambda name=name: CASES[name](arguments.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
