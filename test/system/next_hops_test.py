#!/usr/bin/env python3
"""Real next hops: Postfix, OpenSMTPD and Dovecot take what edged hands on, octet for octet: next_hops_test.py --build DIR"""
import argparse
import email
import email.policy
import json
import os
import random
import smtplib
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import certificates  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from mail_servers import Dovecot, OpenSmtpd, Postfix, no_namespaces  # noqa: E402 pylint: disable=wrong-import-position

SENDER, ONE, TWO = "a@client.example", "one@server.example", "two@server.example"
HEAD = b"From: <a@client.example>\r\nDate: Sun, 29 Nov 2026 01:02:03 +0000\r\nMessage-Id: <%d@client.example>\r\nSubject: x\r\n\r\n"


def samples(line_most=70000):
    """Messages that a careless next hop or client would change."""
    noise = random.Random(7)
    bodies = {
        "plain": b"body\r\n",
        "dots": b".\r\n..\r\n...\r\n.a\r\n..b\r\n\r\n.\r\n",
        "nothing": b"",
        "blank lines": b"\r\n\r\n\r\n",
        "long lines": b"x" * 998 + b"\r\n" + b"." + b"y" * 5000 + b"\r\n" + b"z" * line_most + b"\r\n",
        "8-bit": bytes(range(128, 256)) * 20 + b"\r\nGr\xc3\xbc\xc3\x9fe\r\n",
        "blanks": b"  \r\n\t\r\n trailing \t \r\nFrom the start\r\n>From\r\n",
        "control octets": bytes(o for o in range(1, 128) if o not in b"\r\n") + b"\r\n",
        "10 MB": b"".join(b"%s%x\r\n" % (b"." * noise.randrange(3), noise.getrandbits(260)) for _ in range(150000)),
    }
    return [(name, HEAD % number + body) for number, (name, body) in enumerate(bodies.items())]


def handoff(address, extra="", protocol="smtp"):
    return "<Handoff inside>\nProtocol %s\nAddress %s\nRetry 300ms\n%s\n</Handoff>" % (protocol, address, extra)


def submit(server, *recipients, text=None, sender=SENDER, options=(), recipient_options=()):
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.ehlo("client.example")
        code, said = client.mail(sender, list(options))
        expect("MAIL: %r" % said, code, 250)
        for recipient in recipients or (ONE,):
            code, said = client.rcpt(recipient, list(recipient_options))
            expect("RCPT: %r" % said, code, 250)
        code, said = client.data(text or HEAD % 0 + b"body\r\n")
        expect("DATA: %r" % said, code, 250)
    return said.decode()


def raw(server, text):
    """Not by smtplib, which changes line ends: what is sent is what is said."""
    with server.connect() as peer:
        lines = peer.makefile("rb")

        def reply(wanted):
            while True:
                line = lines.readline()
                if line[3:4] != b"-":
                    break
            holds("%r, wanted %s" % (line, wanted), line.startswith(wanted))
        reply(b"220")
        for command in (b"EHLO client.example", b"MAIL FROM:<a@client.example> BODY=8BITMIME", b"RCPT TO:<one@server.example>"):
            peer.sendall(command + b"\r\n")
            reply(b"250")
        peer.sendall(b"DATA\r\n")
        reply(b"354")
        stuffed = (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:]
        peer.sendall(stuffed + b".\r\n")
        reply(b"250")


def is_empty(server):
    wait_for("the queue to be empty: %s" % server.tail(1500), lambda: not server.queue())


def reason(server):
    wait_for("a reason", lambda: server.queue() and server.queue()[0]["state"] == "deferred")
    return json.loads(server.ctl("-o", "json", "queue", "show", server.queue()[0]["id"]).stdout)["deliveries"][0]["last_reply"]


def content_of(message):
    """What the client sent: behind the Received field that edged put before it."""
    return message.partition(b"by mx.example.net (edged)")[2].partition(b"+0000\r\n")[2]


def all_arrive(server, mail, line_most=70000):
    for name, text in samples(line_most):
        raw(server, text)
        is_empty(server)
        found = content_of(mail.has("one")[0])
        if found != text:
            at = next((i for i, (a, b) in enumerate(zip(found, text)) if a != b), min(len(found), len(text)))
            raise TestFailure("%s: differs at octet %d of %d (%d came): %r, wanted %r" % (
                name, at, len(text), len(found), found[max(0, at - 20):at + 20], text[max(0, at - 20):at + 20]))
        mail.empty()


def notice_of(mail, user="a"):
    """As a program reads it: fields by recipient."""
    notice = email.message_from_bytes(mail.has(user)[-1], policy=email.policy.default)
    expect("type of the notice", notice.get_content_type(), "multipart/report")
    blocks = notice.get_payload()[1].get_payload()[1:]
    return {block["Final-Recipient"].partition(";")[2].strip(): block for block in blocks}


# Postfix

def postfix_as_sent(build, folder):
    """With all it offers, and with the last century's dialogue."""
    for offered in ("", "smtpd_discard_ehlo_keywords = chunking", "smtpd_discard_ehlo_keywords = chunking, pipelining, size, dsn, enhancedstatuscodes"):
        with Postfix(build, offered) as hop, Edged(build, queue=handoff("127.0.0.1:%d" % hop.port)) as server:
            all_arrive(server, hop.mail)


def secret(server, password):
    server.write_file("secrets/hop", password + "\n")
    os.chmod(os.path.join(server.root, "secrets", "hop"), 0o600)


def wants_a_password(build, hop, folder):
    """A wrong one is told to the operator and is no word on the message; with the right one it goes, under a verified TLS."""
    extra = "TLS verify\nTLSCA %s/ca.pem\nAuthUser one\nAuthPasswordFile secrets/hop" % folder
    with Edged(build, server="LoadModule tls_module @BUILD@/modules/mod_tls.so", queue=handoff("127.0.0.1:%d" % hop.port, extra),
               files={"secrets/hop": "wrong\n"}) as server:
        submit(server)
        said = reason(server)
        holds("a wrong password: " + said, " 535 5." in said and said.startswith("127.0.0.1:%d said: 451 4." % hop.port))
        secret(server, "secret-one")
        server.reload()
        hop.mail.has("one")
        is_empty(server)
        holds("verified", server.counter("relay.relay_tls_verified_total") >= 2)
        expect("in clear text", server.counter("relay.relay_tls_fallbacks_total"), 0)
    hop.mail.empty()


def postfix_under_tls_with_a_password(build, folder):
    for mechanism in ("plain", "login"):
        with Dovecot(build, "auth_mechanisms = " + mechanism) as sasl, Postfix(build, tls=os.path.join(folder, "server"), more="\n".join([
                "smtpd_tls_auth_only = yes", "smtpd_sasl_auth_enable = yes", "smtpd_sasl_type = dovecot", "smtpd_sasl_path = unix:" + sasl.sasl,
                "smtpd_client_restrictions = permit_sasl_authenticated, reject"])) as hop:
            wants_a_password(build, hop, folder)


def postfix_refuses(build, _):
    """Its words come back to the sender as they are; what is put off is taken when it no longer is."""
    with Postfix(build, "message_size_limit = 100000") as hop:
        with Edged(build, queue=handoff("127.0.0.1:%d" % hop.port)) as server:
            submit(server, ONE, "gone@server.example", "x@elsewhere.example")
            hop.mail.has("one")
            fields = notice_of(hop.mail)
            expect("who is told of", sorted(fields), ["gone@server.example", "x@elsewhere.example"])
            expect("status", (fields["gone@server.example"]["Status"], fields["x@elsewhere.example"]["Status"]), ("5.1.1", "5.7.1"))
            holds("its words", "User unknown in virtual mailbox table" in str(fields["gone@server.example"]["Diagnostic-Code"]))
            is_empty(server)
            hop.mail.empty()
            submit(server, text=HEAD % 1 + b"a line that makes it large\r\n" * 5000)
            fields = notice_of(hop.mail)
            expect("too large for it", fields[ONE]["Status"], "5.3.4")
            is_empty(server)
            hop.mail.empty()
            submit(server, ONE, recipient_options=["NOTIFY=SUCCESS"], options=["ENVID=q+2B1"])
            hop.mail.has("one")
            fields = notice_of(hop.mail)
            holds("Postfix keeps the promise that was handed on", fields[ONE]["Action"] == "delivered" and
                  b"Original-Envelope-Id: q+1" in hop.mail.of("a")[-1])
            is_empty(server)
            submit(server, "later@server.example")
            holds("put off in its words", reason(server).endswith(" said: 451 4.3.0 <later@server.example>: Recipient address rejected: Not this one now"))


def postfix_needs_nothing_new(build, _):
    """SMTPUTF8 is not offered: the message comes back, and the notice names its recipient all the same."""
    with Postfix(build, "smtputf8_enable = no") as hop, Edged(build, queue=handoff("127.0.0.1:%d" % hop.port)) as server:
        submit(server, "grü@server.example".encode().decode(), options=["SMTPUTF8", "BODY=8BITMIME"])
        notice = email.message_from_bytes(hop.mail.has("a")[0], policy=email.policy.default)
        holds("why", b"5.6.7" in hop.mail.of("a")[0])
        expect("a notice", notice.get_content_type(), "multipart/report")
        is_empty(server)


def postfix_straight(build, _):
    """Its answers are the client's."""
    with Postfix(build) as hop, Edged(build, queue=handoff("127.0.0.1:%d" % hop.port) + "\nRelay inside") as server:
        holds("its queue id", "queued as" in submit(server))
        hop.mail.has("one")
        hop.mail.empty()
        for name, text in samples():
            raw(server, text)
            expect(name, content_of(hop.mail.has("one")[0]) == text, True)
            hop.mail.empty()
        for recipient, wanted in (("gone@server.example", b"550 5.1.1 "), ("later@server.example", b"451 4.3.0 ")):
            with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
                client.ehlo("client.example")
                client.mail(SENDER)
                client.rcpt(recipient)
                code, said = client.data(b"Subject: x\r\n\r\nbody\r\n")
                holds("%d %r" % (code, said), b"%d %s" % (code, said[:6]) == wanted and b"Recipient address rejected" in said)


# OpenSMTPD

LINE_MOST = 65000  # octets that it takes of a line


def opensmtpd_as_sent(build, folder):
    with OpenSmtpd(build, folder, "") as hop, Edged(build, queue=handoff("127.0.0.1:%d" % hop.port)) as server:
        all_arrive(server, hop.mail, LINE_MOST)


def shakes_hands(hop):
    """Whether it does with anybody: Debian 12's package fails with its OpenSSL, and tells every client "internal error"."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with smtplib.SMTP("127.0.0.1", hop.port, timeout=20) as client:
            client.starttls(context=context)
            return True
    except ssl.SSLError:
        return False


def opensmtpd_under_tls(build, folder):
    with OpenSmtpd(build, folder, "tls pki here auth-optional <secrets>") as hop:
        if shakes_hands(hop):
            wants_a_password(build, hop, folder)
            return "with AUTH"
        tls = "LoadModule tls_module @BUILD@/modules/mod_tls.so"
        with Edged(build, server=tls, queue=handoff("127.0.0.1:%d" % hop.port)) as server:
            submit(server)
            hop.mail.has("one")
            is_empty(server)
            expect("in clear text, since the handshake fails", server.counter("relay.relay_tls_fallbacks_total"), 1)
        hop.mail.empty()
        with Edged(build, server=tls, queue=handoff("127.0.0.1:%d" % hop.port, "TLS required")) as server:
            submit(server)
            holds("never in clear text", "the TLS handshake failed: " in reason(server))
            expect("what came", hop.mail.of("one"), [])
    return "this package shakes hands with nobody: what edged makes of that"


def opensmtpd_refuses(build, folder):
    with OpenSmtpd(build, folder, "") as hop, Edged(build, queue=handoff("127.0.0.1:%d" % hop.port)) as server:
        submit(server, ONE, "gone@server.example", "x@elsewhere.example")
        hop.mail.has("one")
        fields = notice_of(hop.mail)
        expect("who is told of", sorted(fields), ["gone@server.example", "x@elsewhere.example"])
        for block in fields.values():
            holds("its words: %s" % block["Diagnostic-Code"], str(block["Diagnostic-Code"]).startswith("smtp; 5"))
        is_empty(server)
        hop.mail.empty()
        submit(server, text=HEAD % 1 + b"z" * 70000 + b"\r\n")
        holds("a line that it does not take", "Line too long" in str(notice_of(hop.mail)[ONE]["Diagnostic-Code"]))
        is_empty(server)


# Dovecot

def dovecot_by_lmtp(build, _):
    """By TCP and by a unix socket; one has it, another has no room, a third is unknown: each its own answer."""
    with Dovecot(build) as hop:
        for address in ("unix:" + hop.unix, "127.0.0.1:%d" % hop.port):
            with Edged(build, queue=handoff(address, protocol="lmtp", extra="Expire 3s")) as server:
                all_arrive(server, hop.mail)
                submit(server, ONE, TWO, "gone@server.example", text=HEAD % 1 + b"a line that makes it large\r\n" * 2000)
                hop.mail.has("one")
                is_empty(server)
                wait_for("what is said of two", lambda: len(hop.mail.of("a")) >= 1)
                fields = {}
                for message in hop.mail.of("a"):
                    notice = email.message_from_bytes(message, policy=email.policy.default)
                    for block in notice.get_payload()[1].get_payload()[1:]:
                        fields[block["Final-Recipient"].partition(";")[2].strip()] = block
                expect("who is told of", sorted(fields), ["gone@server.example", TWO])
                expect("unknown", fields["gone@server.example"]["Status"], "5.1.1")
                expect("full", fields[TWO]["Status"][1:], ".2.2")
                holds("in its words", "uota exceeded" in str(fields[TWO]["Diagnostic-Code"]))
                expect("who has it once", len(hop.mail.of("one")), 1)
                hop.mail.empty()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27800-27899")
    report = Report("next_hops")
    kinds = {Postfix: (postfix_as_sent, postfix_under_tls_with_a_password, postfix_refuses, postfix_needs_nothing_new, postfix_straight),
             OpenSmtpd: (opensmtpd_as_sent, opensmtpd_under_tls, opensmtpd_refuses),
             Dovecot: (dovecot_by_lmtp,)}
    with tempfile.TemporaryDirectory(prefix="edge-hops-") as folder:
        os.chmod(folder, 0o755)
        certificates.put_into(folder)
        for kind, cases in kinds.items():
            why = kind.missing(given.build)
            for case in cases:
                if given.cases and case.__name__ not in given.cases:
                    continue
                if why:
                    report.skip(case.__name__, why, machine=why == no_namespaces())
                else:
                    report.run(case.__name__, lambda case=case: case(given.build, folder))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
