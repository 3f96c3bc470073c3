#!/usr/bin/env python3
"""A real server for the browser tests: listeners, validators, tokens, mail that comes all the time. Says what it has as one line of
JSON, and ends when its standard input does.  real_server.py --build DIR"""
import json
import os
import random
import smtplib
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports  # noqa: E402 pylint: disable=wrong-import-position
from web import Web, make_token  # noqa: E402 pylint: disable=wrong-import-position

ROLES = ("read", "operate", "admin")
MORE = """
<Validator local>
    Module relay_domains_module
    Domains example.net
</Validator>
<Validator greeting>
    Module helo_module
</Validator>
<Listener encrypted>
    Listen 127.0.0.1:%d
    Protocol smtp
    TLS immediate
    Queue main
</Listener>
<Listener api>
    Listen 127.0.0.1:%d
    Protocol http
    Queue main
</Listener>
"""
BINDINGS = """
TLS starttls
MaxRecipients 50
<On EHLO>
    Validate greeting mode=shadow
</On>
<On RCPT>
    Validate local
</On>
"""
HOSTILE = ["<img src=x onerror=globalThis.hurt=1>", "\"><script>globalThis.hurt=1</script>", "a" * 200]


class Load:
    """Clients that come, send and go."""

    def __init__(self, plain, secure):
        self.plain = plain
        self.secure = secure
        self.ended = threading.Event()
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.sent = 0
        self.threads = [threading.Thread(target=self.run, args=(number,), daemon=True) for number in range(12)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def session(self, number, dice):
        if number % 4 == 0:
            client = smtplib.SMTP_SSL("127.0.0.1", self.secure, context=self.context, timeout=20)
        else:
            client = smtplib.SMTP("127.0.0.1", self.plain, timeout=20)
        with client:
            client.ehlo("client%d.example.org" % number)
            if number % 4 == 1:
                client.starttls(context=self.context)
                client.ehlo("client%d.example.org" % number)
            for _ in range(dice.randrange(1, 5)):
                if self.ended.wait(dice.random()):
                    return
                client.sendmail("user%d@example.org" % number, ["to%d@example.net" % number], "Subject: one\r\n\r\nHello!\r\n")
                self.sent += 1
                if dice.random() < 0.3:
                    client.docmd("MAIL", "FROM:<user@example.org>")
                    client.docmd("RCPT", "TO:<stranger@elsewhere.example>")
                    client.rset()

    def run(self, number):
        dice = random.Random(number)
        while not self.ended.is_set():
            try:
                self.session(number, dice)
            except (OSError, smtplib.SMTPException):
                time.sleep(0.2)

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(20)


def hold_hostile(port):
    """Sessions that stay, whose clients say names meant for whoever looks at them."""
    held = []
    for name in HOSTILE:
        client = smtplib.SMTP("127.0.0.1", port, timeout=20)
        client.docmd("EHLO", name)
        client.docmd("MAIL", "FROM:<%s>" % name)
        held.append(client)
    return held


def main():
    build = os.path.abspath(sys.argv[sys.argv.index("--build") + 1])
    admin, secure, api = Ports.take(), Ports.take(), Ports.take()
    block = Web.block(admin, "ConsoleFiles %s\nRequestRate 1000" % os.path.join(build, "htdocs"))
    server = Edged(build, server="LogLevel notice\nMaxConnectionsPerIP 200", listener=BINDINGS, more=block + MORE % (secure, api),
                   name="console")
    server.prepare()
    server.write_configuration()
    os.makedirs(os.path.join(server.root, "secrets"), exist_ok=True)
    tokens = {role: make_token(server, role + "-1", role) for role in ROLES}
    with server:
        load = Load(server.port, secure)
        load.start()
        held = hold_hostile(server.port)
        print(json.dumps({"url": "http://127.0.0.1:%d/" % admin, "tokens": tokens, "conf": server.conf_path,
                          "smtp": server.port}), flush=True)
        for line in sys.stdin:
            if line.startswith("link"):
                print(json.dumps({"link": server.ctl("console").stdout.decode().split()[-1]}), flush=True)
            elif line.startswith("reload"):
                server.reload()
                print(json.dumps({"reloaded": True}), flush=True)
        load.end()
        for client in held:
            client.close()


if __name__ == "__main__":
    main()
