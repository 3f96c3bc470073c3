#!/usr/bin/env python3
"""edgectl send, as programs call a sendmail: send_test.py --build DIR"""
import argparse
import email
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

OK, USAGE, DATAERR, NOUSER, TEMPFAIL, NOPERM, CONFIG = 0, 64, 65, 67, 75, 77, 78
REFUSES = """
<Validator nobody>
    Module answer_module
    Answer 550 5.1.1 "No such user"
    Only nobody@server.example
</Validator>
<Validator later>
    Module answer_module
    Answer 450 4.7.1 "Come again"
    Only grey@server.example
</Validator>
<Validator rights>
    Module answer_module
    Answer 550 5.7.1 "Not you"
    Only root@server.example
</Validator>
"""
BOUND = """
<On RCPT>
    Validate nobody
    Validate later
    Validate rights
</On>
"""


def send(server, *arguments, text=b"Subject: x\n\nbody\n", code=OK, program=None):
    command = program or [os.path.join(server.build, "bin", "edgectl"), "-f", server.conf_path, "-d", server.root, "send"]
    done = subprocess.run(command + list(arguments), input=text, capture_output=True, timeout=60, check=False)
    said = (done.stdout + done.stderr).decode("utf-8", "replace")
    expect("exit status of send %s (%s)" % (" ".join(arguments), said.strip()), done.returncode, code)
    return said


def newest(server):
    """Envelope and message that came last."""
    entry = server.queue()[-1]
    return entry, server.message(entry["id"])


def fields_of(raw):
    return email.message_from_bytes(raw)


def as_sendmail(build):
    with Edged(build) as server:
        send(server, "-i", "-f", "a@client.example", "b@server.example", "c@server.example")
        entry, raw = newest(server)
        expect("the envelope", (entry["sender"], sorted(entry["recipients"])), ("a@client.example", ["b@server.example", "c@server.example"]))
        message = fields_of(raw)
        expect("From is added", message["From"], "a@client.example")
        holds("so are Date and Message-Id", message["Date"] and re.match(r"<[0-9a-f-]{36}@mx\.example\.net>$", message["Message-Id"]))
        holds("all lines end in CRLF", raw.endswith(b"\r\n\r\nbody\r\n") and raw.count(b"\n") == raw.count(b"\r\n"))
        send(server, "-f", "", "b@server.example")
        expect("the null sender", newest(server)[0]["sender"], "")
        holds("has no From", "From" not in fields_of(newest(server)[1]))
        send(server, "-fa@client.example", "-oi", "-oem", "-bm", "-B8BITMIME", "-FAnn \"X\" Other", "--", "b@server.example",
             text=b"Message-ID: <1@x>\r\nDate: now\r\n\r\n.\r\n..\r\n.x\r\n")
        entry, raw = newest(server)
        expect("a name in quotes", fields_of(raw)["From"], "\"Ann \\\"X\\\" Other\" <a@client.example>")
        expect("what was there stays", (fields_of(raw)["Message-ID"], fields_of(raw)["Date"]), ("<1@x>", "now"))
        holds("dots go through: %r" % raw, raw.endswith(b"\r\n\r\n.\r\n..\r\n.x\r\n"))
        send(server, "-f", "a@client.example", "b@server.example", text=b"one\n.\ntwo\n")
        holds("without -i a lone dot ends it, and a message without fields gets an empty line", newest(server)[1].endswith(b"\r\n\r\none\r\n"))
        send(server, "root")
        entry, _ = newest(server)
        expect("bare names are this host's", entry["recipients"], ["root@mx.example.net"])
        holds("the sender is who runs it: " + entry["sender"], entry["sender"].endswith("@mx.example.net"))
        said = send(server, "-v", "b@server.example")
        holds("-v tells the reply: " + said, re.match(r"250 2\.6\.0 Message queued as [0-9a-f-]{36}$", said.strip()))
        link = os.path.join(server.root, "sendmail")
        os.symlink(os.path.join(server.build, "bin", "edgectl"), link)
        send(server, "b@server.example", program=[link], code=CONFIG)  # the installed configuration is not there


def recipients_from_the_message(build):
    text = (b"From: Ann <a@client.example>\nTo: Bob <b@server.example>, \"C, D\" <c@server.example>\n"
            b"Cc: Team: d@server.example,\n e@server.example;\nBcc: hidden@server.example\nSubject: =?utf-8?q?x?=\n\nb\xc3\xbcdy\n")
    with Edged(build) as server:
        send(server, "-t", "-i", "-f", "a@client.example", text=text)
        entry, raw = newest(server)
        expect("everybody", sorted(entry["recipients"]), ["b@server.example", "c@server.example", "d@server.example", "e@server.example", "hidden@server.example"])
        holds("Bcc does not travel", b"hidden" not in raw.split(b"\r\n\r\n")[0].split(b"From:")[1])
        holds("the folded field does", b"\r\nCc: Team: d@server.example,\r\n e@server.example;\r\n" in raw)
        holds("From is the message's own", raw.count(b"From: ") == 1 and "8BITMIME" in str(server.ctl("-o", "json", "queue", "show", entry["id"]).stdout))
        said = send(server, "-t", text=b"To: Ann Other, b@server.example\n\nx\n", code=DATAERR)
        holds("it names what is wrong: " + said, "\"AnnOther\" in To is no address" in said)
        send(server, "-t", text=b"Subject: nobody\n\nx\n", code=DATAERR)
        expect("nothing more was sent", len(server.queue()), 1)


def refusals_and_their_status(build):
    with Edged(build, listener=BOUND, more=REFUSES) as server:
        said = send(server, "b@server.example", "nobody@server.example", "grey@server.example", code=NOUSER)
        holds("both are named:\n" + said, "the recipient <nobody@server.example> was refused: 550 5.1.1 No such user" in said and "<grey@server.example>" in said)
        send(server, "grey@server.example", code=TEMPFAIL)
        send(server, "root@server.example", code=NOPERM)
        expect("all or nothing", server.queue(), [])
        send(server, code=USAGE)
        send(server, "-Z", "b@server.example", code=USAGE)
        send(server, "-bp", code=USAGE)
        send(server, "-f", code=USAGE)
        send(server, "-L", "nosuch", "b@server.example", code=CONFIG)
        send(server, "-f", "a b@c", "b@server.example", code=USAGE)
        send(server, "b@@server.example", code=USAGE)
    with Edged(build, listener="MaxMessageSize 1000") as server:
        send(server, "b@server.example", text=b"\n" + b"x\n" * 1000, code=DATAERR)
    with Edged(build) as server:
        server.stop()
        said = send(server, "b@server.example", code=TEMPFAIL)
        holds("it says whom it cannot reach: " + said, "listener mx at 127.0.0.1:%d cannot be reached" % server.port in said)


def the_listener_is_found(build):
    other = Ports.take()
    more = "<Listener open>\nListen 127.0.0.1:%d\nProtocol smtp\nQueue main\nTLS off\n</Listener>\n" % other
    with Edged(build, listener="TLS starttls context=default require=all", more=more + "<TLSContext default>\nCertificate tls/server.pem\n"
               "CertificateKey tls/server.key\n</TLSContext>\n") as server:
        send(server, "b@server.example")
        expect("by the listener without TLS", wait_for("its line", server.transactions)[-1]["listener"], "open")
        send(server, "-L", "mx", "b@server.example", code=NOPERM)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "26400-26499")
    report = Report("send")
    for case in (as_sendmail, recipients_from_the_message, refusals_and_their_status, the_listener_is_found):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
