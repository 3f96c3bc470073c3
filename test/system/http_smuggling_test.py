#!/usr/bin/env python3
"""Requests that two readers could read differently, each with the answer it must get: http_smuggling_test.py --build DIR

Every row is sent three times: whole behind a good request on one connection, whole by itself, and octet by octet. Behind each
stands a whole request that hands in mail for smuggled@evil.example: it is there for a reader who takes the row's end to be
elsewhere. Where a row leaves no doubt about its end (`stays`), that request counts, and is answered by itself; everywhere else the
connection is closed, and nothing at all is queued."""
import argparse
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import DEADLINE, Edged, Report, TestFailure, add_common_arguments, expect, wait_for  # noqa: E402 pylint: disable=wrong-import-position

MESSAGE = b"Subject: x\r\n\r\nbody\r\n"
LINE = b"POST /email HTTP/1.1\r\n"
HOST = b"Host: mx.example.net\r\n"
TO = b"Content-Type: message/rfc822\r\nX-Sender: a@client.example\r\nX-Recipient: b@server.example\r\n"
HEAD = LINE + HOST + TO
CL = b"Content-Length: %d\r\n" % len(MESSAGE)
TE = b"Transfer-Encoding: chunked\r\n"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(MESSAGE), MESSAGE)
GOOD = HEAD + CL + b"\r\n" + MESSAGE
EVIL = GOOD.replace(b"b@server", b"smuggled@evil")


def chunk(size, data=MESSAGE):
    return HEAD + TE + b"\r\n" + size + b"\r\n" + data + b"\r\n0\r\n\r\n"


def trailer(lines):
    return HEAD + TE + b"\r\n%x\r\n%s\r\n0\r\n" % (len(MESSAGE), MESSAGE) + lines + b"\r\n"


def fields(lines, body=MESSAGE):
    return HEAD + lines + b"\r\n" + body


def envelope(line):
    return LINE + HOST + b"Content-Type: message/rfc822\r\nX-Sender: a@client.example\r\n" + line + CL + b"\r\n" + MESSAGE


HEX = b"%x" % len(MESSAGE)
# name, request, status of its answer; closed behind it
CLOSED = [
    # Both lengths
    ("CL.TE", fields(CL + TE, CHUNKED), 400),
    ("TE.CL", fields(TE + CL, CHUNKED), 400),
    ("CL.TE, length 0", fields(b"Content-Length: 0\r\n" + TE, CHUNKED), 400),
    ("CL.TE, coding unknown", fields(CL + b"Transfer-Encoding: xchunked\r\n"), 400),
    ("CL.TE, identity", fields(CL + b"Transfer-Encoding: identity\r\n"), 400),
    ("CL.TE, coding empty", fields(CL + b"Transfer-Encoding:\r\n"), 400),
    ("CL.TE, blank before the colon", fields(CL + b"Transfer-Encoding : chunked\r\n", CHUNKED), 400),
    ("CL.TE, tab before the colon", fields(CL + b"Transfer-Encoding\t: chunked\r\n", CHUNKED), 400),
    ("CL.TE, vertical tab", fields(CL + b"Transfer-Encoding:\x0bchunked\r\n", CHUNKED), 400),
    ("CL.TE, folded", fields(CL + b"Transfer-Encoding:\r\n chunked\r\n", CHUNKED), 400),
    ("CL.TE, folded into another field", fields(CL + b"X-A: b\r\n Transfer-Encoding: chunked\r\n", CHUNKED), 400),
    ("CL.TE, LF in front", fields(CL + b"X-A: b\nTransfer-Encoding: chunked\r\n", CHUNKED), 400),
    ("CL.TE, CR in front", fields(CL + b"X-A: b\rTransfer-Encoding: chunked\r\n", CHUNKED), 400),
    ("CL.TE, NUL behind", fields(CL + b"Transfer-Encoding: chunked\x00\r\n", CHUNKED), 400),
    ("CL.TE, NUL in the name", fields(CL + b"Transfer-Enc\x00oding: chunked\r\n", CHUNKED), 400),
    ("CL.TE in HTTP/1.0", (HEAD + CL + TE + b"\r\n" + CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    # One coding, twice or another
    ("two codings in two fields", fields(TE + TE, CHUNKED), 400),
    ("two codings, the second unknown", fields(TE + b"Transfer-Encoding: x\r\n", CHUNKED), 400),
    ("chunked, chunked", fields(b"Transfer-Encoding: chunked, chunked\r\n", CHUNKED), 501),
    ("chunked, identity", fields(b"Transfer-Encoding: chunked, identity\r\n", CHUNKED), 501),
    ("identity, chunked", fields(b"Transfer-Encoding: identity, chunked\r\n", CHUNKED), 501),
    ("gzip, chunked", fields(b"Transfer-Encoding: gzip, chunked\r\n", CHUNKED), 501),
    ("identity", fields(b"Transfer-Encoding: identity\r\n", CHUNKED), 501),
    ("quoted", fields(b"Transfer-Encoding: \"chunked\"\r\n", CHUNKED), 501),
    ("with a parameter", fields(b"Transfer-Encoding: chunked;q=1\r\n", CHUNKED), 501),
    ("comma in front", fields(b"Transfer-Encoding: ,chunked\r\n", CHUNKED), 501),
    ("cow", fields(b"Transfer-Encoding: cow\r\n", CHUNKED), 501),
    ("TE in HTTP/1.0", (HEAD + TE + b"\r\n" + CHUNKED).replace(b"HTTP/1.1", b"HTTP/1.0"), 400),
    # Lengths
    ("two lengths, different", fields(CL + b"Content-Length: 0\r\n"), 400),
    ("two lengths, the same", fields(CL + CL), 400),
    ("two lengths in one", fields(b"Content-Length: 20, 20\r\n"), 400),
    ("length with plus", fields(b"Content-Length: +20\r\n"), 400),
    ("length with minus", fields(b"Content-Length: -20\r\n"), 400),
    ("length in hexadecimal", fields(b"Content-Length: 0x14\r\n"), 400),
    ("length with a blank inside", fields(b"Content-Length: 2 0\r\n"), 400),
    ("length with a point", fields(b"Content-Length: 20.0\r\n"), 400),
    ("length empty", fields(b"Content-Length:\r\n"), 400),
    ("length of 2^63", fields(b"Content-Length: 9223372036854775808\r\n"), 400),
    ("length of 2^64 and 20", fields(b"Content-Length: 18446744073709551636\r\n"), 400),
    ("length of 40 digits", fields(b"Content-Length: " + b"1" * 40 + b"\r\n"), 400),
    ("length with a form feed", fields(b"Content-Length: \x0c20\r\n"), 400),
    ("length folded", fields(b"Content-Length:\r\n 20\r\n"), 400),
    ("length, blank before the colon", fields(b"Content-Length : 20\r\n"), 400),
    ("length larger than allowed", fields(b"Content-Length: 9223372036854775807\r\n"), 413),
    # Chunks
    ("chunk size no number", chunk(b"zz"), 400),
    ("chunk size empty", chunk(b""), 400),
    ("chunk size with plus", chunk(b"+" + HEX), 400),
    ("chunk size with minus", chunk(b"-" + HEX), 400),
    ("chunk size with 0x", chunk(b"0x" + HEX), 400),
    ("blank before the size", chunk(b" " + HEX), 400),
    ("blank behind the size", chunk(HEX + b" "), 400),
    ("tab before an extension", chunk(HEX + b"\t;a=b"), 400),
    ("chunk size of 2^64", chunk(b"10000000000000000"), 400),
    ("chunk size of 16 digits", chunk(b"FFFFFFFFFFFFFFFF"), 400),
    ("chunk size with many zeros", chunk(b"0" * 16 + HEX), 400),
    ("underscore in the size", chunk(b"1_4"), 400),
    ("size ends in LF", HEAD + TE + b"\r\n" + HEX + b"\n" + MESSAGE + b"\r\n0\r\n\r\n", 400),
    ("size ends in CR", HEAD + TE + b"\r\n" + HEX + b"\r" + MESSAGE + b"\r\n0\r\n\r\n", 400),
    ("extension ends in LF", chunk(HEX + b";a\n" + MESSAGE), 400),
    ("CR in an extension", chunk(HEX + b";a\rb"), 400),
    ("NUL in an extension", chunk(HEX + b";a\x00"), 400),
    ("extension of 300 octets", chunk(HEX + b";" + b"a" * 300), 400),
    ("content longer than the chunk", chunk(b"13"), 400),
    ("content shorter than the chunk", HEAD + TE + b"\r\n15\r\n" + MESSAGE + b"\r\n0\r\n\r\n", 400),
    ("content ends in LF", HEAD + TE + b"\r\n" + HEX + b"\r\n" + MESSAGE + b"\n0\r\n\r\n", 400),
    ("last chunk ends in LF", HEAD + TE + b"\r\n" + HEX + b"\r\n" + MESSAGE + b"\r\n0\n\r\n", 400),
    ("end in LF", HEAD + TE + b"\r\n" + HEX + b"\r\n" + MESSAGE + b"\r\n0\r\n\n", 400),
    ("chunks larger than allowed", chunk(b"FFFFFFFF", b"x" * 12000), 413),
    # Trailers
    ("trailer folded", trailer(b"X-A: b\r\n c\r\n"), 400),
    ("trailer folded with a tab", trailer(b"X-A: b\r\n\tc\r\n"), 400),
    ("trailer begins folded", trailer(b" X-A: b\r\n"), 400),
    ("trailer without colon", trailer(b"X-A\r\n"), 400),
    ("trailer, blank before the colon", trailer(b"X-A : b\r\n"), 400),
    ("trailer without a name", trailer(b": b\r\n"), 400),
    ("trailer ends in LF", trailer(b"X-A: b\n"), 400),
    ("CR in a trailer", trailer(b"X-A: b\rc\r\n"), 400),
    ("NUL in a trailer", trailer(b"X-A: b\x00\r\n"), 400),
    ("trailers of 9000 octets", trailer(b"X-A: " + b"b" * 9000 + b"\r\n"), 400),
    ("a request in the trailers", trailer(EVIL), 400),
    # Lines
    ("first line ends in LF", GOOD.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\n", 1), 400),
    ("first line ends in CR", GOOD.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r", 1), 400),
    ("a field ends in LF", fields(CL + b"X-A: b\n"), 400),
    ("the head ends in LF LF", HEAD[:-2] + b"\n\n" + MESSAGE, 400),
    ("the head ends in CR LF LF", HEAD + CL + b"\n" + MESSAGE, 400),
    ("a CR inside a field", fields(CL + b"X-A: b\rc\r\n"), 400),
    ("CR CR LF", fields(CL + b"X-A: b\r\r\n"), 400),
    ("a field folded", fields(CL + b"X-A: b\r\n c\r\n"), 400),
    ("the first field folded", LINE + b" " + HOST + TO + CL + b"\r\n" + MESSAGE, 400),
    ("a folded line of blanks alone", fields(CL + b"X-A: b\r\n \r\n"), 400),
    ("blank before a colon", fields(CL + b"X-A : b\r\n"), 400),
    ("a field without a colon", fields(CL + b"X-A\r\n"), 400),
    ("a field without a name", fields(CL + b": b\r\n"), 400),
    ("NUL in a field", fields(CL + b"X-A: \x00\r\n"), 400),
    ("DEL in a field", fields(CL + b"X-A: \x7f\r\n"), 400),
    ("UTF-8 in a name", fields(CL + "X-\u00c4: b\r\n".encode()), 400),
    ("two empty lines in front", b"\r\n\r\n" + GOOD, 400),
    ("an LF in front", b"\n" + GOOD, 400),
    ("a blank in front", b" " + GOOD, 400),
    ("a head of 70000 octets", fields(CL + b"X-A: " + b"b" * 70000 + b"\r\n"), 400),
    ("3500 fields of 20 octets", fields(CL + b"X-Abcdefg: 12345678\r\n" * 3500), 400),
    # The first line
    ("two blanks", GOOD.replace(b"POST /", b"POST  /", 1), 400),
    ("tabs", GOOD.replace(b"POST /email ", b"POST\t/email\t", 1), 400),
    ("a blank behind", GOOD.replace(b"HTTP/1.1", b"HTTP/1.1 ", 1), 400),
    ("no version", GOOD.replace(b" HTTP/1.1", b"", 1), 400),
    ("HTTP/0.9", GOOD.replace(b"HTTP/1.1", b"HTTP/0.9", 1), 505),
    ("HTTP/2.0", GOOD.replace(b"HTTP/1.1", b"HTTP/2.0", 1), 505),
    ("HTTP/1.10", GOOD.replace(b"HTTP/1.1", b"HTTP/1.10", 1), 400),
    ("http/1.1", GOOD.replace(b"HTTP/1.1", b"http/1.1", 1), 400),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("a method that is no token", GOOD.replace(b"POST", b"PO(ST", 1), 400),
    ("UTF-8 in the target", GOOD.replace(b"/email", "/\u00e9mail".encode(), 1), 400),
    # Hosts and other fields that count once
    ("no Host", GOOD.replace(HOST, b"", 1), 400),
    ("two Hosts", GOOD.replace(HOST, HOST + b"Host: evil.example\r\n", 1), 400),
    ("Host with a path", GOOD.replace(b"mx.example.net", b"mx.example.net/x", 1), 400),
    ("Host with a blank", GOOD.replace(b"mx.example.net", b"mx example net", 1), 400),
    ("Host with user and password", GOOD.replace(b"mx.example.net", b"a@mx.example.net", 1), 400),
    ("another expectation", fields(CL + b"Expect: 200-ok\r\n"), 417),
    ("two Authorizations", fields(CL + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 400),
    # The envelope
    ("NUL in X-Sender", envelope(b"").replace(b"a@client", b"a\x00@client", 1), 400),
    ("CR in X-Recipient", envelope(b"X-Recipient: b@server.example\rX-Recipient: smuggled@evil.example\r\n"), 400),
    ("LF in X-Recipient", envelope(b"X-Recipient: b@server.example\nX-Recipient: smuggled@evil.example\r\n"), 400),
    ("X-Recipient folded", envelope(b"X-Recipient: b@server.example,\r\n smuggled@evil.example\r\n"), 400),
    ("blank before X-Recipient's colon", envelope(b"X-Recipient : smuggled@evil.example\r\n"), 400),
    # Content that was not read
    ("a client that waits for 100", HEAD.replace(b"message/rfc822", b"text/plain") + CL + b"Expect: 100-continue\r\n\r\n" + MESSAGE, 406),
    ("no length at all", HEAD + b"\r\n", 411),
    ("a length under another name", HEAD + CL.replace(b"-", b"_") + b"\r\n", 411),
]
# Its end is beyond doubt: answered, and the next request on the connection counts.
STAYS = [
    ("a good one", GOOD, 200),
    ("a good one in chunks", HEAD + TE + b"\r\n" + CHUNKED, 200),
    ("an empty line in front", b"\r\n" + GOOD, 200),
    ("coding in capitals", HEAD + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n" + CHUNKED, 200),
    ("blanks around the length", HEAD + b"Content-Length: \t 20 \t\r\n\r\n" + MESSAGE, 200),
    ("zeros before the length", HEAD + b"Content-Length: 00020\r\n\r\n" + MESSAGE, 200),
    ("zeros before the size", chunk(b"000" + HEX), 200),
    ("an extension", chunk(HEX + b";name=\"a;b\""), 200),
    ("trailers that repeat the head", trailer(b"Content-Length: 5\r\nTransfer-Encoding: x\r\nHost: y\r\n"), 200),
    ("a recipient in the trailers", trailer(b"X-Recipient: smuggled@evil.example\r\n"), 200),
    ("a length that Connection names", fields(CL + b"Connection: keep-alive, Content-Length\r\n"), 200),
    ("an upgrade to HTTP/2", fields(CL + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), 200),
    ("the absolute form", GOOD.replace(b"/email", b"http://mx.example.net/email", 1), 200),
    ("the absolute form, another host", GOOD.replace(b"/email", b"http://evil.example:81/email", 1), 200),
    ("the absolute form of HTTPS", GOOD.replace(b"/email", b"https://mx.example.net/email/", 1), 200),
    ("the absolute form, another scheme", GOOD.replace(b"/email", b"ftp://mx.example.net/email", 1), 404),
    ("the absolute form without a path", GOOD.replace(b"/email", b"http://mx.example.net", 1), 404),
    ("the path in a query", GOOD.replace(b"/email", b"/?/email", 1), 404),
    ("dots in the path", GOOD.replace(b"/email", b"/email/../email", 1), 404),
    ("escapes in the path", GOOD.replace(b"/email", b"/%65mail", 1), 404),
    ("capitals in the path", GOOD.replace(b"/email", b"/EMAIL", 1), 404),
    ("two slashes", GOOD.replace(b"/email", b"//email", 1), 404),
    ("the asterisk", GOOD.replace(b"/email", b"*", 1), 404),
    ("CONNECT", b"CONNECT mx.example.net:25 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    ("TRACE", b"TRACE /email HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    ("GET with a content", GOOD.replace(b"POST", b"GET", 1), 503),
    ("GET whose content is a request", b"GET /email HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 503),
    ("OPTIONS whose content is a request", b"OPTIONS /email HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 204),
    ("another path, chunks that are a request", b"POST /x HTTP/1.1\r\n" + HOST + TE + b"\r\n%x\r\n" % len(EVIL) + EVIL + b"\r\n0\r\n\r\n", 404),
    ("another type, whose content is a request", LINE + HOST + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 406),
    ("a message that is a request", HEAD + b"Content-Length: %d\r\n\r\n" % len(EVIL) + EVIL, 200),
    ("two X-Senders", envelope(b"X-Sender: smuggled@evil.example\r\nX-Recipient: b@server.example\r\n"), 400),
    ("X-Sender without an address", envelope(b"X-Recipient: b@server.example\r\n").replace(b"a@client.example", b"a client", 1), 400),
    ("CR LF in an encoded word", envelope(b"X-Recipient: =?utf-8?q?b@server.example=0D=0ARCPT_TO:<smuggled@evil.example>?=\r\n"), 400),
    ("NUL in an encoded word", envelope(b"X-Recipient: =?utf-8?b?YgBAc2VydmVyLmV4YW1wbGU=?=\r\n"), 400),
    ("an encoded word cut short", envelope(b"X-Recipient: =?utf-8?b?YgBAc2Vy?\r\n"), 400),
    ("broken UTF-8 in X-Recipient", envelope(b"X-Recipient: \xff\xfe@server.example\r\n"), 400),
    ("no X-Recipient", envelope(b""), 400),
    ("a bare CR in the message", HEAD + b"Content-Length: 22\r\n\r\n" + MESSAGE.replace(b"body", b"bo\rdy") + b"x", 400),
    ("a coded content", fields(CL + b"Content-Encoding: gzip\r\n"), 415),
]


def send(server, octets, bytewise):
    client = server.connect()
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if not bytewise:
            client.sendall(octets)
        for at in range(len(octets) if bytewise else 0):
            client.send(octets[at:at + 1])
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has answered and closed: the answer is read below, unless a reset took it
    return client


def everything(client):
    """What comes until the server closes; a reset is an end too."""
    said = b""
    client.settimeout(DEADLINE)
    try:
        while True:
            more = client.recv(65536)
            if not more:
                return said
            said += more
    except ConnectionResetError:
        return said
    except socket.timeout:
        raise TestFailure("the connection is not closed behind %r" % said)


def statuses(said):
    """Of the answers in it, which must fill it."""
    found = []
    while said:
        head, end, said = said.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        values = dict(line.lower().split(b": ", 1) for line in lines)
        length = int(values.get(b"content-length", 0))
        if not end or not first.startswith(b"HTTP/1.") or len(said) < length:
            raise TestFailure("no answer: %r" % (head + end + said))
        found.append(int(first.split()[1]))
        said = said[length:]
    return found


def recipients(server):
    return sorted(one for item in server.queue() for one in item["recipients"])


def empty(server):
    for item in server.queue():
        server.ctl("queue", "delete", item["id"], "--reason", "INC-1")


def send_row(server, row, stays, bytewise, behind):
    name, octets, status = row
    wanted = [200] * behind + [status] + [200] * stays
    last = EVIL.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    what = name + ", octet by octet" * bytewise + ", behind another" * behind
    client = send(server, GOOD * behind + octets + last, bytewise)
    got = statuses(everything(client))
    client.close()
    if got != wanted and (stays or not bytewise or got):  # a reset may have taken the answer
        raise TestFailure("%s: answered %r, wanted %r" % (what, got, wanted))
    queued = ["b@server.example"] * (behind + (stays and status == 200)) + ["smuggled@evil.example"] * stays
    expect(what + ": the queue", recipients(server), queued)
    if queued:
        empty(server)


def table(build, rows, stays, skip_bytewise=4000):
    with Edged(build, listener="Protocol http\nMaxMessageSize 10000") as server:
        for row in rows:
            for behind in (False, True):
                send_row(server, row, stays, False, behind)
            if len(row[1]) < skip_bytewise:
                send_row(server, row, stays, True, False)
        expect("trouble in the log", server.log().count(b"Unhandled"), 0)
    return "%d rows" % len(rows)


def received(server):
    return server.counter("network_receive_bytes_total")


def in_two(build):
    """Every row that stays, in two parts, wherever it is cut: the second comes when the server has looked at the first."""
    parts = 0
    with Edged(build, listener="Protocol http\nMaxMessageSize 10000", server="MaxConnectionsPerIP 2000") as server:
        for name, octets, status in STAYS:
            whole = octets + EVIL.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
            cuts = range(1, len(octets) + 1)
            before = received(server)
            clients = [send(server, whole[:cut], False) for cut in cuts]
            wait_for("the first parts of " + name, lambda: received(server) == before + sum(cuts))  # pylint: disable=cell-var-from-loop
            for cut, client in zip(cuts, clients):
                client.sendall(whole[cut:])
            for cut, client in zip(cuts, clients):
                expect("%s, cut behind %r" % (name, whole[:cut][-10:]), statuses(everything(client)), [status, 200])
                client.close()
            parts += len(cuts)
    return "%d cuts" % parts


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    given = arguments.parse_args()
    report = Report("http_smuggling")
    report.run("closed", lambda: table(given.build, CLOSED, False))
    report.run("stays", lambda: table(given.build, STAYS, True))
    report.run("in_two", lambda: in_two(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
