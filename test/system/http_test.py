#!/usr/bin/env python3
"""The HTTP edge under policy, limits, time-outs and AUTH, from outside: http_test.py --build DIR"""
import argparse
import base64
import http.client
import json
import os
import signal
import socket
import ssl
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

MESSAGE = b"Subject: x\r\n\r\nbody\r\n"
#            reply of the check                         status of the answer
MAPPING = [("550 5.7.1", 400), ("552 5.3.4", 400), ("535 5.7.8", 403), ("450 4.2.0", 503), ("421 4.3.0", 503), ("451 4.3.0", 500), ("452 4.3.1", 500)]
PHASES = ("EHLO", "MAIL", "RCPT", "DATA", "HAVE_DATA")
PICKY = """
<Validator picky>
    Module answer_module
    Answer 550 5.1.1 "Unknown user"
    Only nobody@server.example
</Validator>
<Validator later>
    Module answer_module
    Answer 450 4.7.1 "Come again"
    Only grey@server.example
</Validator>
"""
AT_RCPT = "Protocol http\n<On RCPT>\nValidate picky\nValidate later\n</On>\n"


class Client:
    def __init__(self, server, source=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60, source_address=(source, 0) if source else None)

    def post(self, *recipients, body=MESSAGE, sender="a@client.example", headers=()):
        self.connection.putrequest("POST", "/email", skip_accept_encoding=True)
        for name, value in [("Content-Type", "message/rfc822"), ("X-Ehlo", "client.example"), ("X-Sender", sender),
                            ("Content-Length", str(len(body)))] + [("X-Recipient", one) for one in recipients] + list(headers):
            self.connection.putheader(name, value)
        self.connection.endheaders(body)
        answer = self.connection.getresponse()
        answer.text = answer.read().decode()
        return answer


def replies_become_statuses(build):
    for phase in PHASES:
        for reply, status in MAPPING:
            code, enhanced = reply.split()
            more = "<Validator no>\n    Module answer_module\n    Answer %s %s \"Not so\"\n</Validator>" % (code, enhanced)
            with Edged(build, listener="Protocol http\n<On %s>\nValidate no\n</On>" % phase, more=more) as server:
                answer = Client(server).post("b@server.example")
                what = "%s with %s" % (phase, reply)
                expect(what, (answer.status, answer.reason), (status, "Not so"))
                said = answer.getheader("X-Smtp-Reply")
                holds("%s: X-Smtp-Reply %s" % (what, said), said and said.startswith(code))
                expect(what + ": the queue", server.queue(), [])
    return "%d replies at %d commands" % (len(MAPPING), len(PHASES))


def one_refusal_refuses_all(build):
    with Edged(build, listener=AT_RCPT, more=PICKY) as server:
        client = Client(server)
        answer = client.post("b@server.example", "nobody@server.example", "grey@server.example")
        expect("the first refusal answers", (answer.status, answer.reason, answer.getheader("X-Smtp-Reply")), (400, "Unknown user", "550 5.1.1"))
        answer = client.post("b@server.example", "grey@server.example", "nobody@server.example", headers=[("Accept", "application/json")])
        expect("as a problem", (answer.status, answer.getheader("Content-Type")), (503, "application/problem+json"))
        problem = json.loads(answer.text)
        expect("what it says", (problem["status"], problem["code"], problem["enhanced"], problem["message"]), (503, 450, "4.7.1", "Come again"))
        expect("of each recipient", [(one["address"], one["code"]) for one in problem["recipients"]],
               [("b@server.example", 250), ("grey@server.example", 450), ("nobody@server.example", 550)])
        expect("nothing is stored", server.queue(), [])
        answer = client.post("b@server.example", "c@server.example", headers=[("Accept", "application/json")])
        told = json.loads(answer.text)
        expect("success", (answer.status, told["code"], len(told["recipients"])), (200, 250, 2))
        expect("its id", [item["id"] for item in server.queue()], [told["id"]])
    with Edged(build, listener=AT_RCPT + "HttpPartial on\n", more=PICKY) as server:
        answer = Client(server).post("b@server.example", "nobody@server.example")
        expect("HttpPartial takes who is accepted", answer.status, 200)
        expect("and only those", server.queue()[0]["recipients"], ["b@server.example"])
        expect("nobody at all is a refusal", Client(server).post("nobody@server.example").status, 400)


def who_may_send(build):
    with Edged(build, listener="Protocol http\nAuth required backend=staff\nAuthInsecure on\nHttpAuth basic\nAuthFailures 3/10m ban=15m delay=1s",
               more="<AuthBackend staff>\nType file\nFile secrets/users\n</AuthBackend>", users=[("alice", "wonderland")]) as server:
        answer = Client(server).post("b@server.example")
        expect("without credentials", answer.status, 401)
        holds("it asks for them: %s" % answer.getheader("WWW-Authenticate"), answer.getheader("WWW-Authenticate", "").lower().startswith("basic"))

        def basic(name, password):
            return [("Authorization", "Basic " + base64.b64encode(("%s:%s" % (name, password)).encode()).decode())]
        answer = Client(server).post("b@server.example", headers=basic("alice", "wonderland"))
        expect("with the right ones", answer.status, 200)
        entry = json.loads(server.ctl("-o", "json", "queue", "show", answer.text.strip()).stdout)
        holds("the envelope knows who: %s" % json.dumps(entry), "alice" in json.dumps(entry))
        expect("with others", Client(server).post("b@server.example", headers=basic("alice", "x")).status, 401)
        expect("of nobody", Client(server).post("b@server.example", headers=basic("nobody", "x")).status, 401)
        Client(server).post("b@server.example", headers=basic("alice", "y"))
        wait_for("a ban", lambda: json.loads(server.ctl("-o", "json", "bans").stdout))
        try:
            expect("who is banned", Client(server).post("b@server.example", headers=basic("alice", "wonderland")).status, 503)
        except (http.client.HTTPException, OSError):
            pass  # or it is not even listened to
        expect("others are not", Client(server, "127.0.0.9").post("b@server.example", headers=basic("alice", "wonderland")).status, 200)


def create(server, name, *more, role="submit"):
    return server.ctl("token", "create", "--role", role, "--name", name, *more).stdout.decode().splitlines()[-1]


def bearer(token):
    return [("Authorization", "Bearer " + token)]


def tokens_hand_in_mail(build):
    """Tokens made and revoked while the server runs; the day of use; Basic beside them."""
    with Edged(build, listener="Protocol http\nAuth on backend=staff\nAuthInsecure on\nHttpAuth basic bearer required",
               more="<AuthBackend staff>\nType file\nFile secrets/users\n</AuthBackend>", users=[("alice", "wonderland")]) as server:
        refused = Client(server).post("b@server.example")
        expect("without credentials", (refused.status, [one.split()[0] for one in refused.headers.get_all("WWW-Authenticate")]),
               (401, ["Basic", "Bearer"]))
        token, other = create(server, "shop", "--from", "127.0.0.0/8", "--expires", "1d"), create(server, "other")
        wait_for("both tokens", lambda: b"tokens: 2" in server.log())
        kept = Client(server)
        answer = kept.post("b@server.example", headers=bearer(token))
        expect("with a token", answer.status, 200)
        entry = json.loads(server.ctl("-o", "json", "queue", "show", answer.text.strip()).stdout)
        holds("the envelope knows whose: %s" % json.dumps(entry), "shop" in json.dumps(entry))
        expect("again on the same connection", kept.post("b@server.example", headers=bearer(token)).status, 200)
        expect("another one there", kept.post("b@server.example", headers=bearer(other)).status, 200)
        expect("by name and password", Client(server).post("b@server.example", headers=[
            ("Authorization", "Basic " + base64.b64encode(b"alice:wonderland").decode())]).status, 200)
        expect("none where one was before", kept.post("b@server.example").status, 401)
        admin = create(server, "ops", role="admin")
        wait_for("the operator's", lambda: Client(server).post("b@server.example", headers=bearer(admin)).status == 403)
        server.ctl("token", "revoke", "shop")
        kept = Client(server)
        wait_for("its end, on a connection that stays", lambda: kept.post("b@server.example", headers=bearer(token)).status == 401)
        expect("the other one is still good", kept.post("b@server.example", headers=bearer(other)).status, 200)
        server.stop()
        rows = {one["name"]: one for one in json.loads(server.ctl("-o", "json", "token", "list").stdout)}
        holds("the day of use is kept: %s" % rows, rows["other"]["last_used"] and len(rows["other"]["last_used"]) == 10)
        server.start()


def guessed_tokens_are_banned(build):
    with Edged(build, listener="Protocol http\nHttpAuth bearer required\nAuthFailures 3/10m ban=15m delay=1s") as server:
        token = create(server, "shop")
        wait_for("the token", lambda: b"tokens: 1" in server.log())
        wrong = token[:-4] + ("aaaa" if token[-4:] != "aaaa" else "eaaa")
        began = time.monotonic()
        expect("the first", Client(server).post("b@server.example", headers=bearer(wrong)).status, 401)
        first, began = time.monotonic() - began, time.monotonic()
        expect("the second", Client(server).post("b@server.example", headers=bearer(wrong)).status, 401)
        holds("is answered later than the first: %g, %g" % (first, time.monotonic() - began), time.monotonic() - began >= 1)
        answer = Client(server).post("b@server.example", headers=bearer(wrong))
        expect("the third", (answer.status, answer.getheader("X-Smtp-Reply")), (503, "421 4.7.0"))
        holds("a ban", json.loads(server.ctl("-o", "json", "bans").stdout))
        try:
            expect("who is banned, with the right one", Client(server).post("b@server.example", headers=bearer(token)).status, 503)
        except (http.client.HTTPException, OSError):
            pass  # or it is not even listened to
        expect("others are not", Client(server, "127.0.0.9").post("b@server.example", headers=bearer(token)).status, 200)
        expect("counted", server.counter("auth_failures_total"), 3)


def own_address():
    """One of this machine's that is not loopback; None without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def tokens_need_tls(build):
    """From elsewhere a token travels encrypted, unless insecure says otherwise."""
    address = own_address()
    if not address:
        return "no network here: only under TLS"
    for words, status in (("bearer required", 403), ("bearer required insecure", 200)):
        with Edged(build, listener="Protocol http\nListen @ADDRESS@:@PORT@\nHttpAuth ".replace("@ADDRESS@", address) + words) as server:
            token = create(server, "shop")
            wait_for("the token", lambda: b"tokens: 1" in server.log())
            client = Client(server)
            client.connection = http.client.HTTPConnection(address, server.port, timeout=60)
            expect(words, client.post("b@server.example", headers=bearer(token)).status, status)
    return None


def limits(build):
    with Edged(build, listener="Protocol http\nMaxMessageSize 10000\nMaxConnectionsPerIP 2\nMaxRecipients 500", server="MaxConnectionsPerIP 2") as server:
        client = Client(server)
        expect("too large by its length", client.post("b@server.example", body=b"x" * 10001).status, 413)
        client = Client(server)
        connection = client.connection
        connection.request("POST", "/email", iter([b"y" * 4000] * 3), {"Content-Type": "message/rfc822", "X-Sender": "a@client.example",
                                                                      "X-Recipient": "b@server.example"}, encode_chunked=True)
        expect("too large by its chunks", connection.getresponse().status, 413)
        connection.close()
        client = Client(server)
        many = client.post(*["r%d@server.example" % number for number in range(501)])
        holds("too many recipients: %d" % many.status, many.status in (400, 500, 503))
        client.connection.close()
        wait_for("the connections to be given up", lambda: server.status()["sessions"] == 0)
        flood = server.connect()
        flood.sendall(b"POST /email HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nX-Sender: a@client.example\r\n" +
                      b"".join(b"X-Recipient: r%d@server.example\r\n" % number for number in range(10000)) + b"Content-Length: 0\r\n\r\n")
        said = flood.recv(100)
        holds("ten thousand recipients are more than a head may hold: %r" % said, said.split()[1:2] == [b"400"])
        flood.close()
        wait_for("the connections to be given up", lambda: server.status()["sessions"] == 0)
        listed = Client(server).post(",".join(["a@b"] * 10000))
        expect("ten thousand in a list", (listed.status, listed.getheader("X-Smtp-Reply")), (500, "452 4.5.3"))
        expect("nothing is stored", server.queue(), [])
        wait_for("the connections to be given up", lambda: server.status()["sessions"] == 0)
        held = [server.connect(), server.connect()]
        wait_for("two connections", lambda: server.status()["sessions"] == 2)
        third = server.connect()
        said = third.recv(200)
        holds("a third connection: %r" % said, said.startswith(b"HTTP/1.1 503") or said.startswith(b"HTTP/1.0 503"))
        for one in held + [third]:
            one.close()


def waits_no_longer_than_it_must(build):
    with Edged(build, listener="Protocol http\nTimeout command=5s data=5s") as server:
        idle, slow, half = server.connect(), server.connect(), server.connect()
        slow.sendall(b"POST /email HTTP/1.1\r\nHost: x\r\n")
        half.sendall(b"POST /email HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nX-Sender: a@client.example\r\nX-Recipient: b@server.example\r\n"
                     b"Content-Length: 100\r\n\r\nSubject")
        expect("an idle connection is just closed", idle.recv(100), b"")
        holds("a head that does not come whole", slow.recv(100).startswith(b"HTTP/1.1 408"))
        holds("a body that does not", half.recv(100).startswith(b"HTTP/1.1 408"))
        expect("nothing is stored", server.queue(), [])


def goes_on_only_when_it_may(build):
    """Expect: 100-continue is answered behind the checks: who is refused need not send."""
    with Edged(build, listener=AT_RCPT, more=PICKY) as server:
        for recipient, wanted in ((b"b@server.example", b"HTTP/1.1 100"), (b"nobody@server.example", b"HTTP/1.1 400")):
            client = server.connect()
            client.sendall(b"POST /email HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nX-Sender: a@client.example\r\nX-Recipient: " + recipient +
                           b"\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(MESSAGE))
            said = client.recv(100)
            holds("%r: %r" % (recipient, said), said.startswith(wanted))
            if said.startswith(b"HTTP/1.1 100"):
                client.sendall(MESSAGE)
                said = client.recv(100)
                holds("then %r" % said, said.startswith(b"HTTP/1.1 200"))
            client.close()


def encrypted(build):
    """TLS from the start, with a client certificate that a validator asks for."""
    context = """<TLSContext default>
    Certificate       tls/server.pem
    CertificateKey    tls/server.key
    ClientCertificate request
    ClientCA          tls/ca.pem
</TLSContext>
<Validator known>
    Module  require_module
    Require tls client_certificate
</Validator>
"""
    with Edged(build, listener="Protocol http\nTLS immediate context=default\n<On MAIL>\nValidate known\n</On>", more=context) as server:
        trust = ssl.create_default_context(cafile=os.path.join(server.root, "tls", "ca.pem"))
        trust.check_hostname = False

        def client():
            made = Client(server)
            made.connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=60, context=trust)
            return made
        answer = client().post("b@server.example")
        expect("without a certificate", (answer.status, answer.getheader("X-Smtp-Reply")), (400, "530 5.7.0"))
        trust.load_cert_chain(os.path.join(server.root, "tls", "client.pem"), os.path.join(server.root, "tls", "client.key"))
        answer = client().post("b@server.example")
        expect("with one", answer.status, 200)
        line = wait_for("the log's line", lambda: [one for one in server.transactions() if one.get("outcome") == "accepted"])[-1]
        expect("the log's protocol", line["protocol"], "HTTPS")
        holds("and certificate: %s" % line["tls"], line["tls"]["client_subject"])
        raw = server.message(answer.text.strip())
        holds("the trace says so: %r" % raw[:300], b"with HTTPS" in raw and b"TLSv1.3" in raw)


def is_counted_once(build):
    """Each figure of a listener has one line, and edgectl can read the server's answer."""
    with Edged(build, listener="Protocol http") as server:
        expect("posted", Client(server).post("b@server.example").status, 200)
        series = [line.rsplit(" ", 1)[0] for line in server.ctl("metrics").stdout.decode().splitlines() if line and line[0] != "#"]
        expect("told twice", sorted(one for one in set(series) if series.count(one) > 1), [])
        shown = server.ctl("status").stdout.decode()
        holds("its status: " + shown[:200], "generation 1" in shown and "http" in shown)


def finishes_before_it_goes(build):
    with Edged(build, listener="Protocol http") as server:
        kept, busy = Client(server), server.connect()
        expect("a connection that stays", kept.post("b@server.example").status, 200)
        busy.sendall(b"POST /email HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nX-Sender: a@client.example\r\nX-Recipient: b@server.example\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(MESSAGE))
        wait_for("both sessions", lambda: server.status()["sessions"] == 2)
        server.signal(signal.SIGTERM)
        wait_for("all workers to know of it", server.closed)
        busy.sendall(MESSAGE)
        answer = http.client.HTTPResponse(busy)
        answer.begin()
        expect("what had begun is answered", answer.status, 200)
        expect("and closed behind it", answer.getheader("Connection"), "close")
        busy.close()
        kept.connection.sock.settimeout(30)
        expect("what is idle is closed", kept.connection.sock.recv(10), b"")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26800-26999")
    report = Report("http")
    for case in (replies_become_statuses, one_refusal_refuses_all, who_may_send, tokens_hand_in_mail,
                 guessed_tokens_are_banned, tokens_need_tls, limits, waits_no_longer_than_it_must, goes_on_only_when_it_may,
                 encrypted, is_counted_once, finishes_before_it_goes):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
