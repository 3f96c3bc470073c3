"""Postfix as a client: it takes a message on a port of its own and hands it on by TLS and AUTH.

Needs root, for the mount namespace in which an unpacked package runs (test/bench/peers.py).
"""
import argparse
import os
import smtplib
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
import peers  # noqa: E402 pylint: disable=wrong-import-position

FORWARD = """mydestination =
relayhost = [localhost]:{port}
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_helo_name = client.example
smtp_tls_security_level = {level}
smtp_tls_wrappermode = {wrapper}
smtp_tls_CAfile = {folder}/ca.pem
smtp_tls_verify_cert_match = hostname
smtp_sasl_auth_enable = {auth}
smtp_sasl_password_maps = static:{{{user}:{password}}}
smtp_sasl_security_options = noanonymous
smtp_sasl_tls_security_options = noanonymous
smtp_sasl_mechanism_filter = {mechanism}
header_size_limit = 102400
{more}
"""


class Forwarder(peers.Postfix):
    """`forward` fills in what stands above."""

    def __init__(self, build, forward):
        setup = argparse.Namespace(build=os.path.abspath(build), work=tempfile.gettempdir(), postfix=None, postfix_mode="defer")
        setup.postfix_root = peers.postfix_root(setup)
        super().__init__(setup)
        self.mode = FORWARD.format(**forward)

    def deliver(self, sender, recipient, octets):
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.example", timeout=30) as client:
            client.sendmail(sender, [recipient], octets)

    def said(self):
        path = os.path.join(self.folder, "log", "maillog")
        if not os.path.exists(path):
            return ""
        with open(path, encoding="utf-8", errors="replace") as log:
            return log.read()


def missing(build):
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode != 0:
        return "this machine allows no mount namespace"
    if not os.access(peers.GROUPS, os.W_OK):
        return "this machine allows no control group"
    if not peers.postfix_root(argparse.Namespace(build=os.path.abspath(build), postfix=None)):
        return "there is no Postfix, and its package could not be had"
    return None
