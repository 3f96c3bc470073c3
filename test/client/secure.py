#!/usr/bin/env python3
"""Real mail clients encrypt and log in, each by every mechanism it knows; what is stored is compared with what was sent, and what
edged says of the session with what the client was told to do.

secure.py --build DIR [CASE...]      transcripts go to DIR/test-logs/client/secure-NAME.txt
"""
import argparse
import io
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
from contextlib import redirect_stderr

import postfix
from clients import HERE, Transcript, difference, message, new_message, without_received

sys.path.insert(0, os.path.join(HERE, "..", "harness"))
import sasl  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Ports, Report, TestFailure, add_common_arguments, wait_for  # noqa: E402 pylint: disable=wrong-import-position

USER, PASSWORD = "alice", "correct horse"
LISTENER = """TLS {mode} context=default
Auth on backend=staff mechanisms=PLAIN,LOGIN,CRAM-MD5,SCRAM-SHA-256,SCRAM-SHA-256-PLUS,EXTERNAL
MaxErrors 100
"""
CONTEXT = """<TLSContext default>
Certificate tls/server.pem
CertificateKey tls/server.key
Certificate tls/rsa.pem
CertificateKey tls/rsa.key
ClientCertificate request
ClientCA tls/ca.pem
</TLSContext>
<Listener submissions>
Listen 127.0.0.1:{port}
Protocol smtp
Queue main
{listener}</Listener>
"""
FROM, TO = "sender@client.example", "recipient@server.example"


class Refused(Exception):
    """The client was refused, as it was meant to be."""


def lf(octets):
    return octets.replace(b"\r\n", b"\n")


class Client:
    """One case: sends a message, or only logs in."""
    sends, adds = True, False

    def __init__(self, server, transcript, immediate, mechanism=None, user=USER, password=PASSWORD, certificate=None):
        self.server, self.transcript, self.immediate, self.mechanism = server, transcript, immediate, mechanism
        self.user, self.password, self.certificate = user, password, certificate
        self.port = server.immediate_port if immediate else server.port

    def tls(self, name):
        return os.path.join(self.server.root, "tls", name)

    def file(self, octets):
        path = os.path.join(self.server.root, "message.eml")
        with open(path, "wb") as out:
            out.write(octets)
        return path

    def run(self, *command, **more):
        try:
            return self.transcript.run([str(word) for word in command], timeout=120, **more)
        except TestFailure as trouble:
            raise Refused(str(trouble)) from None

    def send(self, octets):
        raise NotImplementedError


class Smtplib(Client):
    def context(self):
        context = ssl.create_default_context(cafile=self.tls("ca.pem"))
        if self.certificate:
            context.load_cert_chain(self.tls(self.certificate + ".pem"), self.tls(self.certificate + ".key"))
        return context

    def send(self, octets):
        said = io.StringIO()
        try:
            with redirect_stderr(said):
                self.talk(octets)
        except smtplib.SMTPException as trouble:
            raise Refused(str(trouble)) from None
        finally:
            self.transcript.add(said.getvalue())

    def talk(self, octets):
        kind = smtplib.SMTP_SSL if self.immediate else smtplib.SMTP
        with kind("localhost", self.port, local_hostname="client.example", timeout=60, **({"context": self.context()} if self.immediate else {})) as client:
            client.set_debuglevel(1)
            if not self.immediate:
                client.starttls(context=self.context())
            if self.mechanism:
                client.user, client.password = self.user, self.password
                client.ehlo()
                client.auth(self.mechanism, {"PLAIN": client.auth_plain, "LOGIN": client.auth_login, "CRAM-MD5": client.auth_cram_md5,
                                             "EXTERNAL": lambda challenge=None: ""}[self.mechanism])
            client.sendmail(FROM, [TO], octets)


class Swaks(Client):
    program = "swaks"

    def send(self, octets):
        self.run("swaks", "--server", "localhost", "--port", self.port, "--ehlo", "client.example", "--from", FROM, "--to", TO,
                 "--tlsc" if self.immediate else "--tls", "--tls-verify", "--tls-ca-path", self.tls("ca.pem"),
                 *(["--auth", self.mechanism, "--auth-user", self.user, "--auth-password", self.password] if self.mechanism else []),
                 "--data", "@" + self.file(lf(octets)[:-1]))


class Curl(Client):
    program = "curl"

    def send(self, octets):
        login = []
        if self.mechanism:
            login = ["--login-options", "AUTH=" + self.mechanism, "--user", "%s:%s" % (self.user, "" if self.mechanism == "EXTERNAL" else self.password)]
        if self.certificate:
            login += ["--cert", self.tls(self.certificate + ".pem"), "--key", self.tls(self.certificate + ".key")]
        self.run("curl", "--silent", "--show-error", "--verbose", "%s://localhost:%d/client.example" % ("smtps" if self.immediate else "smtp", self.port),
                 "--ssl-reqd", "--cacert", self.tls("ca.pem"), *login, "--mail-from", FROM, "--mail-rcpt", TO, "--upload-file", self.file(octets))


class Msmtp(Client):
    program = "msmtp"

    @staticmethod
    def missing(mechanism):
        known = subprocess.run(["msmtp", "--version"], capture_output=True, text=True, check=False).stdout.lower()
        return mechanism and mechanism.lower() not in known.split() and "msmtp does not know %s" % mechanism

    def send(self, octets):
        configuration = ["account default", "host localhost", "port %d" % self.port, "domain client.example", "from " + FROM, "tls on",
                         "tls_starttls " + ("off" if self.immediate else "on"), "tls_trust_file " + self.tls("ca.pem")]
        if self.mechanism:
            configuration += ["auth " + self.mechanism.lower(), "user " + self.user]
            configuration += [] if self.mechanism == "EXTERNAL" else ['password "%s"' % self.password]
        if self.certificate:
            configuration += ["tls_cert_file " + self.tls(self.certificate + ".pem"), "tls_key_file " + self.tls(self.certificate + ".key")]
        path = os.path.join(self.server.root, "msmtprc")
        with open(path, "w", encoding="utf-8") as out:
            out.write("\n".join(configuration) + "\n")
        os.chmod(path, 0o600)
        self.run("msmtp", "--file=" + path, "--debug", "--", TO, input=lf(octets), env=dict(os.environ, HOME=self.server.root))


class Nodemailer(Client):
    program = "node"

    @staticmethod
    def missing(_):
        return not os.path.isdir(os.path.join(HERE, "node_modules", "nodemailer")) and "npm ci --ignore-scripts was not run in test/client"

    def send(self, octets):
        self.run("node", os.path.join(HERE, "send.js"), self.port, FROM, TO, self.file(octets), "tls" if self.immediate else "starttls",
                 self.mechanism or "", self.user, self.password, env=dict(os.environ, NODE_EXTRA_CA_CERTS=self.tls("ca.pem")))


class SClient(Client):
    program = "openssl"

    def send(self, octets):
        command = ["openssl", "s_client", "-connect", "127.0.0.1:%d" % self.port, "-servername", "mx.example.net", "-CAfile", self.tls("ca.pem"),
                   "-verify_return_error", "-verify_hostname", "mx.example.net", "-quiet"] + ([] if self.immediate else ["-starttls", "smtp"])
        commands = [b"EHLO client.example"]
        if self.mechanism == "PLAIN":
            commands.append(b"AUTH PLAIN " + sasl.text64(sasl.plain(self.user, self.password)).encode())
        commands += [("MAIL FROM:<%s>" % FROM).encode(), ("RCPT TO:<%s>" % TO).encode(), b"DATA", re.sub(rb"(?m)^\.", b"..", octets) + b".", b"QUIT"]
        self.transcript.add("$ %s\n" % " ".join(command))
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                if self.immediate:  # by -starttls the program takes the banner itself
                    self.reply(process, b"220")
                for text in commands:
                    process.stdin.write(text + b"\r\n")
                    process.stdin.flush()
                    self.reply(process, None)
            finally:
                process.kill()  # it would wait for the server to go
                self.transcript.add(process.stderr.read())

    def reply(self, process, wanted):
        while True:
            line = process.stdout.readline()
            self.transcript.add(line)
            if not line or line[:1] in b"45":
                raise Refused("answered %r" % line)
            if line[3:4] == b" ":
                if wanted and not line.startswith(wanted):
                    raise TestFailure("answered %r instead of %s" % (line, wanted.decode()))
                return


class Gsasl(Client):
    """GNU SASL's tool only logs in."""
    program, sends = "gsasl", False

    def send(self, octets):
        # It uses STARTTLS when that is announced; its --starttls would send it in place of EHLO.
        self.run("gsasl", "--smtp", "--connect", "localhost:%d" % self.port, "--x509-ca-file=" + self.tls("ca.pem"), "--mechanism",
                 self.mechanism, "--authentication-id", self.user, "--password", self.password,
                 *([] if self.mechanism.endswith("-PLUS") else ["--no-cb"]), input=b"")


class Postfix(Client):
    """A mail server that hands on. In front of the message stands what it adds itself."""
    adds = True

    @staticmethod
    def missing(_):
        return postfix.missing(os.environ.get("EDGE_BUILD", "."))

    def send(self, octets):
        forwarder = postfix.Forwarder(os.environ.get("EDGE_BUILD", "."), {
            "port": self.port, "level": "secure", "wrapper": "yes" if self.immediate else "no", "folder": os.path.join(self.server.root, "tls"),
            "auth": "yes" if self.mechanism else "no", "user": self.user, "password": self.password, "mechanism": self.mechanism or "plain", "more": ""})
        try:
            forwarder.start()
            forwarder.deliver(FROM, TO, octets)
            wait_for("Postfix's own word on it", lambda: re.search(r"status=(sent|deferred|bounced)", forwarder.said()), 90)
            said = forwarder.said()
        finally:
            if forwarder.folder:
                self.transcript.add(forwarder.said())
            forwarder.stop()
        if "status=sent" not in said:
            raise Refused(said[-1000:])


CLASSES = {"smtplib": Smtplib, "swaks": Swaks, "curl": Curl, "msmtp": Msmtp, "nodemailer": Nodemailer, "s_client": SClient, "gsasl": Gsasl, "postfix": Postfix}


def cases():
    """(name, class, arguments, whether it must be refused)"""
    def case(client, mechanism=None, immediate=False, refused=False, **more):
        name = "-".join([client, "tls" if immediate else "starttls"] + ([mechanism.lower()] if mechanism else []) + (["refused"] if refused else []))
        return name, CLASSES[client], dict(more, mechanism=mechanism, immediate=immediate), refused
    for client in CLASSES:
        if client != "gsasl":
            yield case(client)
            yield case(client, immediate=True)
    for client, mechanisms in (("smtplib", "PLAIN LOGIN CRAM-MD5"), ("swaks", "PLAIN LOGIN CRAM-MD5"), ("curl", "PLAIN LOGIN CRAM-MD5"),
                               ("msmtp", "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS"), ("nodemailer", "PLAIN LOGIN CRAM-MD5"),
                               ("s_client", "PLAIN"), ("postfix", "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256"),
                               ("gsasl", "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256 SCRAM-SHA-256-PLUS")):
        for mechanism in mechanisms.split():
            yield case(client, mechanism)
            yield case(client, mechanism, refused=True, password="wrong")
    for client in ("smtplib", "swaks", "curl", "msmtp", "nodemailer"):
        yield case(client, "PLAIN", immediate=True)
    for client in ("smtplib", "curl", "msmtp"):
        yield case(client, "EXTERNAL", certificate="client", user="carol@example.net")
        yield case(client, "EXTERNAL", refused=True, user="carol@example.net")
    yield case("nodemailer", "XOAUTH2", refused=True)


class Server(Edged):
    """STARTTLS on its own port, TLS at connect on another."""

    def __init__(self, build):
        self.immediate_port = Ports.take()
        super().__init__(build, name="secure", listener=LISTENER.format(mode="starttls"),
                         more=CONTEXT.format(port=self.immediate_port, listener=LISTENER.format(mode="immediate")),
                         users=[(USER, PASSWORD, "--plain"), ("carol@example.net", "unused")])


def play(server, name, kind, arguments, refused, folder):
    transcript = Transcript(folder, "secure-" + name)
    client = kind(server, transcript, **arguments)
    octets = message("dots")
    before, lines = {item["id"] for item in server.queue()}, len(server.transactions())

    def new_lines(kind_of_line):
        return [line for line in server.transactions()[lines:] if line["type"] == kind_of_line]
    try:
        client.send(octets)
    except Refused as trouble:
        if not refused:
            raise TestFailure("%s\ntranscript: %s" % (trouble, transcript.path)) from None
        wait_for("the session's end", lambda: new_lines("session"))
        if any(line["auth"] for line in new_lines("session")) or {item["id"] for item in server.queue()} != before:
            raise TestFailure("the client was refused, and yet: %r" % new_lines("session")) from None
        return "refused"
    if refused:
        raise TestFailure("the client was not refused; transcript: %s" % transcript.path)
    session = wait_for("the session's end", lambda: new_lines("session"))[-1]
    check_session(session, client)
    if client.sends:
        identity = new_message(server, before).pop()
        stored = without_received(server.message(identity))
        if not (client.adds and stored.endswith(octets) or stored == octets):
            raise TestFailure("%s\ntranscript: %s" % (difference(stored, octets), transcript.path))
    return "%s %s" % (session["tls"]["version"], session["tls"]["cipher"])


def check_session(session, client):
    auth = {"mechanism": client.mechanism, "user": client.user} if client.mechanism else None
    protocol = "ESMTPSA" if auth else "ESMTPS"
    if session["auth"] != auth or session["protocol"] != protocol or not session["tls"]:
        raise TestFailure("the session was %s, auth %r, tls %r; wanted %s, %r" % (session["protocol"], session["auth"], session["tls"], protocol, auth))
    if bool(session["tls"]["client_subject"]) != bool(client.certificate):
        raise TestFailure("the client's certificate: %r" % session["tls"]["client_subject"])


def why_not(kind, mechanism):
    program = getattr(kind, "program", None)
    if program and not shutil.which(program):
        return program + " is not installed"
    return getattr(kind, "missing", lambda _: None)(mechanism) or None


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help="begins of: " + " ".join(name for name, *_ in cases()))
    given = arguments.parse_args()
    os.environ["EDGE_BUILD"] = given.build
    report = Report("client, secure")
    folder = os.path.join(os.path.abspath(given.build), "test-logs", "client")
    server = Server(given.build)
    try:
        server.start()
        for name, kind, options, refused in cases():
            if given.cases and not any(name.startswith(wanted) for wanted in given.cases):
                continue
            why = why_not(kind, options["mechanism"])
            if why:
                report.skip(name, why, machine="does not know" in why or "this machine" in why)
            else:
                report.run(name, lambda: play(server, name, kind, options, refused, folder))  # pylint: disable=cell-var-from-loop
        report.run("stops cleanly", lambda: server.stop(now=True))
    except TestFailure as trouble:
        report.fail("server", trouble)
    finally:
        server.kill()
        if not report.failed:
            server.remove()
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
