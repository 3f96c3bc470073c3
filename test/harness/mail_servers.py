"""Real mail servers as next hops: Postfix, OpenSMTPD, Dovecot, each in a folder of its own and on loopback.

Postfix and OpenSMTPD cannot be installed beside each other, and would take over this machine's mail: their Debian packages
are only unpacked, and run as root in a mount namespace in which the package lies over /usr and their accounts exist.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import peers  # noqa: E402 pylint: disable=wrong-import-position
from edged import Ports, TestFailure, wait_for  # noqa: E402 pylint: disable=wrong-import-position

MAIL_USER = 4720  # whom mailboxes belong to


class Setup:
    """What the servers of the benchmarks want to know."""
    postfix, postfix_mode = None, "hold"

    def __init__(self, build):
        self.build, self.work = os.path.abspath(build), tempfile.gettempdir()
        self.postfix_root = peers.postfix_root(self)


def no_namespaces():
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        return "a mount namespace needs root, on a machine that allows it"
    return None


def as_sent(octets):
    """A message of a Maildir, with the line ends that it had on the way."""
    return octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class Mailboxes:
    """Maildirs below a folder."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, mode=0o755, exist_ok=True)
        os.chown(folder, MAIL_USER, MAIL_USER)

    def of(self, user):
        messages = []
        for path in sorted(glob.glob(os.path.join(self.folder, user, "new", "*")), key=os.path.getmtime):
            with open(path, "rb") as message:
                messages.append(as_sent(message.read()))
        return messages

    def has(self, user, count=1):
        return wait_for("%d messages of %s" % (count, user), lambda: len(self.of(user)) >= count and self.of(user))

    def empty(self):
        for user in os.listdir(self.folder):
            shutil.rmtree(os.path.join(self.folder, user))


POSTFIX = """virtual_mailbox_domains = server.example client.example
virtual_mailbox_base = {mail}
virtual_mailbox_maps = inline:{{one@server.example=one/, two@server.example=two/, a@client.example=a/}}
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{user}
virtual_minimum_uid = 100
virtual_mailbox_limit = 0
mydestination =
smtpd_recipient_restrictions = permit_sasl_authenticated, reject_unauth_destination, check_recipient_access inline:{{
 {{later@server.example=451 4.3.0 Not this one now}}, {{slow@server.example=450 4.2.0 Come back}} }}
smtpd_reject_unlisted_recipient = yes
enable_long_queue_ids = yes
{more}
"""


class Postfix(peers.Postfix):
    """Delivers to Maildirs. `more` is further configuration."""

    def __init__(self, build, more="", tls=None):
        super().__init__(Setup(build), tls=tls)
        self.more_lines = more

    @staticmethod
    def missing(build):
        why = no_namespaces()
        if why:
            return why
        return None if peers.postfix_root(Setup(build)) else "there is no Postfix, and its package could not be had"

    def __enter__(self):
        self.mail = Mailboxes(tempfile.mkdtemp(prefix="edge-mail-"))
        os.chmod(self.mail.folder, 0o755)
        self.mode = POSTFIX.format(mail=self.mail.folder, user=MAIL_USER, more=self.more_lines)
        try:
            return self.start()
        except TestFailure as trouble:
            raise TestFailure("%s\n%s" % (trouble, self.said())) from None

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.mail.folder, ignore_errors=True)

    def said(self):
        text = ""
        for name in ("out", "log/maillog"):
            try:
                with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as log:
                    text += log.read()[-3000:]
            except OSError:
                pass
        return text


DOVECOT = """protocols = lmtp
base_dir = {root}/run
log_path = {root}/log
ssl = no
auth_mechanisms = plain login
mail_location = maildir:~/
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {internal}
default_internal_group = {internal}
default_login_user = {login}
mail_plugins = quota
lmtp_save_to_detail_mailbox = no
recipient_delimiter =
postmaster_address = postmaster@server.example
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {root}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {root}/users
}}
plugin {{
  quota = maildir:mailbox
  quota_rule = *:storage=100M
  quota_status_success = DUNNO
}}
service lmtp {{
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
service auth {{
  unix_listener {root}/sasl {{
    mode = 0666
  }}
}}
service anvil {{
  chroot =
}}
{more}
"""


class Dovecot:
    """LMTP by TCP and by a unix socket, Maildirs of one, two (who has room for 1 KB) and a; SASL for Postfix."""

    def __init__(self, build, more=""):
        del build
        self.more, self.process = more, None

    @staticmethod
    def missing(build):
        del build
        if os.geteuid() != 0:
            return "Dovecot needs root"
        return None if os.path.exists("/usr/lib/dovecot/lmtp") else "dovecot-lmtpd is not installed"

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="edge-dovecot-")
        os.chmod(self.root, 0o755)
        self.mail = Mailboxes(os.path.join(self.root, "mail"))
        self.port, self.unix, self.sasl = Ports.take(), os.path.join(self.root, "lmtp"), os.path.join(self.root, "sasl")
        with open(os.path.join(self.root, "users"), "w", encoding="ascii") as users:
            for name, rule in (("one", ""), ("a", ""), ("two", "userdb_quota_rule=*:storage=1")):
                users.write("%s:{PLAIN}secret-%s:%d:%d::%s/%s::%s\n" % (name, name, MAIL_USER, MAIL_USER, self.mail.folder, name, rule))
        with open(os.path.join(self.root, "conf"), "w", encoding="ascii") as conf:
            conf.write(DOVECOT.format(root=self.root, port=self.port, internal="dovecot", login="dovenull", more=self.more))
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", os.path.join(self.root, "conf")], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, start_new_session=True)
        wait_for("Dovecot to listen", lambda: os.path.exists(self.unix) and os.path.exists(self.sasl) or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise TestFailure("Dovecot does not start: %s" % self.process.stderr.read().decode("utf-8", "replace"))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stderr.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def said(self):
        with open(os.path.join(self.root, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]


# The package over /usr; folders that its programs have compiled in; accounts that only this namespace knows.
ENTER = r"""
set -e
root=$1 work=$2
shift 2
mount -t overlay overlay -o lowerdir="$root/usr:/usr" /usr
for folder in /var/spool /var/lib /run; do mount -t tmpfs -o mode=755 tmpfs $folder; done
mkdir -p /var/lib/opensmtpd/empty /var/spool/smtpd
chmod 711 /var/spool/smtpd
{ cat /etc/passwd; echo 'opensmtpd:x:4721:4721::/var/lib/opensmtpd/empty:/usr/sbin/nologin'
  echo 'opensmtpq:x:4722:4722::/var/lib/opensmtpd/empty:/usr/sbin/nologin'
  echo 'edgemail:x:4720:4720::/nonexistent:/usr/sbin/nologin'; } >"$work/passwd"
{ cat /etc/group; echo 'opensmtpd:x:4721:'; echo 'opensmtpq:x:4722:'; echo 'edgemail:x:4720:'; } >"$work/group"
mount --bind "$work/passwd" /etc/passwd
mount --bind "$work/group" /etc/group
exec "$@"
"""

OPENSMTPD = """pki here cert "{root}/server.pem"
pki here key "{root}/server.key"
table people file:{root}/people
table rooms file:{root}/rooms
table secrets file:{root}/secrets
listen on 127.0.0.1 port {port} hostname server.example {options}
action in maildir "{root}/mail/%{{user.username}}" virtual <rooms> userbase <people>
match from any for domain "server.example" action in
match from any for domain "client.example" action in
"""


class OpenSmtpd:
    """Maildirs of one, two and a. `options` are of its listener; the certificates come from `folder`."""

    def __init__(self, build, folder, options="tls pki here"):
        self.package = self.unpacked(build)
        self.folder, self.options, self.process = folder, options, None

    @staticmethod
    def unpacked(build):
        """The unpacked Debian package; None: it could not be had."""
        for tools in (os.path.abspath(build) + "-tools", os.path.join(os.path.abspath(build), "tools")):
            if os.path.exists(os.path.join(tools, "opensmtpd/usr/sbin/smtpd")):
                return os.path.join(tools, "opensmtpd")
        if not (shutil.which("apt-get") and shutil.which("dpkg")):
            return None
        os.makedirs(tools, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", "opensmtpd"], cwd=tools, check=False, capture_output=True)
        for package in glob.glob(os.path.join(tools, "opensmtpd_*.deb")):
            subprocess.run(["dpkg", "-x", package, os.path.join(tools, "opensmtpd")], check=True)
            os.unlink(package)
            return os.path.join(tools, "opensmtpd")
        return None

    @classmethod
    def missing(cls, build):
        why = no_namespaces()
        if why:
            return why
        package = cls.unpacked(build)
        if not package:
            return "there is no OpenSMTPD, and its package could not be had"
        linked = subprocess.run(["ldd", os.path.join(package, "usr/sbin/smtpd")], capture_output=True, text=True, check=False).stdout
        lacking = [line.split()[0] for line in linked.splitlines() if "not found" in line]
        return "OpenSMTPD lacks " + " ".join(lacking) if lacking else None

    def __enter__(self):
        self.root = tempfile.mkdtemp(prefix="edge-opensmtpd-")
        os.chmod(self.root, 0o755)
        self.mail = Mailboxes(os.path.join(self.root, "mail"))
        self.port = Ports.take()
        for name in ("server.pem", "server.key"):
            shutil.copy(os.path.join(self.folder, name.replace("server", "rsa")), os.path.join(self.root, name))
        os.chmod(os.path.join(self.root, "server.key"), 0o600)
        self.write("people", "".join("%s 4720:4720:%s/%s\n" % (name, self.mail.folder, name) for name in ("one", "two", "a")))
        self.write("rooms", "".join("%s@%s.example %s\n" % (name, place, name) for name, place in (("one", "server"), ("two", "server"), ("a", "client"))))
        hashed = subprocess.run(["openssl", "passwd", "-6", "secret-one"], capture_output=True, text=True, check=True).stdout.strip()
        self.write("secrets", "one %s\n" % hashed)
        self.write("conf", OPENSMTPD.format(root=self.root, port=self.port, options=self.options))
        with open(os.path.join(self.root, "log"), "wb") as log:
            self.process = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, "sh", self.package, self.root,
                                             "/usr/sbin/smtpd", "-d", "-f", os.path.join(self.root, "conf")],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_for("OpenSMTPD to answer", self.answers, 20, 0.1)
        except TestFailure as trouble:
            said = self.said()
            self.__exit__()
            raise TestFailure("%s\n%s" % (trouble, said)) from None
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise TestFailure("OpenSMTPD does not start")
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                return client.recv(200).startswith(b"220")
        except OSError:
            return False

    def write(self, name, text):
        with open(os.path.join(self.root, name), "w", encoding="ascii") as out:
            out.write(text)

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        time.sleep(0.1)
        shutil.rmtree(self.root, ignore_errors=True)

    def said(self):
        with open(os.path.join(self.root, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-3000:]
