#!/usr/bin/env python3
"""Real mail clients send to an edged; what is stored is compared with what was sent, octet for octet.

clients.py --build DIR [--keep-transcripts DIR] [CLIENT...]      transcripts go to DIR/test-logs/client/NAME.txt
"""
import argparse
import io
import os
import re
import shutil
import smtplib
import subprocess
import sys
from contextlib import redirect_stderr

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "harness"))
from edged import Edged, Report, TestFailure, add_common_arguments, wait_for  # noqa: E402 pylint: disable=wrong-import-position

HEAD = (b"From: Sender <sender@client.example>\r\nTo: recipient@server.example\r\nSubject: %s\r\n"
        b"Date: Mon, 23 Nov 2026 01:02:03 +0000\r\nMessage-ID: <%s@client.example>\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
MESSAGES = {
    "plain": b"Hello,\r\n\r\nthis is a message.\r\n",
    "dots": b".\r\n..\r\n.one dot\r\n..two dots\r\ntext.\r\n.\r\nlast\r\n",
    "utf8": "Grüße aus Füssen — ✉\r\n日本語\r\n".encode(),
    "long": b"".join(b"line %06d %s\r\n" % (i, b"x" * (i % 70)) for i in range(20000)),
    "wide": b"w" * 900 + b"\r\n" + b"end\r\n",
}


def message(name):
    return HEAD % (name.encode(), name.encode()) + MESSAGES[name]


class Transcript:
    def __init__(self, folder, name):
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, name + ".txt")
        self.parts = []

    def run(self, command, timeout=120, **more):
        done = subprocess.run(command, capture_output=True, check=False, timeout=timeout, **more)
        self.add("$ %s\n" % " ".join(command), done.stdout, done.stderr, "(exit status %d)\n" % done.returncode)
        if done.returncode != 0:
            raise TestFailure("%s: exit status %d\n%s" % (command[0], done.returncode, (done.stdout + done.stderr)[-2000:].decode("utf-8", "replace")))
        return done

    def add(self, *parts):
        # Long bodies are cut: a transcript is to be read.
        for part in parts:
            text = part if isinstance(part, str) else part.decode("utf-8", "replace")
            self.parts.append(text if len(text) < 8000 else text[:4000] + "\n[...]\n" + text[-3000:])
        with open(self.path, "w", encoding="utf-8") as out:
            out.write("".join(self.parts))


def new_message(server, before):
    """The one message that came since: its identity."""
    def come():
        now = {item["id"] for item in server.queue()} - before
        return now or None
    return wait_for("the message in the queue", come)


def without_received(octets):
    found = re.match(rb"Received: [^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", octets)
    if not found:
        raise TestFailure("the stored message does not begin with Received:\n%r" % octets[:300])
    return octets[found.end():]


def difference(stored, sent):
    for at, (one, two) in enumerate(zip(stored, sent)):
        if one != two:
            return "they differ at octet %d:\nstored %r\nsent   %r" % (at, stored[max(0, at - 60):at + 60], sent[max(0, at - 60):at + 60])
    return "stored %d octets, sent %d; the longer one ends in %r" % (len(stored), len(sent), (stored if len(stored) > len(sent) else sent)[-80:])


class Clients:
    """Each method sends one message, given as octets with CRLF, and leaves a transcript."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self.file = os.path.join(server.root, "message.eml")

    def write(self, octets):
        with open(self.file, "wb") as out:
            out.write(octets)
        return self.file

    def smtplib(self, name, octets, transcript):
        said = io.StringIO()
        with redirect_stderr(said):
            with smtplib.SMTP("127.0.0.1", self.server.port, local_hostname="client.example", timeout=60) as client:
                client.set_debuglevel(1)
                client.sendmail("sender@client.example", ["recipient@server.example", "second@server.example"], octets,
                                mail_options=["BODY=8BITMIME"] if name == "utf8" else [])
        transcript.add(said.getvalue())

    def swaks(self, _, octets, transcript):
        # swaks writes CRLF itself, doubles dots itself, and ends the last line.
        transcript.run(["swaks", "--server", "127.0.0.1", "--port", str(self.server.port), "--ehlo", "client.example", "--from",
                        "sender@client.example", "--to", "recipient@server.example,second@server.example", "--data",
                        "@" + self.write(octets.replace(b"\r\n", b"\n")[:-1])])

    def swaks_pipelined(self, _, octets, transcript):
        transcript.run(["swaks", "--server", "127.0.0.1", "--port", str(self.server.port), "--ehlo", "client.example", "--from", "<>",
                        "--to", "recipient@server.example", "--pipeline", "--data", "@" + self.write(octets.replace(b"\r\n", b"\n")[:-1])])

    def curl(self, _, octets, transcript):
        transcript.run(["curl", "--silent", "--show-error", "--verbose", "smtp://127.0.0.1:%d/client.example" % self.server.port,
                        "--mail-from", "sender@client.example", "--mail-rcpt", "recipient@server.example", "--mail-rcpt",
                        "second@server.example", "--upload-file", self.write(octets)])

    def msmtp(self, _, octets, transcript):
        transcript.run(["msmtp", "--debug", "--host=127.0.0.1", "--port=%d" % self.server.port, "--domain=client.example",
                        "--from=sender@client.example", "--tls=off", "--auth=off", "--", "recipient@server.example",
                        "second@server.example"], input=octets.replace(b"\r\n", b"\n"), env=dict(os.environ, HOME=self.server.root))

    def smtp_source(self, _, octets, transcript):
        transcript.run(["smtp-source", "-v", "-4", "-M", "client.example", "-f", "sender@client.example", "-t", "recipient@server.example",
                        "-m", "1", "-F", self.write(octets.replace(b"\r\n", b"\n")), "127.0.0.1:%d" % self.server.port])

    def nodemailer(self, _, octets, transcript):
        transcript.run(["node", os.path.join(HERE, "send.js"), str(self.server.port), "sender@client.example",
                        "recipient@server.example,second@server.example", self.write(octets)])


# name -> (method, the program that must be there, messages it can send unchanged)
CLIENTS = {
    "smtplib": ("smtplib", None, "plain dots utf8 long wide"),
    "swaks": ("swaks", "swaks", "plain dots utf8 long wide"),
    "swaks-pipelined": ("swaks_pipelined", "swaks", "plain"),
    "curl": ("curl", "curl", "plain dots utf8 long wide"),
    "msmtp": ("msmtp", "msmtp", "plain dots utf8 long wide"),
    "smtp-source": ("smtp_source", "smtp-source", "plain dots utf8 long wide"),
    "nodemailer": ("nodemailer", "node", "plain dots utf8 long wide"),
}

# What a client sends behind the last line of its file.
ENDS = {"smtp-source": b"\r\n"}


def missing(client):
    program = CLIENTS[client][1]
    if program and not shutil.which(program):
        return program + " is not installed"
    if client == "nodemailer" and not os.path.isdir(os.path.join(HERE, "node_modules", "nodemailer")):
        return "npm ci --ignore-scripts was not run in test/client"
    return None


def send_all(server, client, folder):
    method, _, names = CLIENTS[client]
    clients = Clients(server, folder)
    transcript = Transcript(folder, client)
    for name in names.split():
        octets = message(name)
        before = {item["id"] for item in server.queue()}
        transcript.add("\n=== %s: message %s, %d octets\n" % (client, name, len(octets)))
        getattr(clients, method)(name, octets, transcript)
        come = new_message(server, before)
        if len(come) != 1:
            raise TestFailure("%d messages came of one" % len(come))
        identity = come.pop()
        stored = server.message(identity)
        sent = octets + ENDS.get(client, b"")
        if without_received(stored) != sent:
            raise TestFailure("message %s: %s\ntranscript: %s" % (name, difference(without_received(stored), sent), transcript.path))
        transcript.add("\n--- stored as %s, %d octets, the same\n" % (identity, len(stored)))
    return "%d messages" % len(names.split())


def many_by_smtp_source(server, folder):
    """Its own load: 2,000 messages on 20 sessions."""
    transcript = Transcript(folder, "smtp-source-load")
    before = len(server.queue())
    transcript.run(["smtp-source", "-4", "-s", "20", "-m", "2000", "-l", "4096", "-d", "127.0.0.1:%d" % server.port])
    count = len(server.queue()) - before
    if count != 2000:
        raise TestFailure("2000 messages were sent, %d are in the queue" % count)
    return "2000 messages"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(arguments)
    arguments.add_argument("clients", nargs="*", metavar="CLIENT", help="of: " + " ".join(CLIENTS))
    given = arguments.parse_args()
    report = Report("client")
    folder = os.path.join(os.path.abspath(given.build), "test-logs", "client")
    server = Edged(given.build, name="client")
    try:
        server.start()
        for client in given.clients or CLIENTS:
            why = missing(client)
            if why:
                report.skip(client, why)
            else:
                report.run(client, lambda client=client: send_all(server, client, folder))
        if not given.clients and not missing("smtp-source"):
            report.run("smtp-source load", lambda: many_by_smtp_source(server, folder))
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
