"""The servers that are measured side by side: edged, Postfix, smtp-sink."""
import glob
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))
from edged import Edged, Ports, TestFailure, wait_for  # noqa: E402 pylint: disable=wrong-import-position

GROUPS = "/sys/fs/cgroup/cpuacct" if os.path.isdir("/sys/fs/cgroup/cpuacct") else "/sys/fs/cgroup"


class Group:
    """A control group of its own, so that the CPU time of processes that come and go is counted."""
    serial = 0

    def __init__(self):
        Group.serial += 1
        self.path = os.path.join(GROUPS, "edge-bench-%d-%d" % (os.getpid(), Group.serial))
        try:
            os.mkdir(self.path)
        except OSError as trouble:
            raise TestFailure("no control group can be made (%s); the CPU figures need one" % trouble) from None

    def wrapper(self):
        return ["sh", "-c", 'echo $$ >"$0/cgroup.procs"; exec "$@"', self.path]

    def pids(self):
        with open(os.path.join(self.path, "cgroup.procs"), encoding="ascii") as listed:
            return sorted({int(pid) for pid in listed.read().split()})

    def cpu(self):
        """Seconds so far."""
        old = os.path.join(self.path, "cpuacct.usage")
        if os.path.exists(old):
            with open(old, encoding="ascii") as usage:
                return int(usage.read()) / 1e9
        with open(os.path.join(self.path, "cpu.stat"), encoding="ascii") as stat:
            return int(re.search(r"usage_usec (\d+)", stat.read()).group(1)) / 1e6

    def pss(self):
        """Octets of proportional set size of all processes."""
        total = 0
        for pid in self.pids():
            try:
                with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as rollup:
                    total += int(re.search(r"^Pss:\s+(\d+)", rollup.read(), re.M).group(1)) * 1024
            except (OSError, AttributeError):
                pass
        return total

    def end(self):
        for _ in range(100):
            pids = self.pids()
            if not pids:
                break
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        for _ in range(50):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.1)


class Peer:
    name = idle_most = None

    def __init__(self, setup, tls=None, more="", listener="", sections="", names=None):
        """`tls`: the server's certificate and key, without .pem and .key. Of edged's configuration: `more` lines of the server's part,
        of the `listener`, `sections` at the end, and the port of a name server."""
        self.tls, self.more, self.listener, self.sections, self.names = tls, more, listener, sections, names
        self.setup, self.group, self.port, self.folder, self.process = setup, Group(), None, None, None

    def wait_ready(self):
        def ready():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as client:
                    return client.recv(200).startswith(b"220") and (client.sendall(b"QUIT\r\n") or True)
            except OSError:
                return False
        wait_for("%s to answer" % self.name, ready, 30, 0.1)

    def stop(self):
        self.group.end()
        if self.process:
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class EdgedPeer(Peer):
    name, idle_most = "edged", 1000000

    queue = "SpoolMax none"

    def start(self):
        self.folder = tempfile.mkdtemp(prefix="edge-bench-", dir=self.setup.work)
        context = "<TLSContext default>\nCertificate %s.pem\nCertificateKey %s.key\n</TLSContext>" % (self.tls, self.tls) if self.tls else ""
        self.server = Edged(self.setup.build, root=self.folder, wrapper=self.group.wrapper(), server="\n".join([
            "MaxConnections 20000", "MaxConnectionsPerIP 20000", "Workers auto", "LogLevel notice", self.more]), queue=self.queue,
            listener="\n".join([self.listener] + ["TLS starttls context=default"] * bool(self.tls)), more=self.sections + context, names=self.names)
        self.server.start()
        self.port, self.process = self.server.port, self.server.process
        self.wait_ready()
        return self

    def version(self):
        said = subprocess.run([os.path.join(self.setup.build, "bin", "edged"), "-v"], capture_output=True, text=True, check=False)
        return said.stdout.strip()

    def syncs(self):
        """So far, by the spool's own counters."""
        return sum(queue.get("syncs", 0) for queue in self.server.status()["queues"])


def postfix_root(setup):
    """Where /usr of Postfix is: installed, or the Debian package only unpacked. None when there is none."""
    if os.path.exists("/usr/lib/postfix/sbin/master"):
        return "/"
    for folder in [setup.postfix] if setup.postfix else [setup.build + "-tools/postfix", os.path.join(setup.build, "tools", "postfix")] + \
            glob.glob(os.path.join(setup.build, "..", "tools", "postfix")):
        if os.path.exists(os.path.join(folder, "usr/lib/postfix/sbin/master")):
            return folder
    tools = os.path.join(setup.build, "tools")
    if shutil.which("apt-get") and shutil.which("dpkg"):
        os.makedirs(tools, exist_ok=True)
        subprocess.run(["apt-get", "download", "-qq", "postfix"], cwd=tools, check=False, capture_output=True)
        for package in glob.glob(os.path.join(tools, "postfix_*.deb")):
            subprocess.run(["dpkg", "-x", package, os.path.join(tools, "postfix")], check=True)
            os.unlink(package)
            return os.path.join(tools, "postfix")
    return None


# In a mount namespace of its own: the unpacked package over /usr, and accounts that only this namespace knows.
ENTER = r"""
set -e
root=$1 accounts=$2
shift 2
if [ "$root" != / ]; then mount -t overlay overlay -o lowerdir="$root/usr:/usr" /usr; fi
if ! getent passwd postfix >/dev/null; then
    { cat /etc/passwd; echo 'postfix:x:4711:4711::/nonexistent:/usr/sbin/nologin'; } >"$accounts/passwd"
    { cat /etc/group; echo 'postfix:x:4711:'; echo 'postdrop:x:4712:'; } >"$accounts/group"
    mount --bind "$accounts/passwd" /etc/passwd
    mount --bind "$accounts/group" /etc/group
fi
exec "$@"
"""

POSTFIX_MAIN = """compatibility_level = 3.6
queue_directory = {w}/queue
data_directory = {w}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {w}/log/maillog
maillog_file_prefixes = {w}
myhostname = server.example
mydestination = server.example
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
alias_maps =
alias_database =
local_recipient_maps =
message_size_limit = 0
mailbox_size_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 1000
{mode}
"""

POSTFIX_SERVICES = """127.0.0.1:{port} inet n - n - {most} smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
"""


class Postfix(Peer):
    """Its queue is durable as always; what is delivered of it is put off: hold keeps each message where it was received,
    which costs Postfix least, defer lets the queue manager take each and put it off."""
    name, idle_most = "Postfix", 500
    mode = None  # further configuration, in place of the one that postfix_mode chooses

    def enter(self, *command):
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", ENTER, "sh", self.setup.postfix_root, self.folder, *command]

    def start(self):
        self.port = Ports.take()
        self.folder = w = tempfile.mkdtemp(prefix="edge-bench-", dir=self.setup.work)
        os.chmod(w, 0o755)
        owner = self.account("postfix", 4711)
        drop = self.account("postdrop", 4712)
        mode = self.mode or {"hold": "smtpd_data_restrictions = check_client_access static:HOLD",
                             "defer": "defer_transports = smtp local relay virtual"}[self.setup.postfix_mode]
        for part in ["conf", "queue", "queue/pid"]:
            os.makedirs(os.path.join(w, part))
        for part in ["data", "log"] + ["queue/" + q for q in
                     "active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public".split()]:
            os.makedirs(os.path.join(w, part))
            os.chown(os.path.join(w, part), owner, -1)
            os.chmod(os.path.join(w, part), 0o700)
        os.chmod(os.path.join(w, "log"), 0o755)
        for part, bits in (("maildrop", 0o730), ("public", 0o710)):
            os.chown(os.path.join(w, "queue", part), owner, drop)
            os.chmod(os.path.join(w, "queue", part), bits)
        with open(os.path.join(w, "conf", "main.cf"), "w", encoding="ascii") as out:
            out.write(POSTFIX_MAIN.format(w=w, mode=mode))
            if self.tls:
                out.write("smtpd_tls_security_level = may\nsmtpd_tls_chain_files = %s.key, %s.pem\nsmtpd_tls_loglevel = 0\n" % (self.tls, self.tls))
        with open(os.path.join(w, "conf", "master.cf"), "w", encoding="ascii") as out:
            out.write(POSTFIX_SERVICES.format(port=self.port, most=700))
        with open(os.path.join(w, "out"), "wb") as out:
            self.process = subprocess.Popen(self.group.wrapper() + self.enter("/usr/lib/postfix/sbin/master", "-c", w + "/conf", "-s"),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        self.wait_ready()
        return self

    @staticmethod
    def account(name, otherwise):
        found = subprocess.run(["getent", "passwd" if name == "postfix" else "group", name], capture_output=True, text=True, check=False)
        return int(found.stdout.split(":")[2]) if found.stdout else otherwise

    def version(self):
        self.folder = tempfile.mkdtemp(prefix="edge-bench-", dir=self.setup.work)
        said = subprocess.run(self.enter("postconf", "-d", "-h", "mail_version"), capture_output=True, text=True, check=False)
        shutil.rmtree(self.folder)
        return "Postfix %s, %s" % (said.stdout.strip(), self.setup.postfix_mode)


class Sink(Postfix):
    """Postfix's smtp-sink: takes messages and forgets them."""
    name, idle_most = "smtp-sink", 10000

    def start(self):
        self.port = Ports.take()
        self.folder = tempfile.mkdtemp(prefix="edge-bench-", dir=self.setup.work)
        with open(os.path.join(self.folder, "out"), "wb") as out:
            self.process = subprocess.Popen(self.group.wrapper() + self.enter(
                "smtp-sink", "-u", "postfix", "-c", "-m", "20000", "127.0.0.1:%d" % self.port, "4096"),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out, start_new_session=True)
        self.wait_ready()
        return self

    def version(self):
        return "of the same package; it stores nothing"
