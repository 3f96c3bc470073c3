#!/usr/bin/env python3
"""Messages that need more than their next hop offers: made fit, or sent back with the reason: relay_convert_test.py --build DIR"""
import argparse
import email
import email.policy
import os
import random
import re
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from nexthop import NextHop  # noqa: E402 pylint: disable=wrong-import-position

SENDER, ONE, UTF8 = "a@client.example", "one@server.example", "\u00e4@server.example"
KEYWORDS = {"all": ["PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME"], "8bit": ["PIPELINING", "8BITMIME"],
            "none": ["SIZE 100000000", "CHUNKING"], "lines": ["SIZE 100000000"]}
TEXT = "Gr\u00fc\u00dfe, und viel Text, der ASCII ist =\r\nmit Leerzeichen am Ende \r\n.\r\n..\r\n--b\u00e4\r\n"
NOISE = random.Random(7).randbytes(300000)


def plain(subject="x", label="8bit"):
    return ("Subject: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n%s"
            % (subject, label, TEXT)).encode()


def nested():
    return ("Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
            "preamble\r\n--b b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n"
            "--b b\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" % TEXT).encode() + plain("inner") + \
        b"\r\n--b b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b b--\r\n"


def binary():
    head = (b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\nContent-Transfer-Encoding: binary\r\n\r\n"
            b"--q\r\nContent-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\n")
    return head + NOISE + b"\r\n--q\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + \
        TEXT.encode() + b"\r\n--q--\r\n"


def signed():
    return (b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s; protocol=\"application/x\"\r\n\r\n"
            b"--s\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\xe4\r\n--s\r\nContent-Type: application/x\r\n\r\nx\r\n--s--\r\n")


def queue(hop, protocol="smtp"):
    return "<Handoff inside>\nProtocol %s\nAddress 127.0.0.1:%d\nRetry 200ms\n</Handoff>" % (protocol, hop.port)


def send(server, text, *options, recipient=ONE):
    """By BDAT where the message is binary."""
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        expect("MAIL", client.docmd("MAIL", "FROM:<%s> %s" % (SENDER, " ".join(options)))[0], 250)
        expect("RCPT", client.docmd("RCPT", "TO:<%s>" % recipient)[0], 250)
        if "BODY=BINARYMIME" not in options:
            return client.data(text)
        client.send(b"BDAT %d LAST\r\n" % len(text) + text)
        return client.getreply()


def size_said(message):
    return int(re.search(r" SIZE=(\d+)", message.lines[0]).group(1))


def notice_to(message):
    return email.message_from_bytes(message.content, policy=email.policy.default).get_payload()[1].get_payload()[1]


def content_of(message):
    return message.content.partition(b"+0000\r\n")[2]


def leaves(message):
    """Types and decoded contents of the parts that have none, as a program reads them."""
    parts = []
    for part in email.message_from_bytes(message, policy=email.policy.compat32).walk():
        if not part.is_multipart():
            parts.append((part.get_content_type(), part.get_payload(decode=True).replace(b"\r\n", b"\n") if part.get_content_maintype() == "text"
                          else part.get_payload(decode=True)))
    return parts


def is_7bit(octets):
    return all(octet < 0x80 for octet in octets) and b"\0" not in octets and all(len(line) <= 998 for line in octets.split(b"\r\n"))


def passed_on(build, hop, server, text, *options, recipient=ONE):
    before = len(hop.messages)
    expect("taken", send(server, text, *options, recipient=recipient)[0], 250)
    return hop.has(before + 1)[-1]


def as_it_is(build):
    with NextHop(keywords=KEYWORDS["all"]) as hop, Edged(build, queue=queue(hop)) as server:
        for text, option in ((plain(), "BODY=8BITMIME"), (nested(), "BODY=8BITMIME"), (binary(), "BODY=BINARYMIME"), (signed(), "BODY=8BITMIME")):
            message = passed_on(build, hop, server, text, option)
            holds("not changed", content_of(message) == text)
            holds("what it is said to be", option in message.lines[0])
        expect("converted", server.counter("relay.relay_converted_total"), 0)


def made_fit(build):
    with NextHop(keywords=KEYWORDS["none"]) as hop, Edged(build, queue=queue(hop)) as server:
        for text in (plain(), nested()):
            message = passed_on(build, hop, server, text, "BODY=8BITMIME")
            holds("only ASCII goes", is_7bit(message.content))
            expect("what it says", leaves(content_of(message)), leaves(text))
            holds("nothing is said of it", "BODY" not in message.lines[0])
            expect("how much it is", size_said(message), len(message.content))
        for size in (0, 1, 56, 57, 58, 996, 65536, 262144):
            text = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/x\r\n\r\n" + NOISE[:size].replace(b"\r", b"r").replace(b"\n", b"\r\n").replace(b"\0", b"0")
            message = passed_on(build, hop, server, text + b"\r\n", "BODY=8BITMIME")
            holds("%d octets: only ASCII goes" % size, is_7bit(message.content))
            expect("%d octets" % size, leaves(content_of(message)), leaves(text + b"\r\n"))
            expect("how much it is", size_said(message), len(message.content))
        message = passed_on(build, hop, server, b"Subject: x\r\n\r\nASCII\r\n", "BODY=8BITMIME")
        expect("one that asked for more than it needs", content_of(message), b"Subject: x\r\n\r\nASCII\r\n")
        expect("converted", server.counter("relay.relay_converted_total"), 8)
    with NextHop(lmtp=True, keywords=KEYWORDS["none"]) as hop, Edged(build, queue=queue(hop, "lmtp")) as server:
        expect("by LMTP", leaves(content_of(passed_on(build, hop, server, nested(), "BODY=8BITMIME"))), leaves(nested()))


def by_lines(build):
    """By DATA, whose dots are not counted."""
    with NextHop(keywords=KEYWORDS["lines"]) as hop, Edged(build, queue=queue(hop)) as server:
        for text in (plain(), nested()):
            message = passed_on(build, hop, server, text, "BODY=8BITMIME")
            expect("what it says", leaves(content_of(message)), leaves(text))
            expect("how much it is", size_said(message), len(message.content))
        expect("no BDAT", [verb for _, verb, _ in hop.seen if verb == "BDAT"], [])


def grown_too_large(build):
    """What fits as it is, and not as it has to go, is too large as any other message is."""
    text = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: application/x\r\n\r\n" + (b"\xe4" * 900 + b"\r\n") * 5
    as_large = b"Subject: x\r\n\r\n" + (b"x" * 900 + b"\r\n") * 7
    with NextHop(keywords=["8BITMIME", "SIZE 5000"]) as hop, Edged(build, queue=queue(hop)) as server:
        expect("it fits as it is", content_of(passed_on(build, hop, server, text, "BODY=8BITMIME")), text)
    said = []
    for octets, options in ((as_large, ()), (text, ("BODY=8BITMIME",))):
        with NextHop(keywords=["SIZE 5000"]) as hop, Edged(build, queue=queue(hop)) as server:
            expect("taken", send(server, octets, *options)[0], 250)
            notice = notice_to(hop.has(1)[0])
            said.append((notice["Action"], notice["Status"], notice["Diagnostic-Code"], hop.messages[0].sender))
            expect("it was not tried", [address for _, verb, address in hop.seen if verb == "RCPT"], [SENDER])
    expect("what is said of both", said[1], said[0])
    expect("it has failed", said[0][:2], ("failed", "5.3.4"))


def binary_made_fit(build):
    for keywords in ("8bit", "none"):
        with NextHop(keywords=KEYWORDS[keywords]) as hop, Edged(build, queue=queue(hop)) as server:
            message = passed_on(build, hop, server, binary(), "BODY=BINARYMIME")
            (kind, content), (_, text) = leaves(content_of(message))
            expect("type", kind, "application/x")
            holds("the octets", content == NOISE)
            expect("the text", text, TEXT.encode().replace(b"\r\n", b"\n"))
            expect("8-bit text", TEXT.encode() in message.content, keywords == "8bit")
            expect("what is said of it", "BODY=8BITMIME" in message.lines[0], keywords == "8bit")
            holds("no octet that DATA could not carry", b"\0" not in message.content and b"\n" not in message.content.replace(b"\r\n", b""))


def notice_for(hop, server, text, *options, recipient=ONE):
    """What the sender hears of a message that is not passed on."""
    before = len(hop.messages)
    expect("taken", send(server, text, *options, recipient=recipient)[0], 250)
    notice = email.message_from_bytes(hop.has(before + 1)[-1].content, policy=email.policy.default)
    expect("it is a notice", notice.get_content_type(), "multipart/report")
    wait_for("the queue to be empty", lambda: not server.queue())
    return notice.get_payload()[1].get_payload()[1]


def sent_back(build):
    utf8 = b"Subject: \xc3\xa4\r\n\r\nx\r\n"
    with NextHop(keywords=KEYWORDS["none"]) as hop, Edged(build, queue=queue(hop)) as server:
        block = notice_for(hop, server, signed(), "BODY=8BITMIME")
        expect("status of a signed one", block["Status"], "5.6.3")
        holds("the reason: " + block["Diagnostic-Code"], "signed or encrypted" in block["Diagnostic-Code"])
        expect("status of 8-bit headers", notice_for(hop, server, utf8, "BODY=8BITMIME")["Status"], "5.6.3")
        expect("status of UTF-8 in headers", notice_for(hop, server, utf8, "BODY=8BITMIME", "SMTPUTF8")["Status"], "5.6.7")
        expect("recipients that heard of it", {m.sender for m in hop.messages}, {""})
        message = passed_on(build, hop, server, plain(), "BODY=8BITMIME", "SMTPUTF8")
        expect("SMTPUTF8 that was not needed", leaves(content_of(message)), leaves(plain()))
    with NextHop(keywords=["SIZE 50000"]) as hop, Edged(build, queue=queue(hop)) as server:
        block = notice_for(hop, server, b"Subject: x\r\n\r\n" + b"x\r\n" * 20000)
        expect("status of a large one", block["Status"], "5.3.4")
        expect("how often the next hop heard of it", [line for _, verb, line in hop.seen if verb == "MAIL" and SENDER in line], [])


def straight(build):
    more = "\nRelay inside"
    with NextHop(keywords=KEYWORDS["none"]) as hop, Edged(build, queue=queue(hop).replace("Retry 200ms", "") + more) as server:
        expect("made fit", send(server, nested(), "BODY=8BITMIME")[0], 250)
        expect("what it says", leaves(content_of(hop.has(1)[0])), leaves(nested()))
        code, said = send(server, signed(), "BODY=8BITMIME")
        expect("refused", (code, said[:6]), (554, b"5.6.3 "))
        for step, what in (("MAIL", "close"), (".", "close")):
            hop.trouble[step] = what
            expect("%s at %s" % (what, step), send(server, nested(), "BODY=8BITMIME")[0], 451)
            hop.trouble.clear()
        expect("and again", send(server, nested(), "BODY=8BITMIME")[0], 250)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27800-27899")
    report = Report("relay, converted")
    for case in (as_it_is, made_fit, by_lines, grown_too_large, binary_made_fit, sent_back, straight):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
