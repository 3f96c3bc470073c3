"""The client's side of AUTH mechanisms, for tests: octets in, octets out; base64 is the caller's."""
import base64
import hashlib
import hmac
import os


def text64(octets):
    return base64.b64encode(octets).decode("ascii")


def plain(user, password, authorize=""):
    return ("%s\0%s\0%s" % (authorize, user, password)).encode()


def cram_md5(user, password, challenge):
    """`challenge` is what stood behind 334, decoded."""
    return ("%s %s" % (user, hmac.new(password.encode(), challenge, "md5").hexdigest())).encode()


class Scram:
    """SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding; `flag` is n, or y: the client could and the server cannot."""

    def __init__(self, user, password, flag="n", nonce=None, authorize=""):
        self.password = password.encode()
        self.header = "%s,%s," % (flag, "a=" + authorize if authorize else "")
        self.nonce = nonce or text64(os.urandom(18))
        self.bare = "n=%s,r=%s" % (user.replace("=", "=3D").replace(",", "=2C"), self.nonce)
        self.proof = self.server_signature = None

    def first(self):
        return (self.header + self.bare).encode()

    def final(self, server_first):
        fields = dict(part.split("=", 1) for part in server_first.decode().split(","))
        if not fields["r"].startswith(self.nonce) or len(fields["r"]) <= len(self.nonce):
            raise ValueError("the server's nonce does not continue ours: %r" % server_first)
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(fields["s"]), int(fields["i"]))
        without_proof = "c=%s,r=%s" % (text64(self.header.encode()), fields["r"])
        signed = ",".join([self.bare, server_first.decode(), without_proof]).encode()
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        self.server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        self.proof = bytes(a ^ b for a, b in zip(client_key, signature))
        return (without_proof + ",p=" + text64(self.proof)).encode()

    def verify(self, server_final):
        if server_final != b"v=" + text64(self.server_signature).encode():
            raise ValueError("the server does not know the password: %r" % server_final)
