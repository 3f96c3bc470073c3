#!/usr/bin/env python3
"""The TLS of a listener as an operator sees it: listener_tls_test.py --build DIR [CASE...]"""
import argparse
import json
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from control import ask  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Ports, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

CONTEXTS = """
<TLSContext default>
    Certificate tls/used.pem
    CertificateKey tls/used.key
    Certificate tls/rsa.pem
    CertificateKey tls/rsa.key
    MinVersion TLSv1.3
    Groups X25519
    SessionTickets off
    ClientCertificate request
    ClientCA tls/ca.pem
</TLSContext>
<TLSContext other>
    Certificate tls/other.pem
    CertificateKey tls/other.key
</TLSContext>
<Listener second>
    Listen 127.0.0.1:@SECOND@
    Protocol smtp
    TLS immediate context=other
    Queue main
</Listener>
<Listener plain>
    Listen 127.0.0.1:@THIRD@
    Protocol smtp
    Queue main
</Listener>
"""


def put(server, name):
    for kind in ("pem", "key"):
        shutil.copy(os.path.join(server.root, "tls", "%s.%s" % (name, kind)), os.path.join(server.root, "tls", "used.%s" % kind))


def started(build):
    more = CONTEXTS.replace("@SECOND@", str(Ports.take())).replace("@THIRD@", str(Ports.take()))
    server = Edged(build, listener="TLS starttls require=auth", more=more)
    server.prepare()
    put(server, "server")
    return server


def tls_of(server, listener, **headers):
    return ask(server, "GET", "/api/v1/listeners/%s/tls" % listener, wanted=200, **headers).document


def fingerprint(server, name):
    done = subprocess.run(["openssl", "x509", "-in", os.path.join(server.root, "tls", name + ".pem"), "-noout", "-fingerprint", "-sha256"],
                          capture_output=True, text=True, check=True)
    return done.stdout.strip().split("=")[1].replace(":", "").lower()


def context_line(server, name):
    with open(server.conf_path, encoding="ascii") as conf:
        return [number for number, line in enumerate(conf, 1) if line.strip() == "<TLSContext %s>" % name][0]


def is_told_whole(build):
    with started(build) as server:
        told = tls_of(server, "mx")
        expect("how", (told["listener"], told["mode"], told["require"]), ("mx", "starttls", "auth"))
        context = told["context"]
        expect("where", (context["name"], os.path.basename(context["file"]), context["line"]), ("default", "edge.conf", context_line(server, "default")))
        expect("settings that are written", [context[name] for name in ("min_version", "groups", "session_tickets", "client_certificate")],
               ["TLSv1.3", "X25519", False, "request"])
        expect("who signs clients", [os.path.basename(path) for path in context["client_ca"]], ["ca.pem"])
        holds("settings by default: %r" % context, "TLS_AES_128_GCM_SHA256" in context["cipher_suites"] and "ECDHE-RSA" in context["ciphers"])
        expect("certificates", [item["sha256"] for item in told["certificates"]], [fingerprint(server, "server"), fingerprint(server, "rsa")])
        for item in told["certificates"]:
            expect("of its context", item["context"], "default")
            expect("names", sorted(item["names"]), ["localhost", "mx.example.net"])
        listed = ask(server, "GET", "/api/v1/tls/certificates", wanted=200).document["items"]
        # A certificate of 365 whole days loses one at any moment of its first seconds.
        lasting = [[{name: value for name, value in item.items() if name != "days_left"} for item in items if item["context"] == "default"]
                   for items in (listed, told["certificates"])]
        expect("the same as in the list of all", lasting[0], lasting[1])
        holds("days: %r" % told["certificates"], all(item["days_left"] in (364, 365) for item in told["certificates"]))
        other = tls_of(server, "second")
        expect("the other one", (other["mode"], other["require"], other["context"]["name"], other["context"]["min_version"], other["context"]["client_ca"]),
               ("immediate", "nothing", "other", "TLSv1.2", []))
        expect("its certificate", [item["sha256"] for item in other["certificates"]], [fingerprint(server, "other")])
        plain = tls_of(server, "plain")
        expect("without", plain, {"listener": "plain", "mode": "off", "require": "nothing", "context": None, "certificates": [], "handshakes": []})
        refused = ask(server, "GET", "/api/v1/listeners/nobody/tls", wanted=404)
        expect("no such listener", refused.code, "not-found")


def counted(server):
    return {row["version"]: row["count"] for row in tls_of(server, "mx")["handshakes"]}


def shake(server, version=None):
    context = ssl.create_default_context(cafile=os.path.join(server.root, "tls", "ca.pem"))
    if version:
        context.maximum_version = version
    with smtplib.SMTP("localhost", server.port, timeout=60) as client:
        client.starttls(context=context)
        client.ehlo()


def counts_handshakes(build):
    with started(build) as server:
        expect("from the start", counted(server), {"TLSv1.2": 0, "TLSv1.3": 0, "other": 0, None: 0})
        shake(server)
        shake(server)
        try:
            shake(server, ssl.TLSVersion.TLSv1_2)
            raise AssertionError("TLS 1.2 was spoken")
        except (ssl.SSLError, OSError):
            pass
        wait_for("three handshakes", lambda: sum(counted(server).values()) == 3)
        expect("by what came of them", counted(server), {"TLSv1.2": 0, "TLSv1.3": 2, "other": 0, None: 1})
        server.reload()
        expect("after a reload", counted(server), {"TLSv1.2": 0, "TLSv1.3": 2, "other": 0, None: 1})


def tells_what_is_in_force(build):
    """New files are told when they are loaded and not before; a reload of the configuration tells its new settings."""
    with started(build) as server:
        before = tls_of(server, "mx")["certificates"][0]
        put(server, "other")
        expect("not yet", tls_of(server, "second")["certificates"][0]["sha256"], fingerprint(server, "other"))
        server.ctl("tls", "reload")
        after = tls_of(server, "mx")["certificates"][0]
        expect("then", (before["sha256"], after["sha256"]), (fingerprint(server, "server"), fingerprint(server, "other")))
        holds("loaded later: %s, %s" % (before["loaded_at"], after["loaded_at"]), after["loaded_at"] > before["loaded_at"])
        server.blocks["more"] = server.blocks["more"].replace("MinVersion TLSv1.3", "MinVersion TLSv1.2")
        server.write_configuration()
        expect("what is written and not loaded", tls_of(server, "mx")["context"]["min_version"], "TLSv1.3")
        server.reload()
        expect("what is loaded", tls_of(server, "mx")["context"]["min_version"], "TLSv1.2")


def by_edgectl(build):
    with started(build) as server:
        shake(server)
        wait_for("a handshake", lambda: counted(server)["TLSv1.3"] == 1)
        said = server.ctl("tls", "show", "mx").stdout.decode()
        for line in (r"TLS +starttls", r"require= +auth", r"context= +default, .*edge\.conf:%d" % context_line(server, "default"), r"MinVersion +TLSv1\.3",
                     r"SessionTickets +off", r"ClientCertificate +request", r"ClientCA +.*ca\.pem", r"TLSv1\.3 +ok +1", r"- +failed +0", r"default +.* ECDSA .*used\.pem"):
            holds("%s:\n%s" % (line, said), re.search("^%s *$" % line, said, re.M))
        expect("as JSON", json.loads(server.ctl("-o", "json", "tls", "show", "mx").stdout)["mode"], "starttls")
        expect("without TLS", server.ctl("tls", "show", "plain").stdout.decode().split(), ["SETTING", "VALUE", "TLS", "off"])
        expect("no such listener", server.ctl("tls", "show", "nobody", check=False).returncode, 3)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27900-27999")
    report = Report("listener tls")
    for case in (is_told_whole, counts_handshakes, tells_what_is_in_force, by_edgectl):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
