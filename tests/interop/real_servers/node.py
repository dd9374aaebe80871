"""npm's smtp-server, in a process of node."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .base import HOW_TO_GET, SIZE_LIMIT, TOKEN, UNPACKED, Missing, RealServer, free_ports, unpacked

PROGRAM = Path(__file__).with_name("node_server.mjs")


class NodeSmtpServer(RealServer):
    """smtp-server: PIPELINING, SMTPUTF8 and XOAUTH2, no CHUNKING. Its log tells which commands came together."""

    name = "smtp-server"
    token = TOKEN
    LOGIN_LINE = "{upper} taken"
    OPENED, CLOSED = "opened", "closed"

    def start(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise Missing(f"no node here: install nodejs and npm, then {HOW_TO_GET}")
        package = unpacked("node/node_modules/smtp-server/package.json", "smtp-server of npm")
        self.version = json.loads(package.read_text())["version"]
        self.port, self.tls_port, self.login_only_port = free_ports(3)
        chain, key = self.certificate_files()
        settings = {
            "modules": str(UNPACKED / "node" / "package.json"),
            "port": self.port,
            "tls_port": self.tls_port,
            "login_only_port": self.login_only_port,
            "chain": str(chain),
            "key": str(key),
            "mails": str(self.mails_folder),
            "log": str(self.log),
            "size": SIZE_LIMIT,
            "user": self.login[0],
            "password": self.login[1],
            "token": self.token,
        }
        self.run([node, PROGRAM], {"SETTINGS": json.dumps(settings)})

    def pipelined(self, start: int) -> bool:
        return "together: MAIL RCPT RCPT DATA\n" in self.logged()[start:]

    def chunked(self, start: int) -> bool:
        return "BDAT" in self.logged()[start:]

    def asked_for_mail(self, start: int) -> bool:
        return "MAIL" in self.waits_for("closed", start)
