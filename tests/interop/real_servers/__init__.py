"""Real mail servers on the loopback, each a context manager with the same few members (see ``base.RealServer``)."""

from .aiosmtpd_server import Aiosmtpd
from .base import IDLE_S, LOGIN, SIZE_LIMIT, TOKEN, Missing, RealServer
from .dovecot import Dovecot, DovecotImap
from .exim import Exim
from .haraka import Haraka
from .nginx import Nginx
from .node import NodeSmtpServer
from .postfix import Postfix
from .qpsmtpd import Qpsmtpd
from .sendmail import Sendmail

SERVERS: dict[str, type[RealServer]] = {
    "postfix": Postfix,
    "exim": Exim,
    "aiosmtpd": Aiosmtpd,
    "smtp-server": NodeSmtpServer,
}
# Those of which test_further_servers.py tries less, so that it stays short.
FURTHER: dict[str, type[RealServer]] = {
    "haraka": Haraka,
    "nginx": Nginx,
    "dovecot": Dovecot,
    "sendmail": Sendmail,
    "qpsmtpd": Qpsmtpd,
}

__all__ = [
    "FURTHER",
    "IDLE_S",
    "LOGIN",
    "SERVERS",
    "SIZE_LIMIT",
    "TOKEN",
    "Aiosmtpd",
    "Dovecot",
    "DovecotImap",
    "Exim",
    "Haraka",
    "Missing",
    "Nginx",
    "NodeSmtpServer",
    "Postfix",
    "Qpsmtpd",
    "RealServer",
    "Sendmail",
]
