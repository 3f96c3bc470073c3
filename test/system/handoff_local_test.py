#!/usr/bin/env python3
"""Next hops of other kinds: Maildirs, a web service, Dovecot by LMTP, nothing: handoff_local_test.py --build DIR"""
import argparse
import base64
import email
import email.policy
import glob
import hashlib
import hmac
import http.server
import json
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
import certificates  # noqa: E402 pylint: disable=wrong-import-position
from control import ask  # noqa: E402 pylint: disable=wrong-import-position
from edged import Edged, Ports, Report, add_common_arguments, expect, holds, wait_for  # noqa: E402 pylint: disable=wrong-import-position

SENDER, ONE, TWO = "a@client.example", "one@server.example", "two@server.example"
TEXT = b"Message-Id: <1@client.example>\r\nSubject: x\r\n\r\n.a dot\r\n..\r\nbody\r\n"


def handoff(protocol, extra="", retry="Retry 200ms"):
    return "<Handoff inside>\nProtocol %s\n%s\n%s\n</Handoff>" % (protocol, retry, extra)


def send(server, *recipients, text=TEXT, sender=SENDER, options=(), recipient_options=()):
    with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
        return client.sendmail(sender, recipients or (ONE,), text, mail_options=options, rcpt_options=recipient_options)


def is_empty(server):
    wait_for("the queue to be empty", lambda: not server.queue())


def give_up(server):
    """Deletes the only message, between two attempts."""
    identity = server.queue()[0]["id"]
    wait_for("the deletion", lambda: server.ctl("queue", "delete", identity, "--reason", "INC-1", check=False).returncode == 0)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def content_of(message, end=b"\r\n"):
    """What the client sent: behind the Received field."""
    return message.partition(b"+0000" + end)[2]


# Maildirs

def maildir(server, *parts):
    return sorted(glob.glob(os.path.join(server.root, "mail", *parts, "new", "*")), key=os.path.getmtime)


def into_maildirs(build):
    with Edged(build, queue=handoff("maildir", "Maildir mail/%{domain}/%{user}/.%{detail}")) as server:
        send(server)
        wait_for("the reason", lambda: b"The directory of the mailboxes is not there" in server.ctl(
            "queue", "show", server.queue()[0]["id"]).stdout)
        give_up(server)
        os.makedirs(os.path.join(server.root, "mail"))
        big = b"Subject: big\r\n\r\n" + b"x" * 70 + b"\r\n" * 10 + (b"y" * 70 + b"\r\n") * 20000
        send(server, ONE, "Two+lists@Server.Example")
        send(server, ONE, text=big)
        is_empty(server)
        found = [read(name) for name in maildir(server, "server.example", "one", ".")]
        expect("messages of one", len(found), 2)
        small, large = sorted(found, key=len)
        holds("its head", small.startswith(b"Return-Path: <a@client.example>\nDelivered-To: one@server.example\nReceived: "))
        expect("its content", content_of(small, b"\n"), TEXT.replace(b"\r\n", b"\n"))
        holds("the large one, to the octet", content_of(large, b"\n") == big.replace(b"\r\n", b"\n"))
        expect("a folder of its own for the detail", len(maildir(server, "server.example", "two", ".lists")), 1)
        expect("nothing is left in tmp", glob.glob(os.path.join(server.root, "mail", "*", "*", "*", "tmp", "*")), [])


def mailboxes_that_are_missing(build):
    with Edged(build, queue=handoff("maildir", "Maildir mail/%{user}\nMaildirCreate off")) as server:
        for name in ("one", "a"):
            for sub in ("new", "cur", "tmp"):
                os.makedirs(os.path.join(server.root, "mail", name, sub))
        send(server, "nobody@server.example", ONE, '"../a"@server.example', options=["ENVID=q+2B1"])
        is_empty(server)
        expect("one has it", len(maildir(server, "one")), 1)
        notice = email.message_from_bytes(read(maildir(server, "a")[0]), policy=email.policy.default)
        expect("notices counted", server.counter("relay.relay_notices_total"), 1)
        holds("and in the log", notice["Message-Id"].strip("<>").partition("@")[0].encode() + b": 2 failed, 0 delayed" in server.log())
        holds("the notice is from nobody", notice["Return-Path"] == "<>")
        people, status, original = notice.get_payload()
        first, *blocks = status.get_payload()
        expect("the sender's own id", first["Original-Envelope-Id"], "q+1")
        expect("status of each", {b["Final-Recipient"].partition(";")[2].strip(): b["Status"] for b in blocks},
               {"nobody@server.example": "5.1.1", '"../a"@server.example': "5.1.3"})
        holds("in words", "no such mailbox" in people.get_content())
        expect("the original", original.get_payload()[0]["Message-Id"], "<1@client.example>")
        expect("beside it", notice["In-Reply-To"], "<1@client.example>")


def a_mailbox_that_comes_back(build):
    with Edged(build, queue=handoff("maildir", "Maildir mail/%{user}")) as server:
        os.makedirs(os.path.join(server.root, "mail"))
        os.symlink("one", os.path.join(server.root, "mail", "one"))
        send(server)
        wait_for("the reason", lambda: server.queue()[0]["state"] == "deferred")
        reply = json.loads(server.ctl("-o", "json", "queue", "show", server.queue()[0]["id"]).stdout)["deliveries"][0]["last_reply"]
        expect("which", reply, "451 4.3.0 The mailbox cannot be written: Too many levels of symbolic links")
        os.unlink(os.path.join(server.root, "mail", "one"))
        is_empty(server)
        expect("it is there", len(maildir(server, "one")), 1)


def success_is_told(build):
    with Edged(build, queue=handoff("maildir", "Maildir mail/%{user}")) as server:
        os.makedirs(os.path.join(server.root, "mail"))
        send(server, ONE, recipient_options=["NOTIFY=SUCCESS", "ORCPT=rfc822;first+2Btag@x.example"])
        wait_for("the notice", lambda: maildir(server, "a"))
        notice = email.message_from_bytes(read(maildir(server, "a")[0]), policy=email.policy.default)
        block = notice.get_payload()[1].get_payload()[1]
        expect("action", (block["Action"], block["Status"]), ("delivered", "2.1.5"))
        expect("who was meant", block["Original-Recipient"], "rfc822;first+tag@x.example")
        expect("headers only", notice.get_payload()[2].get_content_type(), "text/rfc822-headers")


def killed_while_it_delivers(build):
    """kill -9 of all of it, again and again: each message is in its mailbox once, none is lost and none is half."""
    server = Edged(build, queue=handoff("maildir", "Maildir mail/%{user}", retry="Retry 100ms"))
    try:
        server.start()
        os.makedirs(os.path.join(server.root, "mail"))
        body = b"x" * 70 + b"\r\n"
        for batch in range(5):
            client = smtplib.SMTP("127.0.0.1", server.port, timeout=20)
            for i in range(batch * 30, batch * 30 + 30):
                client.sendmail(SENDER, [ONE, TWO], b"Subject: %d\r\n\r\n" % i + body * 400)
            server.kill()
            client.close()
            server.start()
        is_empty(server)
        for who in ("one", "two"):
            texts = [read(name) for name in maildir(server, who)]
            subjects = sorted(int(email.message_from_bytes(text)["Subject"]) for text in texts)
            expect("messages of " + who, subjects, list(range(150)))
            holds("all of them whole", all(text.endswith(b"\n" + b"x" * 70 + b"\n") and text.count(b"\n") > 400 for text in texts))
        server.stop()
    finally:
        server.kill()
    server.remove()


# As programs read notices

def judged_by_others(build):
    """flufl.bounce (Mailman's) sees failures as failures, delays as delays, and nothing in good news."""
    program = ("import email, sys; from flufl.bounce import all_failures\n"
               "print(all_failures(email.message_from_binary_file(sys.stdin.buffer)))")
    python = next((p for p in ("/usr/bin/python3", sys.executable) if subprocess.run(
        [p, "-c", "import flufl.bounce"], capture_output=True, check=False).returncode == 0), None)
    if not python:
        print("skipped judged_by_others: python3-flufl.bounce is not installed")
        return
    with Edged(build, queue=handoff("maildir", "Maildir mail/%{user}\nMaildirCreate off\nDelayNotice 300ms")) as server:
        for name in ("one", "a"):
            for sub in ("new", "cur", "tmp"):
                os.makedirs(os.path.join(server.root, "mail", name, sub))
        os.symlink("late", os.path.join(server.root, "mail", "late"))

        def verdict(*recipients, **options):
            before = maildir(server, "a")
            send(server, *recipients, **options)
            wait_for("a notice", lambda: len(maildir(server, "a")) > len(before))
            new = [name for name in maildir(server, "a") if name not in before]
            return subprocess.run([python, "-c", program], input=read(new[0]), capture_output=True, check=True).stdout.decode()
        expect("a failure", verdict("gone@server.example"), "(set(), {b'gone@server.example'})\n")
        expect("good news", verdict(ONE, recipient_options=["NOTIFY=SUCCESS"]), "(set(), set())\n")
        expect("a delay", verdict("late@server.example"), "({b'late@server.example'}, set())\n")
        give_up(server)


# A web service

class Service:
    """Takes posts as an application would, with the standard library only."""

    def __init__(self, secret=None, tls=None):
        service = self
        self.posts, self.status, self.secret, self.wrong = [], lambda post: 200, secret, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.verify(self.headers, body)
                post = (self.headers, body)
                status = service.status(post)
                service.posts.append(post)
                answer = b"said by the service"
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", Ports.take()), Handler)
        self.server.daemon_threads = True
        self.scheme = "http"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def verify(self, headers, body):
        if not self.secret:
            return
        lines = [headers["X-Edged-Timestamp"]] + headers.get_all("X-Sender", []) + headers.get_all("X-Recipient", []) + ["", ""]
        right = hmac.new(self.secret, "\n".join(lines).encode() + body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(headers["X-Edged-Signature"] or "", "sha256=" + right):
            self.wrong.append(headers["X-Edged-Signature"])

    def url(self, host="127.0.0.1"):
        return "%s://%s:%d/inbound" % (self.scheme, host, self.server.server_address[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def posted(build):
    with Service(secret=b"between us") as service:
        extra = 'Url %s\nHttpSecret "between us"\nHttpHeader "Authorization: Bearer t"' % service.url()
        with Edged(build, queue=handoff("http", extra)) as server:
            big = b"Subject: big\r\n\r\n" + (b"y" * 70 + b"\r\n") * 40000
            send(server, ONE, TWO)
            send(server, ONE, text=big)
            send(server, ONE, sender="")
            is_empty(server)
            expect("posts", len(service.posts), 3)
            expect("wrong signatures", service.wrong, [])
            small = [p for p in service.posts if p[0].get_all("X-Recipient") == [ONE, TWO]][0]
            expect("content", content_of(small[1]), TEXT)
            expect("type", small[0]["Content-Type"], "message/rfc822")
            expect("sender", small[0]["X-Sender"], SENDER)
            expect("from the configuration", small[0]["Authorization"], "Bearer t")
            holds("the large one, to the octet", any(content_of(body) == big for _, body in service.posts))
            holds("the null sender", any(h["X-Sender"] == "" for h, _ in service.posts))


def posted_as_json(build):
    with Service(secret=b"s") as service, Edged(build, queue=handoff("http", "Url %s\nHttpFormat json\nHttpSecret s" % service.url())) as server:
        send(server, ONE, TWO)
        is_empty(server)
        (headers, body), = service.posts
        letter = json.loads(body)
        expect("type", headers["Content-Type"], "application/json")
        expect("envelope", (letter["sender"], letter["recipients"]), (SENDER, [ONE, TWO]))
        expect("id", letter["id"], headers["X-Edged-Id"])
        expect("content", content_of(base64.b64decode(letter["message"])), TEXT)
        expect("wrong signatures", service.wrong, [])


def answers_of_a_service(build):
    with Service() as service, Edged(build, queue=handoff("http", "Url %s" % service.url())) as server:
        tries = []

        def status(post):
            if post[0]["X-Sender"] == "":
                return 200
            if TWO in post[0].get_all("X-Recipient"):
                return 404
            tries.append(post)
            return (503, 429, 500, 302, 200)[min(len(tries) - 1, 4)]
        service.status = status
        send(server, ONE, TWO)
        is_empty(server)
        expect("tries for one, until 200", len(tries), 5)
        notices = [body for headers, body in service.posts if headers["X-Sender"] == ""]
        expect("notices", len(notices), 1)
        notice = email.message_from_bytes(notices[0], policy=email.policy.default)
        block, = notice.get_payload()[1].get_payload()[1:]
        expect("of two only", block["Final-Recipient"], "rfc822; " + TWO)
        expect("status", block["Status"], "5.1.1")
        holds("in the service's words", "said by the service" in block["Diagnostic-Code"])


def a_service_promises_no_more(build):
    with Service() as service, Edged(build, queue=handoff("http", "Url %s" % service.url())) as server:
        send(server, ONE, recipient_options=["NOTIFY=SUCCESS"])
        wait_for("the notice", lambda: len(service.posts) == 2)
        notice = email.message_from_bytes(service.posts[1][1], policy=email.policy.default)
        block, = notice.get_payload()[1].get_payload()[1:]
        expect("what the sender hears", (block["Action"], block["Status"]), ("relayed", "2.0.0"))


def a_service_that_is_away(build):
    port = Ports.take()
    with Edged(build, queue=handoff("http", "Url http://127.0.0.1:%d/" % port)) as server:
        send(server)
        wait_for("the reason", lambda: server.queue()[0]["state"] == "deferred")
        reply = server.ctl("queue", "show", server.queue()[0]["id"]).stdout.decode()
        holds("which: " + reply, "451 4.4.1" in reply)
        give_up(server)


def encrypted_and_verified(build):
    with tempfile.TemporaryDirectory() as folder:
        certificates.put_into(folder)
        import ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "server.pem"), os.path.join(folder, "server.key"))
        authority = os.path.join(folder, "ca.pem")
        with Service(tls=context) as service:
            with Edged(build, queue=handoff("http", "Url %s\nHttpAuthorities %s" % (service.url("localhost"), authority))) as server:
                send(server)
                is_empty(server)
                expect("posts", len(service.posts), 1)
            with Edged(build, queue=handoff("http", "Url %s" % service.url("localhost"))) as server:
                send(server)
                wait_for("the reason", lambda: server.queue()[0]["state"] == "deferred")
                reply = server.ctl("queue", "show", server.queue()[0]["id"]).stdout.decode()
                holds("nobody vouches for it: " + reply, "451 4.7.5" in reply)
                expect("posts", len(service.posts), 1)
                give_up(server)


def into_another_edged(build):
    """Its own HTTP edge at the other end, which refuses one of two."""
    refuses = '<Validator nobody>\nModule answer_module\nAnswer 550 5.1.1 "No such user"\nOnly two@server.example\n</Validator>'
    with Edged(build, listener="Protocol http\n<On RCPT>\nValidate nobody\n</On>", more=refuses) as other:
        with Edged(build, queue=handoff("http", "Url http://127.0.0.1:%d/email" % other.port)) as server:
            send(server, ONE, TWO, "three@server.example")
            is_empty(server)
            entries = other.queue()
            expect("who has it, and the notice", sorted((e["sender"], e["recipients"]) for e in entries),
                   [("", [SENDER]), (SENDER, [ONE]), (SENDER, ["three@server.example"])])
            notice = [e for e in entries if e["sender"] == ""][0]
            holds("its words", b"550 5.1.1 No such user" in other.message(notice["id"]))


# What clients are offered

def nobody_is_told(build):
    with Edged(build, queue=handoff("maildir", "Maildir mail/%{user}\nMaildirCreate off\nBounce off")) as server:
        os.makedirs(os.path.join(server.root, "mail", "a", "new"))
        with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
            client.ehlo("client.example")
            holds("DSN is not offered", "dsn" not in client.esmtp_features)
        send(server, "nobody@server.example")
        is_empty(server)
        expect("notices", (server.counter("relay.relay_notices_total"), maildir(server, "a")), (0, []))
        holds("but a line in the log", b"to <nobody@server.example> failed: 550 5.1.1 No such mailbox" in server.log())


def offered_over_a_change(build):
    """A setting that is changed while the server runs leaves alone what the queue carries."""
    def keywords(server):
        with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
            client.ehlo("client.example")
            return client.esmtp_features
    with Edged(build, queue=handoff("discard")) as server:
        holds("DSN before", "dsn" in keywords(server))
        ask(server, "PATCH", "/api/v1/config/settings/listener.mx.max_message_size", {"value": "1000", "reason": "test"}, wanted=200,
            If_Match="*")
        expect("the change holds", keywords(server)["size"], "1000")
        holds("DSN behind it", "dsn" in keywords(server))


def straight(build):
    """Nothing is stored: the client hears what the next hop says."""
    def said(server, *recipients):
        with smtplib.SMTP("127.0.0.1", server.port, timeout=20) as client:
            client.ehlo("client.example")
            client.mail(SENDER)
            for recipient in recipients:
                client.rcpt(recipient)
            code, text = client.data(TEXT)
            return "%d %s" % (code, text.decode())
    with Edged(build, queue=handoff("maildir", "Maildir mail/%{user}\nMaildirCreate off") + "\nRelay inside") as server:
        for sub in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(server.root, "mail", "one", sub))
        expect("into a mailbox", said(server, ONE), "250 2.1.5 Delivered to the mailbox")
        expect("its message", content_of(read(maildir(server, "one")[0]), b"\n"), TEXT.replace(b"\r\n", b"\n"))
        expect("one that is missing", said(server, TWO), "550 5.1.1 No such mailbox")
    with Service() as service, Edged(build, queue=handoff("http", "Url %s" % service.url()) + "\nRelay inside") as server:
        expect("to a service", said(server, ONE), "250 2.0.0 HTTP 200 OK: said by the service")
        expect("its message", content_of(service.posts[0][1]), TEXT)
        service.status = lambda post: 503
        expect("one that is busy", said(server, ONE), "451 4.0.0 HTTP 503 Service Unavailable: said by the service")
    with Service(secret=b"s") as service, Edged(build, queue=handoff("http", "Url %s\nHttpSecret s" % service.url()) + "\nRelay inside") as server:
        expect("signed", said(server, ONE), "250 2.0.0 HTTP 200 OK: said by the service")
        expect("signatures that are wrong", service.wrong, [])


# Nothing, and Dovecot

def discarded(build):
    with Edged(build, queue=handoff("discard")) as server:
        for _ in range(20):
            send(server, ONE, TWO)
        is_empty(server)
        expect("counted", server.counter("relay_discard.relay_discarded_total"), 20)
        expect("as they came", [server.counter("messages_total{outcome=%s}" % outcome) for outcome in ("accepted", "discarded")], [20, 0])


def discarded_straight(build):
    """What is accepted and nobody keeps is counted apart."""
    with Edged(build, queue=handoff("discard") + "\nRelay inside") as server:
        for _ in range(3):
            send(server, ONE, TWO)
        expect("counted", [server.counter("messages_total{outcome=%s}" % outcome) for outcome in ("accepted", "discarded")], [0, 3])
        expect("in all", server.counter("messages_total"), 3)
        expect("shown", ask(server, "GET", "/api/v1/listeners/mx", wanted=200).document["totals"]["messages"], 3)


DOVECOT = """
protocols = lmtp
base_dir = %(root)s/run
log_path = %(root)s/log
default_internal_user = %(user)s
default_internal_group = %(group)s
default_login_user = %(user)s
ssl = no
mail_location = maildir:%(root)s/mail/%%n
mail_uid = %(uid)d
mail_gid = %(gid)d
first_valid_uid = 1
service lmtp {
    chroot =
    unix_listener %(root)s/lmtp {
        mode = 0666
    }
}
service anvil {
    chroot =
}
passdb {
    driver = static
    args = nopassword=y
}
userdb {
    driver = passwd-file
    args = username_format=%%n %(root)s/users
}
"""


def into_dovecot(build):
    import grp
    import pwd
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    if not os.path.exists(program) or not os.path.exists("/usr/lib/dovecot/lmtp") or os.getuid() != 0:
        print("skipped into_dovecot: needs dovecot-lmtpd, and root")
        return
    user = pwd.getpwnam("dovecot")
    owner = pwd.getpwnam("mail")
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        os.makedirs(os.path.join(root, "mail"))
        os.chown(os.path.join(root, "mail"), owner.pw_uid, owner.pw_gid)
        with open(os.path.join(root, "users"), "w", encoding="ascii") as users:
            users.write("one::%d:%d::%s/mail/one\n" % (owner.pw_uid, owner.pw_gid, root))
            users.write("a::%d:%d::%s/mail/a\n" % (owner.pw_uid, owner.pw_gid, root))
        with open(os.path.join(root, "conf"), "w", encoding="ascii") as conf:
            conf.write(DOVECOT % {"root": root, "user": user.pw_name, "group": grp.getgrgid(user.pw_gid).gr_name,
                                  "uid": owner.pw_uid, "gid": owner.pw_gid})
        process = subprocess.Popen([program, "-F", "-c", os.path.join(root, "conf")], stderr=subprocess.PIPE)
        try:
            wait_for("Dovecot to listen", lambda: os.path.exists(os.path.join(root, "lmtp")))
            with Edged(build, queue=handoff("lmtp", "Address unix:%s/lmtp" % root)) as server:
                send(server, ONE, "nobody@server.example", recipient_options=["NOTIFY=SUCCESS,FAILURE"])
                is_empty(server)
                found = glob.glob(os.path.join(root, "mail", "one", "new", "*"))
                expect("messages of one", len(found), 1)
                holds("its content", read(found[0]).replace(b"\r\n", b"\n").endswith(TEXT.replace(b"\r\n", b"\n")))
                notices = wait_for("the notice", lambda: glob.glob(os.path.join(root, "mail", "a", "new", "*")))
                notice = email.message_from_bytes(read(notices[0]), policy=email.policy.default)
                blocks = {block["Final-Recipient"]: block for block in notice.get_payload()[1].get_payload()[1:]}
                expect("about nobody", blocks["rfc822; nobody@server.example"]["Status"], "5.1.1")
                expect("about one", blocks["rfc822; one@server.example"]["Action"], "delivered")
        finally:
            process.terminate()
            process.wait(20)


TESTS = [into_maildirs, mailboxes_that_are_missing, a_mailbox_that_comes_back, success_is_told,
         killed_while_it_delivers, judged_by_others, posted, posted_as_json, answers_of_a_service,
         a_service_promises_no_more, a_service_that_is_away, encrypted_and_verified, into_another_edged,
         nobody_is_told, offered_over_a_change, straight, discarded, discarded_straight, into_dovecot]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("tests", nargs="*", help="names of tests; default: all")
    arguments = parser.parse_args()
    os.environ.setdefault("EDGE_TEST_PORTS", "27500-27599")
    report = Report("handoff_local")
    for test in TESTS:
        if not arguments.tests or test.__name__ in arguments.tests:
            report.run(test.__name__, lambda test=test: test(arguments.build))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
