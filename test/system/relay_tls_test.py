#!/usr/bin/env python3
"""Hand-off under TLS: next hops that offer it, refuse it, break it, or show a wrong certificate: relay_tls_test.py --build DIR"""
import argparse
import base64
import json
import os
import smtplib
import ssl
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import certificates  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from nameserver import NameServer  # noqa: E402 pylint: disable=wrong-import-position
from nexthop import NextHop  # noqa: E402 pylint: disable=wrong-import-position

TEXT = b"Subject: x\r\n\r\nbody\r\n"


def configuration(hop, extra, *others):
    hosts = " ".join("127.0.0.1:%d" % one.port for one in (hop,) + others)
    return "<Handoff inside>\nProtocol smtp\nAddress %s\nRetry 200ms\n%s\n</Handoff>" % (hosts, extra)


def edged(build, hop, extra=""):
    return Edged(build, server="LoadModule tls_module @BUILD@/modules/mod_tls.so", queue=configuration(hop, extra))


def send(server):
    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        client.sendmail("a@client.example", ["one@server.example"], TEXT)


def is_empty(server):
    wait_for("the queue to be empty", lambda: not server.queue())


def counter(server, name):
    return server.counter("relay.relay_" + name)


def reason(server):
    """What `queue show` says of the only message, when it has been tried."""
    wait_for("the reason", lambda: server.queue() and server.queue()[0]["state"] == "deferred")
    return json.loads(server.ctl("-o", "json", "queue", "show", server.queue()[0]["id"]).stdout)["deliveries"][0]["last_reply"]


def is_refused(build, folder, hop, extra, wanted):
    """Nothing of a message is said, its reason is told, and with a better host it goes."""
    with edged(build, hop, extra) as server:
        send(server)
        said = reason(server)
        holds("%r in %r" % (wanted, said), wanted in said)
        holds("deferred as what it is: %r" % said, said.startswith("451 4.7."))
        expect("commands of a message", [verb for _, verb, _ in hop.seen if verb in ("MAIL", "RCPT", "DATA", ".")], [])
        expect("fallbacks", counter(server, "tls_fallbacks_total"), 0)
        hop.answers.clear()
        hop.trouble.clear()
        hop.injected = b""
        hop.tls_with(folder, "server")
        is_empty(server)
        expect("how the message came", [message.secured for message in hop.messages], [True])


# opportunistic

def used_where_it_is_offered(build, folder):
    with NextHop() as hop:
        hop.tls_with(folder, "stranger")
        with edged(build, hop) as server:
            send(server)
            is_empty(server)
            expect("encrypted", [message.secured for message in hop.messages], [True])
            expect("greeted twice", [verb for _, verb, _ in hop.seen if verb in ("EHLO", "STARTTLS")], ["EHLO", "STARTTLS", "EHLO"])
            expect("counted", (counter(server, "tls_connections_total"), counter(server, "tls_verified_total")), (1, 0))
            holds("told", b"certificate not verified" in server.log())
            hop.tls = None
            wait_for("that connection to end", lambda: not hop.open)
            send(server)
            hop.has(2)
            expect("in clear text where it is not offered", hop.messages[1].secured, False)
            expect("which is no fallback", counter(server, "tls_fallbacks_total"), 0)


def extensions_are_forgotten(build, folder):
    """What was said before the handshake may have been anybody's words."""
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        hop.keywords[:] = ["CHUNKING", "SIZE 10"]
        first = []

        def hello(_):
            first.append(1)
            return None if len(first) == 1 else "250 hop.example"
        hop.answers["EHLO"] = hello
        with edged(build, hop) as server:
            send(server)
            is_empty(server)
            expect("by DATA, whatever the size", [verb for _, verb, _ in hop.seen if verb == "DATA"], ["DATA"])


def falls_back(build, folder):
    for what in ("close", "garbage", "reset"):
        with NextHop() as hop:
            hop.tls_with(folder, "server")
            hop.trouble["HANDSHAKE"] = what
            with edged(build, hop) as server:
                send(server)
                is_empty(server)
                expect("the message came in clear text", [message.secured for message in hop.messages], [False])
                expect("counted", (counter(server, "tls_failed_total"), counter(server, "tls_fallbacks_total")), (1, 1))
                expect("told once", server.log().count(b"it is tried in clear text"), 1)
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        hop.answers["STARTTLS"] = "454 4.7.0 Not now"
        with edged(build, hop) as server:
            send(server)
            is_empty(server)
            expect("on the same connection", (hop.connections, hop.messages[0].secured), (1, False))


def falls_back_from_silence(build, folder):
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        hop.trouble["HANDSHAKE"] = "silence"
        with edged(build, hop, "HopTimeout connect=300ms") as server:
            send(server)
            is_empty(server)
            expect("the message came in clear text", [message.secured for message in hop.messages], [False])
            hop.release()


# required

def required(build, folder):
    with NextHop() as hop:
        is_refused(build, folder, hop, "TLS required", "TLS is required, and the server does not offer it")
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        hop.trouble["HANDSHAKE"] = "garbage"
        is_refused(build, folder, hop, "TLS required", "the TLS handshake failed: wrong version number")
    with NextHop() as hop:
        hop.tls_with(folder, "stranger")
        with edged(build, hop, "TLS required") as server:
            send(server)
            is_empty(server)
            expect("certificates are not judged", [message.secured for message in hop.messages], [True])


def refused_by_the_host(build, folder):
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        hop.answers["STARTTLS"] = "454 4.7.0 Not now"
        with edged(build, hop, "TLS required") as server:
            send(server)
            holds("its words", "454 4.7.0 Not now" in reason(server))
            expect("nothing of a message", [verb for _, verb, _ in hop.seen if verb == "MAIL"], [])


def injected(build, folder):
    for mode in ("opportunistic", "required", "verify"):
        with NextHop() as hop:
            hop.tls_with(folder, "server")
            hop.injected = b"250-injected\r\n250 PIPELINING\r\n"
            is_refused(build, folder, hop, "TLS %s\nTLSCA %s/ca.pem" % (mode, folder), "something stood in clear text behind its answer to STARTTLS")


# verify

def verified(build, folder):
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        for extra, asked in (("TLS verify", None), ("TLS verify name=mx.example.net", "mx.example.net"), ("TLS verify name=127.0.0.1", None)):
            with edged(build, hop, "%s\nTLSCA %s/ca.pem" % (extra, folder)) as server:
                hop.messages.clear()
                hop.names.clear()
                send(server)
                is_empty(server)
                expect("encrypted", [message.secured for message in hop.messages], [True])
                expect("the name that was asked for", hop.names, [asked])
                expect("counted", counter(server, "tls_verified_total"), 1)
                holds("told", b"certificate verified" in server.log())


def not_believed(build, folder):
    ours = "TLS verify%%s\nTLSCA %s/ca.pem" % folder
    for name, extra, wanted in (("other", ours % "", "IP address mismatch"),
                                ("other", ours % " name=mx.example.net", "hostname mismatch"),
                                ("expired", ours % "", "certificate has expired"),
                                ("stranger", ours % "", "self-signed certificate")):
        with NextHop() as hop:
            hop.tls_with(folder, name)
            is_refused(build, folder, hop, extra, "its certificate is not believed: " + wanted)
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        with edged(build, hop, "TLS verify") as server:
            send(server)
            said = reason(server)
            holds("the system does not know this authority: %r" % said, "its certificate is not believed: self-signed certificate" in said)
            expect("nothing of a message", [verb for _, verb, _ in hop.seen if verb == "MAIL"], [])


def names_of_mx_hosts(build, folder):
    """The certificate has to name the host of the MX record; where it does not, the next host is tried."""
    names = NameServer("""
        server.example  MX 10 wrong.server.example
        server.example  MX 20 mx.example.net
        wrong.server.example  A 127.0.0.1
        mx.example.net  A 127.0.0.1
    """)
    try:
        with NextHop() as hop:
            hop.tls_with(folder, "server")
            block = "<Handoff world>\nProtocol smtp\nPort %d\nRetry 200ms\nHelloName client.example\nTLS verify\nTLSCA %s/ca.pem\n</Handoff>" % (
                hop.port, folder)
            with Edged(build, server="LoadModule tls_module @BUILD@/modules/mod_tls.so\nServerName edge.client.example", queue=block, names=names.port) as server:
                send(server)
                is_empty(server)
                expect("who was asked for", hop.names, ["wrong.server.example", "mx.example.net"])
                expect("encrypted", [message.secured for message in hop.messages], [True])
                expect("counted", (counter(server, "tls_failed_total"), counter(server, "tls_verified_total"), counter(server, "tls_fallbacks_total")), (1, 1, 0))
    finally:
        names.close()


def at_once(build, folder):
    with NextHop() as hop:
        hop.tls_with(folder, "server", at_once=True)
        with edged(build, hop, "TLS verify immediate\nTLSCA %s/ca.pem" % folder) as server:
            send(server)
            is_empty(server)
            expect("encrypted", [message.secured for message in hop.messages], [True])
            expect("greeted once", [verb for _, verb, _ in hop.seen if verb in ("EHLO", "STARTTLS")], ["EHLO"])
            big = b"Subject: big\r\n\r\n" + (b"y" * 70 + b"\r\n") * 40000
            with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
                client.sendmail("a@client.example", ["one@server.example"], big)
            hop.has(2)
            holds("a large one, to the octet", hop.messages[1].content.endswith(big))


# AUTH

def coded(text):
    return base64.b64encode(text.encode()).decode()


def with_a_password(build, folder):
    extra = "TLS verify\nTLSCA %s/ca.pem\nAuthUser ali\nAuthPasswordFile %s/password" % (folder, folder)
    for mechanisms, ending, said in (("LOGIN PLAIN", b"\n", "PLAIN " + coded("\0ali\0open sesame")),
                                     ("LOGIN PLAIN", b"", "PLAIN " + coded("\0ali\0open sesame")),
                                     ("LOGIN", b"\r\n", "LOGIN %s %s" % (coded("ali"), coded("open sesame")))):
        with open(os.path.join(folder, "password"), "wb") as file:
            file.write(b"open sesame" + ending)
        with NextHop() as hop:
            hop.tls_with(folder, "server")
            hop.keywords.append("AUTH " + mechanisms)
            with edged(build, hop, extra) as server:
                hop.answers["AUTH"] = "535 5.7.8 Who are you?"
                send(server)
                answered = reason(server)
                holds("a password that is wrong is no word on the message: %r" % answered, "451 4." in answered and "535 5.7.8 Who are you?" in answered)
                expect("nothing of a message", [verb for _, verb, _ in hop.seen if verb == "MAIL"], [])
                hop.answers.clear()
                is_empty(server)
                expect("what was said", {argument for _, verb, argument in hop.seen if verb == "AUTH"}, {said})
                holds("never told", b"sesame" not in server.log())
    with NextHop() as hop:
        with edged(build, hop, extra.replace("TLS verify", "TLS off")) as server:
            send(server)
            holds("no AUTH is offered", "the server offers no AUTH" in reason(server))
            hop.keywords.append("AUTH PLAIN")
            is_empty(server)
            expect("in clear text on loopback", len([verb for _, verb, _ in hop.seen if verb == "AUTH"]), 1)


def by_scram(build, folder):
    """To another edged, which knows of SCRAM-SHA-256-PLUS too; with a password that is right, and one that is not."""
    with open(os.path.join(folder, "password"), "w", encoding="ascii") as file:
        file.write("open sesame\n")
    tls = "<TLSContext default>\nCertificate %s/server.pem\nCertificateKey %s/server.key\n</TLSContext>" % (folder, folder)
    auth = "\n<AuthBackend staff>\nType file\nFile secrets/users\n</AuthBackend>"
    extra = "AuthUser ali\nAuthPasswordFile %s/password\nTLSCA %s/ca.pem\nTLS " % (folder, folder)
    for mechanisms, mode, mechanism in (
            ("PLAIN,SCRAM-SHA-256,SCRAM-SHA-256-PLUS", "verify", "SCRAM-SHA-256-PLUS"),
            ("PLAIN,SCRAM-SHA-256", "verify", "SCRAM-SHA-256"),
            ("SCRAM-SHA-256", "off", "SCRAM-SHA-256")):
        listener = "TLS starttls context=default\nAuth on backend=staff mechanisms=%s\nOpenRelay on" % mechanisms
        for password, right in (("open sesame", True), ("open barley", False)):
            with Edged(build, listener=listener, more=tls + auth, users=[("ali", password)], name="next") as other:
                with edged(build, other, extra + mode) as server:
                    send(server)
                    if right:
                        wait_for("the message", lambda other=other: len(other.queue()) == 1)
                        is_empty(server)
                        lines = wait_for("its line", lambda other=other: [line for line in other.transactions() if line["type"] == "transaction"])
                        expect("by", lines[0]["auth"]["mechanism"], mechanism)
                    else:
                        said = reason(server)
                        holds("not taken: %r" % said, "535 5.7.8" in said)


# REQUIRETLS

def send_required(server, folder):
    """By a client that speaks TLS; what EHLO offers before and behind it, and the answer to MAIL."""
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.pem"))
    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        client.ehlo()
        before = client.has_extn("requiretls")
        client._host = "mx.example.net"  # pylint: disable=protected-access
        client.starttls(context=context)
        client.ehlo()
        offered = client.has_extn("requiretls")
        code, _ = client.docmd("MAIL", "FROM:<a@client.example> REQUIRETLS")
        if code == 250:
            expect("RCPT", client.docmd("RCPT", "TO:<one@server.example>")[0], 250)
            expect("the message", client.data(TEXT)[0], 250)
        return before, offered, code


def with_a_listener(build, folder, hop, extra, *others):
    tls = "<TLSContext default>\nCertificate %s/server.pem\nCertificateKey %s/server.key\n</TLSContext>" % (folder, folder)
    return Edged(build, queue=configuration(hop, extra, *others), listener="TLS starttls", more=tls)


def required_on_the_whole_way(build, folder):
    verify = "TLS verify\nTLSCA %s/ca.pem" % folder
    for extra in (verify, verify.replace("verify", "opportunistic")):
        with NextHop() as hop, with_a_listener(build, folder, hop, extra) as server:
            hop.tls_with(folder, "server")
            hop.keywords.append("REQUIRETLS")
            expect("offered under TLS only", send_required(server, folder), (False, True, 250))
            hop.has(1)
            holds("passed on: " + hop.messages[0].lines[0], hop.messages[0].lines[0].endswith(" REQUIRETLS"))
            expect("encrypted", hop.messages[0].secured, True)
            is_empty(server)


def required_and_not_to_be_had(build, folder):
    """The sender is told by a message that asks for the same, and so goes nowhere either: what the log says must do."""
    for name, keywords, status in (("server", [], "5.7.30"), ("stranger", ["REQUIRETLS"], "5.7.10")):
        with NextHop() as hop, with_a_listener(build, folder, hop, "TLS opportunistic\nTLSCA %s/ca.pem" % folder) as server:
            hop.tls_with(folder, name)
            hop.keywords.extend(keywords)
            expect("taken", send_required(server, folder)[2], 250)
            wait_for("the reason in the log", lambda: ("550 " + status).encode() in server.log())
            is_empty(server)
            expect("what the next hop got", (hop.messages, [line for _, verb, line in hop.seen if verb == "MAIL"]), ([], []))
    with NextHop() as hop, with_a_listener(build, folder, hop, "TLS opportunistic\nTLSCA %s/ca.pem" % folder) as server:
        hop.tls_with(folder, "server")
        hop.keywords.append("REQUIRETLS")
        hop.trouble["HANDSHAKE"] = "close"
        send_required(server, folder)
        holds("a handshake that fails is no way in clear text", "handshake failed" in reason(server))
        expect("fallbacks", counter(server, "tls_fallbacks_total"), 0)
        hop.trouble.clear()
        hop.has(1)
    for extra in ("TLS off", "TLS required"):  # where it cannot be kept, or by MX records, it is not offered
        with NextHop() as hop:
            with with_a_listener(build, folder, hop, extra) as server:
                expect("offered with " + extra, send_required(server, folder)[1], extra != "TLS off")
    with NextHop() as hop:
        block = "<Handoff inside>\nProtocol smtp\nTLS verify\n</Handoff>"
        tls = "<TLSContext default>\nCertificate %s/server.pem\nCertificateKey %s/server.key\n</TLSContext>" % (folder, folder)
        with Edged(build, queue=block, listener="TLS starttls", more=tls) as server:
            expect("offered by MX records", send_required(server, folder)[1:], (False, 555))


def required_of_one_of_several(build, folder):
    """A host that does not keep it is passed by; only when none does the message fails, and when one is out of reach it waits."""
    extra = "TLS opportunistic\nTLSCA %s/ca.pem" % folder
    with NextHop() as hop, NextHop() as other:
        hop.tls_with(folder, "server")
        other.tls_with(folder, "server")
        other.keywords.append("REQUIRETLS")
        with with_a_listener(build, folder, hop, extra, other) as server:
            for count in (1, 2, 3, 4):  # whoever of them is the first, and by connections that were kept
                expect("taken", send_required(server, folder)[2], 250)
                other.has(count)
            is_empty(server)
            expect("what the host got that does not keep it", (hop.messages, [line for _, verb, line in hop.seen if verb == "MAIL"]), ([], []))
            other.stop()
            send_required(server, folder)
            holds("one may keep it later", "451 " in reason(server))
        holds("nothing has failed", b"550 5.7.30" not in server.log())
    with NextHop() as hop, NextHop() as other:
        hop.tls_with(folder, "server")
        other.tls_with(folder, "server")
        with with_a_listener(build, folder, hop, extra, other) as server:
            send_required(server, folder)
            wait_for("the reason in the log", lambda: b"550 5.7.30" in server.log())
            is_empty(server)


# A certificate of ours

def with_a_certificate(build, folder):
    ours = "TLS verify\nTLSCA %s/ca.pem" % folder
    for extra, sees in (("", None), ("TLSCertificate %s/client.pem\nTLSCertificateKey %s/client.key" % (folder, folder), "client")):
        with NextHop() as hop:
            hop.tls_with(folder, "server")
            hop.tls.verify_mode = ssl.CERT_OPTIONAL
            hop.tls.load_verify_locations(os.path.join(folder, "ca.pem"))
            with edged(build, hop, ours + "\n" + extra) as server:
                send(server)
                hop.has(1)
                holds("the next hop sees %s: %r" % (sees, hop.certificates), bool(hop.certificates[0]) == bool(sees))


def switched_off(build, folder):
    with NextHop() as hop:
        hop.tls_with(folder, "server")
        with edged(build, hop, "TLS off") as server:
            send(server)
            is_empty(server)
            expect("in clear text", [message.secured for message in hop.messages], [False])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27600-27699")
    report = Report("relay_tls")
    with tempfile.TemporaryDirectory(prefix="edge-relay-tls-") as folder:
        certificates.put_into(folder)
        for case in (used_where_it_is_offered, extensions_are_forgotten, falls_back, falls_back_from_silence, required, refused_by_the_host, injected, verified,
                     not_believed, names_of_mx_hosts, at_once, with_a_password, by_scram, required_on_the_whole_way, required_and_not_to_be_had, required_of_one_of_several,
                     with_a_certificate, switched_off):
            if not given.cases or case.__name__ in given.cases:
                report.run(case.__name__, lambda case=case: case(given.build, folder))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
