#!/usr/bin/env python3
"""TLS and AUTH of a whole server, by other people's scanners and under load: secure_test.py --build DIR [CASE...]"""
import argparse
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import sasl  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Ports, Report, TestFailure, add_common_arguments  # noqa: E402 pylint: disable=wrong-import-position

BOTH = """<TLSContext default>
Certificate tls/server.pem
CertificateKey tls/server.key
Certificate tls/rsa.pem
CertificateKey tls/rsa.key
</TLSContext>
"""
SECOND = """<Listener submissions>
Listen 127.0.0.1:%d
Protocol smtp
TLS immediate
Queue main
</Listener>
"""
MANY = "MaxConnections 2000\nMaxConnectionsPerIP 2000"


class Skip(Exception):
    """Cannot run here."""


def need(program):
    if not shutil.which(program):
        raise Skip(program + " is not installed")


def expect(what, truth):
    if not truth:
        raise TestFailure(what)


# Scanners

def judge(result):
    """Faults in what sslscan found."""
    faults = []
    wanted = {("ssl", "2"): "0", ("ssl", "3"): "0", ("tls", "1.0"): "0", ("tls", "1.1"): "0", ("tls", "1.2"): "1", ("tls", "1.3"): "1"}
    found = {(p.get("type"), p.get("version")): p.get("enabled") for p in result.iter("protocol")}
    if found != wanted:
        faults.append("protocols: %r" % found)
    ciphers = list(result.iter("cipher"))
    names = [c.get("cipher") for c in ciphers]
    if not any(n.startswith("TLS_") for n in names) or not any("ECDSA" in n for n in names) or not any("-RSA-" in n for n in names):
        faults.append("ciphers that should be there are not: %r" % names)
    for cipher in ciphers:
        name = cipher.get("cipher")
        forward = name.startswith(("TLS_", "ECDHE-", "DHE-"))
        if not forward or not re.search("GCM|CHACHA20", name) or int(cipher.get("bits")) < 128 or cipher.get("strength") not in ("strong", "acceptable") \
                or int(cipher.get("dhebits") or 2048) < 2048:
            faults.append("cipher: %r" % cipher.attrib)
    for group in result.iter("group"):
        if int(group.get("bits")) < 112:
            faults.append("group: %r" % group.attrib)
    for reneg in result.iter("renegotiation"):
        if reneg.get("supported") != "0" and reneg.get("secure") != "1":
            faults.append("renegotiation: %r" % reneg.attrib)
    for bleeding in result.iter("heartbleed"):
        if bleeding.get("vulnerable") != "0":
            faults.append("heartbleed")
    for compression in result.iter("compression"):
        if compression.get("supported") != "0":
            faults.append("compression")
    for fallback in result.iter("fallback"):
        if fallback.get("supported") != "1":
            faults.append("no TLS_FALLBACK_SCSV")
    for certificate in result.iter("certificate"):
        if not re.search("sha(256|384|512)", certificate.findtext("signature-algorithm", "").lower()):
            faults.append("certificate: signed with %s" % certificate.findtext("signature-algorithm"))
    return faults


def sslscan(build):
    need("sslscan")
    other = Ports.take()
    with Edged(build, name="sslscan", server=MANY, listener="TLS starttls", more=BOTH + SECOND % other) as server:
        for arguments in (["--starttls-smtp", "127.0.0.1:%d" % server.port], ["127.0.0.1:%d" % other]):
            done = subprocess.run(["sslscan", "--xml=-", "--no-colour", "--show-certificate", *arguments], capture_output=True, timeout=120, check=False)
            result = xml.etree.ElementTree.fromstring(done.stdout)
            expect("sslscan found no TLS:\n%s" % done.stdout.decode("utf-8", "replace"), list(result.iter("cipher")))
            faults = judge(result)
            expect("sslscan: " + "; ".join(faults), not faults)
    return "%d ciphers" % len(list(result.iter("cipher")))


def s_client(port, *options, text=b""):
    return subprocess.run(["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, *options], input=text, capture_output=True, timeout=30, check=False)


def old_versions(build):
    """Not even for a client that speaks nothing else and lowers its own guard."""
    need("openssl")
    with Edged(build, name="old", listener="TLS immediate") as server:
        for version in ("-tls1", "-tls1_1"):
            done = s_client(server.port, version, "-cipher", "ALL:@SECLEVEL=0")
            expect("%s: %s" % (version, done.stdout.decode("utf-8", "replace")), b"Cipher is (NONE)" in done.stdout)
        done = s_client(server.port, "-tls1_2", "-cipher", "AES128-SHA:AES256-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
        expect("weak ciphers: " + done.stdout.decode("utf-8", "replace"), b"Cipher is (NONE)" in done.stdout)
        expect("TLS 1.2 is gone", b"Cipher is ECDHE" in s_client(server.port, "-tls1_2").stdout)


def renegotiation(build):
    """A line R asks s_client for it; the server must refuse, and serve all others."""
    need("openssl")
    with Edged(build, name="renegotiation", listener="TLS immediate") as server:
        with subprocess.Popen(["openssl", "s_client", "-connect", "127.0.0.1:%d" % server.port, "-tls1_2"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            time.sleep(0.5)
            process.stdin.write(b"R\n")
            process.stdin.flush()
            time.sleep(0.7)
            try:
                process.stdin.write(b"EHLO again.example\n")
                process.stdin.close()
            except BrokenPipeError:
                pass
            said = process.stdout.read()
        expect("it did not try: %r" % said[-500:], b"RENEGOTIATING" in said)
        expect("it was renegotiated: %r" % said[-500:], b"no renegotiation" in said or b"250-Hello again.example" not in said)
        done = s_client(server.port, "-quiet", text=b"QUIT\r\n")
        expect("nobody is served any more: %r" % done.stdout, b"220 " in done.stdout)


# Reload under load

def load(build, port, options, seconds):
    return subprocess.Popen([os.path.join(build, "bench", "handshakes"), "-s", "20", "-t", str(seconds), "-v", *options, "127.0.0.1", str(port)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(process):
    said, trouble = process.communicate(timeout=90)
    values = {key: float(value) for key, value in re.findall(r"(\w+)=([0-9.]+)", said)}
    expect("the load generator said %r %r" % (said, trouble), values.get("sessions", 0) > 50)
    expect("%d handshakes failed: %s" % (values["failed"], trouble), values["failed"] == 0)
    return values


def swap(server, name):
    """Other files under the same names, key first: together they fit, in between they do not."""
    for kind in ("key", "pem"):
        shutil.copy(os.path.join(server.root, "tls", "%s.%s" % (name, kind)), os.path.join(server.root, "tls", "used.%s.new" % kind))
        os.rename(os.path.join(server.root, "tls", "used.%s.new" % kind), os.path.join(server.root, "tls", "used." + kind))


def used(server):
    server.prepare()
    swap(server, "server")


def reload_certificates(build, options=()):
    build = os.path.abspath(build)
    expect("make bench-tools", os.path.exists(os.path.join(build, "bench", "handshakes")))
    context = "<TLSContext default>\nCertificate tls/used.pem\nCertificateKey tls/used.key\n</TLSContext>"
    server = Edged(build, name="reload", server=MANY, listener="TLS starttls", more=context)
    used(server)
    reloads = refused = 0
    with server:
        busy = load(build, server.port, list(options), 6)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            swap(server, ("rsa", "server")[reloads % 2])
            server.ctl("tls", "reload")
            reloads += 1
            shutil.copy(os.path.join(server.root, "tls", "other.key"), os.path.join(server.root, "tls", "used.key"))
            refused += server.ctl("tls", "reload", check=False).returncode != 0
        values = outcome(busy)
        expect("a key that does not fit was taken", refused == reloads)
    return "%d handshakes, %d reloads, %d refused ones" % (values["handshakes"], reloads, refused)


def reload_certificates_resumed(build):
    return reload_certificates(build, ["--resume"])


def reload_all(build):
    """A new generation takes over again and again; sessions of the old one go on to their end."""
    build = os.path.abspath(build)
    server = Edged(build, name="generations", server=MANY, listener="TLS starttls", more=BOTH)
    with server:
        busy = load(build, server.port, ["--resume"], 6)
        until, reloads = time.monotonic() + 5, 0
        while time.monotonic() < until:
            server.reload()
            reloads += 1
            time.sleep(0.2)
        values = outcome(busy)
    return "%d handshakes, %d generations, %d sessions sent on by 421" % (values["handshakes"], reloads, values["turned_away"])


# Hashing

class Login:
    """A connection inside TLS that has said EHLO."""

    def __init__(self, server, name="client.example"):
        context = ssl.create_default_context(cafile=os.path.join(server.root, "tls", "ca.pem"))
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), 60), server_hostname="localhost")
        self.file = self.socket.makefile("rb")
        self.reply()
        self.say("EHLO " + name)

    def reply(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                return line.decode("utf-8", "replace").rstrip()

    def send(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def say(self, text):
        self.send(text)
        return self.reply()

    def close(self):
        self.file.close()
        self.socket.close()


def many_logins(build):
    """More than there are threads to hash for: some wait, some are told to come again, and the workers serve all others."""
    text = "AUTH PLAIN " + sasl.text64(sasl.plain("alice", "secret"))
    wrong = "AUTH PLAIN " + sasl.text64(sasl.plain("alice", "Secret"))
    replies, slowest = {}, 0.0
    with Edged(build, name="logins", server=MANY, listener="TLS immediate\nAuth on backend=staff mechanisms=PLAIN\nMaxErrors 100", users=[("alice", "secret")]) as server:
        other = Login(server)
        clients = [Login(server) for _ in range(600)]
        threads = [threading.Thread(target=client.send, args=((text, wrong)[number % 2],)) for number, client in enumerate(clients)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            start = time.monotonic()
            expect("NOOP", other.say("NOOP").startswith("250"))
            slowest = max(slowest, time.monotonic() - start)
        for number, client in enumerate(clients):
            reply = client.reply()
            replies[reply[:9]] = replies.get(reply[:9], 0) + 1
            expect("%d: %s" % (number, reply), reply.startswith("454 4.7.0") or reply.startswith(("235 2.7.0", "535 5.7.8")[number % 2]))
        expect("nobody was told to come again: %r" % replies, replies.get("454 4.7.0"))
        expect("nobody came in: %r" % replies, replies.get("235 2.7.0"))
        for client in clients:
            client.close()
        expect("afterwards", Login(server).say(text).startswith("235"))
    return "%s; the slowest NOOP meanwhile took %.0f ms" % (" ".join("%s: %d" % pair for pair in sorted(replies.items())), slowest * 1e3)


CASES = (sslscan, old_versions, renegotiation, reload_certificates, reload_certificates_resumed, reload_all, many_logins)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help="of: " + " ".join(case.__name__ for case in CASES))
    given = arguments.parse_args()
    report = Report("secure")
    for case in CASES:
        if given.cases and case.__name__ not in given.cases:
            continue
        try:
            note = case(given.build)
        except Skip as why:
            report.skip(case.__name__, str(why))
        except Exception as trouble:  # pylint: disable=broad-except
            report.fail(case.__name__, "%s: %s" % (type(trouble).__name__, trouble))
        else:
            report.ok(case.__name__, note or "")
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
