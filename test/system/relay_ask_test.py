#!/usr/bin/env python3
"""Recipients that the next hop is asked about, and what becomes of mail that it cannot take now: relay_ask_test.py --build DIR"""
import argparse
import os
import smtplib
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position
from nexthop import NextHop  # noqa: E402 pylint: disable=wrong-import-position

SENDER, ONE, TWO = "a@client.example", "one@server.example", "two@server.example"
TEXT = b"Subject: x\r\n\r\nbody\r\n"
DOWN = (451, "4.4.1 The next hop cannot be reached, try again later")
LISTENER = "<On RCPT>\nValidate there\n</On>"


def straight(hop, extra="", protocol="smtp", more=""):
    return "<Handoff backend>\nProtocol %s\nAddress 127.0.0.1:%d\n%s\n</Handoff>\nRelay backend\n%s" % (
        protocol, hop.port, extra, more)


def asking(extra="", queue="main"):
    return "<Validator there>\nModule relay_module\nNextHopOf %s\n%s\n</Validator>" % (queue, extra)


def asked(build, hop, extra="", **how):
    given = {"queue": straight(hop), "listener": LISTENER, "more": asking(extra)}
    given.update(how)
    return Edged(build, **given)


def answers(server, *recipients):
    """What is said to each RCPT, in one session."""
    said = []
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.ehlo()
        client.mail(SENDER)
        for recipient in recipients:
            code, text = client.rcpt(recipient)
            said.append((code, text.decode()))
    return said


def questions(hop):
    return [argument for _, verb, argument in hop.seen if verb == "RCPT"]


def figure(server, name):
    return server.counter("relay.relay_asked%s_total" % name)


def as_it_came(build):
    with NextHop() as hop:
        hop.answers["RCPT"] = lambda address: {TWO: "550 5.1.1 Nobody %s here\nof 100% nobodies", "three@server.example": "452 4.2.2 Full",
                                               "four@server.example": "551 Moved"}.get(address)
        with asked(build, hop) as server:
            for keywords in (["PIPELINING"], [], ["CHUNKING", "SIZE 1000000"]):
                hop.keywords[:] = keywords
                expect("one, two, three, four",
                       answers(server, ONE, TWO, "three@server.example", "four@server.example"),
                       [(250, "2.1.5 <%s> Ok" % ONE), (550, "5.1.1 Nobody %s here\n5.1.1 of 100% nobodies"), (452, "4.2.2 Full"),
                        (551, "5.0.0 Moved")])
            expect("who asks", {line for _, verb, line in hop.seen if verb == "MAIL"}, {"MAIL FROM:<>"})
            expect("what is sent", len(hop.messages), 0)
            with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
                refused = client.sendmail(SENDER, [ONE, TWO], TEXT)
            expect("who is refused", list(refused), [TWO])
            expect("who gets it", hop.has(1)[0].recipients, [ONE])


def remembered(build):
    with NextHop() as hop:
        hop.answers["RCPT"] = lambda address: {TWO: "550 5.1.1 Nobody", "three@server.example": "450 4.2.1 Busy"}.get(address)
        with asked(build, hop) as server:
            for _ in range(3):
                expect("first answers", [code for code, _ in answers(server, ONE, "one@SERVER.example", TWO, "three@server.example")],
                       [250, 250, 550, 450])
            seen = questions(hop)
            expect("what was said not now is asked again", seen.count("three@server.example"), 3)
            expect("a refusal is remembered", seen.count(TWO), 1)
            holds("fewer questions than recipients", figure(server, "") <= 3 + 1 + 3)
            expect("all recipients are counted", figure(server, "") + figure(server, "_remembered"), 12)
        with asked(build, hop, "Remember taken=1s refused=1s") as server:
            answers(server, ONE, TWO)
            before = questions(hop).count(ONE)
            hop.answers.clear()
            wait_for("the refusal to be forgotten", lambda: answers(server, TWO)[0][0] == 250)
            wait_for("one to be asked about again", lambda: answers(server, ONE) and questions(hop).count(ONE) > before)
        with asked(build, hop, "Remember taken=none refused=none") as server:
            before = len(questions(hop))
            answers(server, ONE, ONE, ONE)
            expect("nothing is remembered", len(questions(hop)), before + 3)


def nobody_to_ask(build):
    with NextHop() as hop:
        hop.stop()
        for word, said in (("tempfail", DOWN), ("pass", (250, "2.1.5 <%s> Ok" % ONE))):
            with asked(build, hop, "WhenDown " + word) as server:
                expect("nobody is there: " + word, set(answers(server, *[ONE] * 8)), {said})
                holds("it is left alone for a while: %d" % figure(server, ""), figure(server, "") < 8)
                expect("all are counted", figure(server, "_down"), 8)


def trouble_while_it_is_asked(build):
    with NextHop() as hop:
        for step in ("GREETING", "EHLO", "MAIL", "RCPT"):
            for what in ("close", "reset", "garbage", "silence"):
                hop.trouble[step] = what
                with asked(build, hop, "Wait 500ms") as server:
                    expect("%s at %s" % (what, step), answers(server, ONE), [DOWN])
                hop.trouble.clear()
                hop.release()
        for step, said in (("GREETING", "554 No"), ("EHLO", "550 No"), ("MAIL", "550 5.7.1 No"), ("MAIL", "421 4.3.2 No"), ("RCPT", "421 4.3.2 No")):
            hop.answers[step] = said
            with asked(build, hop) as server:
                expect("%s to %s" % (said, step), answers(server, ONE), [DOWN])
            hop.answers.clear()
        hop.trouble["RSET"] = "close"  # its answer was heard
        with asked(build, hop, "Remember taken=none") as server:
            expect("closed behind the answer", [code for code, _ in answers(server, ONE, TWO)], [250, 250])


def client_that_goes(build):
    with NextHop() as hop:
        hop.trouble["RCPT"] = "silence"
        with asked(build, hop, "Wait 30s\nTimeout 40s") as server:
            for _ in range(3):
                client = smtplib.SMTP("127.0.0.1", server.port, timeout=30)
                client.ehlo()
                client.mail(SENDER)
                before = len(questions(hop))
                client.send("RCPT TO:<%s>\r\n" % ONE)
                wait_for("the question", lambda before=before: len(questions(hop)) > before)
                client.sock.close()
                client.close()
            hop.trouble.clear()
            expect("others are answered", answers(server, TWO)[0][0], 250)


def by_lmtp_and_for_a_spool(build):
    with NextHop(lmtp=True) as hop:
        hop.answers["RCPT"] = lambda address: {TWO: "550 5.1.1 Nobody"}.get(address)
        queue = "<Handoff inside>\nProtocol lmtp\nAddress 127.0.0.1:%d\n</Handoff>" % hop.port
        with asked(build, hop, queue=queue) as server:
            expect("one, two", [code for code, _ in answers(server, ONE, TWO)], [250, 550])
            with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
                client.sendmail(SENDER, [ONE, TWO], TEXT)
            expect("who gets it", hop.has(1)[0].recipients, [ONE])


# A message that the next hop cannot take now

def answer_to(server, text=TEXT):
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
        client.ehlo()
        client.mail(SENDER)
        client.rcpt(ONE)
        code, said = client.data(text)
        return code, said.decode()


def falling_back(build, hop, retry="300ms", extra="", more=""):
    later = "<Queue later>\nSpool spool/later\nSpoolMinFree none\n<Handoff backend>\nProtocol smtp\nAddress 127.0.0.1:%d\nRetry %s\n</Handoff>\n</Queue>\n" % (
        hop.port, retry)
    return Edged(build, queue=straight(hop, extra, more="RelayFallback later"), more=later + more)


def content_of(message):
    return message.content.partition(b"+0000\r\n")[2]


def into_a_spool(build):
    big = b"Subject: big\r\n\r\n" + b"".join(b"%066d\r\n" % i for i in range(60000))
    with NextHop() as hop:
        with falling_back(build, hop) as server:
            expect("the next hop is there", answer_to(server)[1], "2.0.0 Taken as 1")
            hop.stop()
            for text in (TEXT, big):
                code, said = answer_to(server, text)
                expect("it is not", (code, said[:24]), (250, "2.6.0 Message queued as "))
            hop.start()
            hop.has(3)
            by_size = sorted(hop.messages, key=lambda message: len(message.content))
            holds("the large one is as it was sent", content_of(by_size[2]) == big)
            expect("a small one", content_of(by_size[0]), TEXT)
            wait_for("the spool to be empty", lambda: not server.queue())
            wait_for("it to be tried again", lambda: answer_to(server)[1].startswith("2.0.0 Taken"))
            holds("counted", server.counter("relay.relay_fallbacks_total") >= 2)
            for answer in ("550 5.7.1 No", "452 4.3.1 Full"):  # it is there, and has said something
                hop.answers["."] = answer
                expect("its own word", answer_to(server), (int(answer[:3]), answer[4:]))
            for line in ('edge_handoff_backend_up{backend="main/backend"} 1', 'edge_handoff_backend_up{backend="later/backend"} 1',
                         'edge_handoff_inflight{backend="main/backend"} 0',
                         'edge_handoff_attempts_total{backend="main/backend",result="permfail"} 1'):
                wait_for(line, lambda line=line: line in server.ctl("metrics").stdout.decode())


def troubles_into_a_spool(build):
    with NextHop() as hop:
        for step in ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "."):
            for what in ("close", "silence"):
                hop.trouble[step] = what
                with falling_back(build, hop, retry="1h", extra="HopTimeout greeting=300ms command=300ms data=300ms end=300ms idle=10ms") as server:
                    code, said = answer_to(server)
                    expect("%s at %s" % (what, step), (code, said[:24]), (250, "2.6.0 Message queued as "))
                    expect("in the spool", len(server.queue()), 1)
                hop.trouble.clear()
                hop.release()


def offered_by_both(build):
    with NextHop() as hop:
        for bounce, dsn in (("on", True), ("off", False)):
            with falling_back(build, hop, retry="1h\nBounce " + bounce) as server, smtplib.SMTP("127.0.0.1", server.port, timeout=30) as client:
                client.ehlo()
                expect("DSN with Bounce %s in the other queue" % bounce, client.has_extn("dsn"), dsn)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(arguments)
    arguments.add_argument("cases", nargs="*")
    given = arguments.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27700-27799")
    report = Report("relay, asked")
    for case in (as_it_came, remembered, nobody_to_ask, trouble_while_it_is_asked, client_that_goes, by_lmtp_and_for_a_spool,
                 into_a_spool, troubles_into_a_spool, offered_by_both):
        if not given.cases or case.__name__ in given.cases:
            report.run(case.__name__, lambda case=case: case(given.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
