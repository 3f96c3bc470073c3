#!/usr/bin/env python3
"""Real HTTP clients against the HTTP edge: what each posts is stored octet for octet.   web.py --build DIR"""
import argparse
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, TestFailure, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
TYPE = "message/rfc822"
MESSAGE = b"From: a@client.example\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-Id: <1@client.example>\r\nSubject: x\r\n\r\nb\xc3\xbcdy\r\n.\r\n..\r\n"
LARGE = MESSAGE + b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n" * 50000
HEADERS = {"Content-Type": TYPE, "X-Ehlo": "client.example", "X-Sender": "a@client.example", "X-Recipient": "b@server.example"}


def stored(server, identity, message):
    raw = server.message(identity)
    holds("the message ends as it was sent, %d octets of %d" % (len(raw), len(message)), raw.endswith(message))
    holds("with one Received in front: %r" % raw[:60], raw.startswith(b"Received: from client.example"))
    return identity


def by_curl(server, *options, message=MESSAGE):
    path = os.path.join(server.root, "message")
    with open(path, "wb") as out:
        out.write(message)
    command = ["curl", "-sS", "-f", "--data-binary", "@" + path, *options]
    for name, value in HEADERS.items():
        command += ["-H", "%s: %s" % (name, value)]
    done = subprocess.run(command + ["http://127.0.0.1:%d/email" % server.port], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    expect("curl's exit status: " + done.stderr, done.returncode, 0)
    return stored(server, done.stdout.strip(), message)


DOCUMENTED = b"""POST /email HTTP/1.0
Content-Length: 150
Content-Type: message/rfc822
X-Ehlo: client.example.com
X-Sender: sender@client.example.com
X-Recipient: recipient@server.example.com

"""
DOCUMENTED_MESSAGE = b"""From: sender@client.example.com
To: recipient@server.example.com
Date: Mon, 23 Nov 2026 10:00:00 +0000
Subject: An example

Hello! This is the text.

"""


def netcat(server):
    """The exchange of the documentation: a head by CRLF, 150 octets of lines that end in LF, and the answer byte for byte."""
    expect("the example's length", len(DOCUMENTED_MESSAGE), 150)
    request = DOCUMENTED.replace(b"\n", b"\r\n") + DOCUMENTED_MESSAGE
    done = subprocess.run(["nc", "127.0.0.1", str(server.port)], input=request, capture_output=True, timeout=60, check=False)
    identity = done.stdout[-36:].decode()
    expect("the answer", done.stdout, b"HTTP/1.0 200 Message queued as %s\r\nContent-Length: 36\r\n\r\n%s" % (identity.encode(), identity.encode()))
    raw = server.message(identity)
    lines = DOCUMENTED_MESSAGE.replace(b"\n", b"\r\n")
    holds("the message, its lines ended by CRLF: %r" % raw, raw.endswith(lines))
    shown = [item for item in server.queue() if item["id"] == identity][0]
    expect("the envelope", (shown["sender"], shown["recipients"]), ("sender@client.example.com", ["recipient@server.example.com"]))


def curl_1_0(server):
    by_curl(server, "--http1.0")


def curl_1_1(server):
    by_curl(server, "--http1.1")
    by_curl(server, "--http1.1", message=LARGE)  # with Expect: 100-continue


def curl_chunked(server):
    by_curl(server, "--http1.1", "-H", "Transfer-Encoding: chunked", message=LARGE)


def python_keep_alive(server):
    """A hundred on one connection, every tenth refused in between."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    last = None
    for number in range(100):
        headers = dict(HEADERS)
        if number % 10 == 3:
            del headers["X-Recipient"]
        connection.request("POST", "/email", MESSAGE, headers)
        answer = connection.getresponse()
        text = answer.read().decode().strip()
        if number % 10 == 3:
            expect("a request without recipients", (answer.status, answer.reason), (400, "Missing X-Recipient header"))
        else:
            expect("the reply", (answer.status, answer.getheader("X-Smtp-Reply")), (200, "250 2.6.0"))
            last = text
    connection.close()
    stored(server, last, MESSAGE)


def python_chunks(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/email", iter([LARGE[at:at + 7777] for at in range(0, len(LARGE), 7777)]), dict(HEADERS), encode_chunked=True)
    answer = connection.getresponse()
    expect("the reply", answer.status, 200)
    stored(server, answer.read().decode().strip(), LARGE)
    connection.close()


def pipelined(server):
    """Twenty requests in one go, answered in order; one of them is none of ours."""
    with server.connect() as client:
        text = b""
        for number in range(20):
            path = b"/elsewhere" if number == 7 else b"/email"
            text += b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nX-Sender: s%d@client.example\r\nX-Recipient: b@server.example\r\n" \
                b"Content-Length: %d\r\n\r\n%s" % (path, number, len(MESSAGE), MESSAGE)
        client.sendall(text)
        answers = client.makefile("rb")
        for number in range(20):
            status = answers.readline()
            length = 0
            while True:
                line = answers.readline().strip()
                if not line:
                    break
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            content = answers.read(length).decode().strip()
            expect("answer %d" % number, status.split()[1], b"404" if number == 7 else b"200")
            if number != 7:
                shown = [item for item in server.queue() if item["id"] == content] or [None]
                holds("answer %d names its own message" % number, shown[0] is None or shown[0]["sender"] == "s%d@client.example" % number)


def cut_short(server):
    """A body that does not come whole leaves nothing behind."""
    before = len(server.queue())
    client = server.connect()
    client.sendall(b"POST /email HTTP/1.1\r\nHost: x\r\nContent-Type: message/rfc822\r\nX-Sender: a@client.example\r\nX-Recipient: b@server.example\r\n"
                   b"Content-Length: 100000\r\n\r\n" + MESSAGE)
    client.shutdown(socket.SHUT_WR)
    while client.recv(4096):
        pass
    client.close()
    expect("messages in the queue", len(server.queue()), before)


def browser_missing():
    if not os.path.exists(os.environ.get("EDGE_CHROMIUM", "/usr/bin/chromium")):
        return "chromium is not installed"
    if not shutil.which("node"):
        return "node is not installed"
    if not os.path.isdir(os.path.join(HERE, "..", "console", "node_modules", "playwright-core")):
        return "npm ci --ignore-scripts was not run in test/console"
    return None


def browser(build):
    """A page posts by fetch; one of another origin does not: there is no CORS."""
    with Edged(build, listener="Protocol http\nHttpAuth bearer required") as server:
        token = server.ctl("token", "create", "--role", "submit", "--name", "page").stdout.decode().splitlines()[-1]
        wait_for("the token", lambda: b"tokens: 1" in server.log())
        path = os.path.join(server.root, "message")
        with open(path, "wb") as out:
            out.write(MESSAGE)
        done = subprocess.run(["node", os.path.join(HERE, "fetch.js"), str(server.port), path, token], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)
        expect("the browser's exit status: " + done.stderr, done.returncode, 0)
        said = json.loads(done.stdout)
        posted = said["posted"]
        expect("what the page is told", (posted["type"], posted["status"], posted["reply"]), ("basic", 200, "250 2.6.0"))
        expect("the queue", [item["id"] for item in server.queue()], [posted["text"].strip()])
        stored(server, posted["text"].strip(), MESSAGE)
        expect("without a token", said["stranger"]["status"], 401)
        expect("of another type", said["typed"]["status"], 406)
        expect("a page of another origin", said["crossed"], {"refused": "TypeError"})
        expect("the same without an envelope", said["plain"], {"refused": "TypeError"})
        expect("the same, blindly", (said["blind"]["type"], said["blind"]["status"], said["blind"]["text"]), ("opaque", 0, ""))
        wait_for("the browser to have asked before it sent", lambda: any(
            "options" in line["commands"] for line in server.transactions() if line["type"] == "session"))
        expect("messages in the queue at the end", len(server.queue()), 1)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26700-26799")
    report = Report("web")
    try:
        with Edged(given.build, listener="Protocol http") as server:
            for case in (netcat, curl_1_0, curl_1_1, curl_chunked, python_keep_alive, python_chunks, pipelined, cut_short):
                if given.cases and case.__name__ not in given.cases:
                    continue
                program = {"curl": "curl", "netc": "nc"}.get(case.__name__[:4])
                if program and not shutil.which(program):
                    report.skip(case.__name__, program + " is not here")
                else:
                    report.run(case.__name__, lambda case=case: case(server))
    except TestFailure as trouble:
        report.fail("server", trouble)
    if not given.cases or "browser" in given.cases:
        why = browser_missing()
        if why:
            report.skip("browser", why)
        else:
            report.run("browser", lambda: browser(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
