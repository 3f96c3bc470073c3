#!/usr/bin/env python3
"""Real HTTP clients against the HTTP edge: what each posts is stored octet for octet.   web.py --build DIR"""
import argparse
import http.client
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, TestFailure, add_common_arguments, expect, holds  # noqa: E402 pylint: disable=wrong-import-position

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


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26700-26799")
    report = Report("web")
    try:
        with Edged(given.build, listener="Protocol http") as server:
            for case in (curl_1_0, curl_1_1, curl_chunked, python_keep_alive, python_chunks, pipelined, cut_short):
                if given.cases and case.__name__ not in given.cases:
                    continue
                if case.__name__.startswith("curl") and not shutil.which("curl"):
                    report.skip(case.__name__, "curl is not here")
                else:
                    report.run(case.__name__, lambda case=case: case(server))
    except TestFailure as trouble:
        report.fail("server", trouble)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
