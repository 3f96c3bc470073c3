#!/usr/bin/env python3
"""The ways in which strangers try to send through others, from an address that is not this machine's own: open_relay_test.py --build DIR

It runs in a network of its own, where the server has 192.0.2.1 and the stranger 192.0.2.2."""
import argparse
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, add_common_arguments, expect, holds  # noqa: E402 pylint: disable=wrong-import-position

SERVER, STRANGER = "192.0.2.1", "192.0.2.2"
MORE = """
<Validator local>
    Module  relay_domains_module
    Domains server.example
</Validator>
"""
BOUND = """
MaxErrors 1000
<On RCPT>
    Validate local
</On>
"""
# reverse-path, forward-path: none of them is ours, whatever it looks like
TRICKS = [
    ("a@client.example", "victim@elsewhere.example"),
    ("", "victim@elsewhere.example"),
    ("a@server.example", "victim@elsewhere.example"),
    ("a@[192.0.2.1]", "victim@elsewhere.example"),
    ("a@localhost", "victim@elsewhere.example"),
    ("root", "victim@elsewhere.example"),
    ("a@client.example", "victim%elsewhere.example@server.example"),
    ("a@client.example", "victim%elsewhere.example@[192.0.2.1]"),
    ("a@client.example", "victim%elsewhere.example"),
    ("a@client.example", "elsewhere.example!victim"),
    ("a@client.example", "elsewhere.example!victim@server.example"),
    ("a@client.example", "server.example!elsewhere.example!victim@server.example"),
    ("a@client.example", "\"victim@elsewhere.example\"@server.example"),
    ("a@client.example", "\"victim%elsewhere.example\"@server.example"),
    ("a@client.example", "\"victim@elsewhere.example\""),
    ("a@client.example", "@server.example:victim@elsewhere.example"),
    ("a@client.example", "@elsewhere.example,@server.example:victim@elsewhere.example"),
    ("a@client.example", "victim@elsewhere.example@server.example"),
    ("a@client.example", "victim@[192.0.2.1]"),
    ("a@client.example", "victim@[198.51.100.7]"),
    ("a@client.example", "victim@server.example.elsewhere.example"),
    ("a@client.example", "victim@elsewhere.example\\@server.example"),
    ("a@client.example", "victim@sub.server.example"),
]


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection((SERVER, port), 30, (STRANGER, 0))
        self.file = self.socket.makefile("rb")
        self.reply()

    def reply(self):
        while True:
            line = self.file.readline()
            if line[3:4] != b"-":
                return line.decode().strip()

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")
        return self.reply()


def strangers_do_not_relay(build):
    with Edged(build, listener="Listen %s:@PORT@ 127.0.0.1:@PORT@\n" % SERVER + BOUND, more=MORE) as server:
        for greeting in ("EHLO client.example", "EHLO server.example", "HELO [192.0.2.1]", "EHLO localhost"):
            client = Client(server.port)
            client.say(greeting)
            for sender, recipient in TRICKS:
                what = "%s: <%s> to <%s>" % (greeting, sender, recipient)
                said = client.say("MAIL FROM:<%s>" % sender)
                if said[:1] == "2":
                    said = client.say("RCPT TO:<%s>" % recipient)
                holds("%s: %s" % (what, said), said[:3] in ("550", "501", "553"))
                if said[:3] == "550":
                    holds("%s: %s" % (what, said), said.startswith("550 5.7.1 <") and said.endswith("> Relaying denied"))
                expect("%s: DATA" % what, client.say("DATA")[:3], "503")
                client.say("RSET")
            client.socket.close()
        client = Client(server.port)
        client.say("EHLO client.example")
        client.say("MAIL FROM:<a@client.example>")
        expect("mail for us is taken", client.say("RCPT TO:<b@server.example>")[:3], "250")
        client.socket.close()
        expect("nothing was stored", server.queue(), [])
    return "%d ways, %d greetings" % (len(TRICKS), 4)


def an_open_one_does_not_start(build):
    server = Edged(build, listener="Listen %s:@PORT@" % SERVER)
    try:
        said = server.start_refused()
        holds("it says why:\n" + said, "would take mail to anywhere from anybody who reaches %s:%d" % (SERVER, server.port) in said)
    finally:
        server.remove()
    with Edged(build, listener="Listen %s:@PORT@ 127.0.0.1:@PORT@\nOpenRelay on" % SERVER) as server:
        client = Client(server.port)
        client.say("EHLO client.example")
        client.say("MAIL FROM:<a@client.example>")
        expect("where it is meant", client.say("RCPT TO:<victim@elsewhere.example>")[:3], "250")
        client.socket.close()


def in_a_network_of_its_own(given):
    """Runs this again behind unshare; None: that cannot be had here."""
    if os.environ.get("EDGE_TEST_NETWORK") == "own":
        return None
    script = "ip link set lo up && ip address add %s/32 dev lo && ip address add %s/32 dev lo && exec \"$@\"" % (SERVER, STRANGER)
    command = ["unshare", "-n", "sh", "-c", script, "sh"]
    if os.geteuid() != 0 or not shutil.which("ip") or subprocess.run(command + ["true"], capture_output=True, check=False).returncode:
        return "needs root, unshare -n and ip"
    done = subprocess.run(command + [sys.executable, os.path.abspath(__file__), "--build", given.build] + given.cases, check=False,
                          env=dict(os.environ, EDGE_TEST_NETWORK="own"))
    sys.exit(done.returncode)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26600-26699")
    why = in_a_network_of_its_own(given)
    report = Report("open_relay")
    for case in (strangers_do_not_relay, an_open_one_does_not_start):
        if given.cases and case.__name__ not in given.cases:
            continue
        if why:
            report.skip(case.__name__, why, machine=shutil.which("unshare") is not None and shutil.which("ip") is not None)
        else:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
