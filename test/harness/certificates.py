"""Certificates for tests, made by the openssl program when they are first wanted, once a process.

    ca        signs all but the stranger; ca.pem is what a client trusts
    server    ECDSA, for mx.example.net, localhost and 127.0.0.1        (server.pem with its chain, server.key)
    rsa       RSA 2048, for the same names
    other     ECDSA, for other.example.org and *.wild.example
    expired   ECDSA, for mx.example.net, of the year 2020
    client    ECDSA, CN carol, rfc822Name carol@example.net
    stranger  ECDSA, signed by itself, CN carol
"""
import os
import shutil
import subprocess
import tempfile
import threading

_lock = threading.Lock()
_made = None

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
RSA = ["-newkey", "rsa:2048"]

OURS = "DNS:mx.example.net,DNS:localhost,IP:127.0.0.1"
SIGNED = {  # name: (key, subject, alternative names, use, begin, end)
    "server": (EC, "/CN=mx.example.net", OURS, "serverAuth", None, None),
    "rsa": (RSA, "/CN=mx.example.net", OURS, "serverAuth", None, None),
    "other": (EC, "/CN=other.example.org", "DNS:other.example.org,DNS:*.wild.example", "serverAuth", None, None),
    "expired": (EC, "/CN=mx.example.net", OURS, "serverAuth", "20200101000000Z", "20201231000000Z"),
    "client": (EC, "/O=Example/CN=carol", "email:carol@example.net", "clientAuth", None, None),
}

AUTHORITY = """[ca]
default_ca = here
[here]
dir = .
database = ./index
serial = ./serial
new_certs_dir = ./issued
certificate = ./ca.pem
private_key = ./ca.key
default_md = sha256
default_days = 365
policy = any
unique_subject = no
copy_extensions = copy
[any]
organizationName = optional
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("openssl %s: %s" % (" ".join(arguments), done.stderr))
    return done.stdout


def request(folder, name, key, subject, *more):
    openssl(folder, "req", "-config", "ca.conf", *key, "-nodes", "-keyout", name + ".key", "-subj", subject, *more)


def sign(folder, name, begin=None, end=None):
    """name.csr becomes name.pem, with its chain behind it."""
    times = ["-startdate", begin, "-enddate", end] if begin else []
    openssl(folder, "ca", "-batch", "-notext", "-config", "ca.conf", "-in", name + ".csr", "-out", name + ".pem", *times)
    with open(os.path.join(folder, name + ".pem"), "a", encoding="ascii") as out, \
            open(os.path.join(folder, "ca.pem"), encoding="ascii") as authority:
        out.write(authority.read())


def make(folder):
    """All of them in `folder`."""
    os.makedirs(os.path.join(folder, "issued"), exist_ok=True)
    for name, text in (("ca.conf", AUTHORITY), ("index", ""), ("serial", "01\n")):
        with open(os.path.join(folder, name), "w", encoding="ascii") as out:
            out.write(text)
    request(folder, "ca", EC, "/CN=Test authority", "-x509", "-out", "ca.pem", "-days", "365", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    for name, (key, subject, names, use, begin, end) in SIGNED.items():
        request(folder, name, key, subject, "-out", name + ".csr", "-addext", "subjectAltName=" + names, "-addext", "extendedKeyUsage=" + use)
        sign(folder, name, begin, end)
    request(folder, "stranger", EC, "/CN=carol", "-x509", "-out", "stranger.pem", "-days", "365")
    for name in os.listdir(folder):
        if name.endswith(".key"):
            os.chmod(os.path.join(folder, name), 0o600)


def put_into(folder):
    """Copies them there; they are made once a process."""
    global _made  # pylint: disable=global-statement
    with _lock:
        if _made is None:
            _made = tempfile.TemporaryDirectory(prefix="edge-certificates-")  # pylint: disable=consider-using-with
            make(_made.name)
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(_made.name):
        if name.endswith((".pem", ".key")):
            shutil.copy(os.path.join(_made.name, name), os.path.join(folder, name))
    return folder
