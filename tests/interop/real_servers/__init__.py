"""Real mail servers on the loopback, each a context manager with the same few members (see ``base.RealServer``)."""

from .aiosmtpd_server import Aiosmtpd
from .base import LOGIN, SIZE_LIMIT, TOKEN, Missing, RealServer
from .exim import Exim
from .node import NodeSmtpServer
from .postfix import Postfix

SERVERS: dict[str, type[RealServer]] = {
    "postfix": Postfix,
    "exim": Exim,
    "aiosmtpd": Aiosmtpd,
    "smtp-server": NodeSmtpServer,
}

__all__ = [
    "LOGIN",
    "SERVERS",
    "SIZE_LIMIT",
    "TOKEN",
    "Aiosmtpd",
    "Exim",
    "Missing",
    "NodeSmtpServer",
    "Postfix",
    "RealServer",
]
