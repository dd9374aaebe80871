"""nginx as a mail proxy, unpacked, before Exim; who may log in it asks over HTTP, here."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping

from .base import IDLE_S, SIZE_LIMIT, UNPACKED, Mail, RealServer, free_ports, unpacked
from .exim import Exim
from .http_answers import HttpAnswers

CONFIG = """
load_module {modules}/ngx_mail_module.so;
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/log info;
events {{ }}
mail {{
  server_name nginx.example.org;
  auth_http 127.0.0.1:{auth_port}/;
  ssl_certificate {chain};
  ssl_certificate_key {key};
  timeout {idle}s;
  proxy_timeout {idle}s;
  xclient off;
  smtp_capabilities PIPELINING CHUNKING 8BITMIME SMTPUTF8 "SIZE {size}" ENHANCEDSTATUSCODES;
  server {{ listen 127.0.0.1:{port}; protocol smtp; starttls on; smtp_auth plain login; }}
  server {{ listen 127.0.0.1:{login_only_port}; protocol smtp; starttls on; smtp_auth login; }}
  server {{ listen 127.0.0.1:{tls_port} ssl; protocol smtp; smtp_auth plain login; }}
}}
"""


class Nginx(RealServer):
    """nginx's mail proxy before Exim: offers what it is told to, and relays what came with AUTH."""

    name = "nginx"
    # It does not say which.
    LOGIN_LINE = "client logged in"
    OPENED, CLOSED = r"client 127\.0\.0\.1:\d+ connected to", r"proxied session done|client closed|timed out"

    def start(self) -> None:
        program = unpacked("root/usr/sbin/nginx", "nginx")
        self.upstream = Exim(self.log_folder)
        self.upstream.__enter__()
        self.auth = _auth(self.login, self.upstream.port)
        self.port, self.tls_port, self.login_only_port = free_ports(3)
        chain, key = self.certificate_files()
        told = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
        self.version = "".join(re.findall(r"nginx/(\S+)", told))
        config = self.folder / "nginx.conf"
        config.write_text(
            CONFIG.format(
                modules=UNPACKED / "root/usr/lib/nginx/modules",
                folder=self.folder,
                auth_port=self.auth.port,
                chain=chain,
                key=key,
                idle=IDLE_S,
                size=SIZE_LIMIT,
                port=self.port,
                tls_port=self.tls_port,
                login_only_port=self.login_only_port,
            )
        )
        self.run([program, "-p", self.folder, "-c", config, "-e", self.folder / "log"])

    def stop(self) -> None:
        super().stop()
        if hasattr(self, "auth"):
            self.auth.stop()
        if hasattr(self, "upstream"):
            self.upstream.stop()

    def mails(self, count: int = 0, timeout: float = 10) -> list[Mail]:
        return self.upstream.mails(count, timeout)


def _auth(login: tuple[str, str], upstream: int) -> HttpAnswers:
    # What ngx_mail_auth_http_module asks: 200 with Auth-Status and, if it is OK, where to go.
    def answer(headers: Mapping[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
        if (headers["Auth-User"], headers["Auth-Pass"]) == login:
            return {"Auth-Status": "OK", "Auth-Server": "127.0.0.1", "Auth-Port": str(upstream)}, b""
        return {"Auth-Status": "Invalid login or password"}, b""

    return HttpAnswers(answer)
