"""A stand-in of Dovecot's authentication service, as far as Postfix asks it: PLAIN, LOGIN and XOAUTH2."""

from __future__ import annotations

import base64
import json
import socketserver
import threading

GREETING = (
    "VERSION\t1\t2\n"
    "MECH\tPLAIN\tplaintext\n"
    "MECH\tLOGIN\tplaintext\n"
    "MECH\tXOAUTH2\tplaintext\n"
    "SPID\t1\nCUID\t1\nCOOKIE\t00112233445566778899aabbccddeeff\nDONE\n"
)
# What each mechanism asks before each answer of the client.
PROMPTS = {"PLAIN": [b""], "LOGIN": [b"Username:", b"Password:"], "XOAUTH2": [b""]}
REFUSAL = json.dumps({"status": "401", "schemes": "bearer", "scope": "mail"}).encode()


class DovecotAuth:
    """Listens on a port of the loopback from the start until ``stop``.

    Args:
        user, password: the one login.
        token: the one access token of that user.
    """

    def __init__(self, user: str, password: str, token: str) -> None:
        self.user, self.password, self.token = user, password, token
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.auth = self
        self.port: int = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def good(self, mechanism: str, answers: list[bytes]) -> bool:
        """Whether this is the login."""
        user, password = self.user.encode(), self.password.encode()
        if mechanism == "PLAIN":
            return answers[0].split(b"\0")[1:] == [user, password]
        if mechanism == "LOGIN":
            return answers == [user, password]
        return answers[0] == b"user=%s\x01auth=Bearer %s\x01\x01" % (user, self.token.encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    auth: DovecotAuth


class _Handler(socketserver.StreamRequestHandler):
    # One connection of Postfix; it may have several logins at once, each with a number.
    def handle(self) -> None:
        self.wfile.write(GREETING.encode())
        self.running: dict[str, tuple[str, list[bytes]]] = {}
        for line in self.rfile:
            command, *fields = line.decode().rstrip("\n").split("\t")
            if command == "AUTH":
                self.running[fields[0]] = (fields[1], [])
                first = [field[5:] for field in fields if field.startswith("resp=")]
                self.go_on(fields[0], first[0] if first else None)
            elif command == "CONT":
                self.go_on(fields[0], fields[1])

    def go_on(self, number: str, answer: str | None) -> None:
        assert isinstance(self.server, _Server)
        auth = self.server.auth
        mechanism, answers = self.running[number]
        if answer is not None:
            answers.append(base64.b64decode(answer))
        prompts = PROMPTS[mechanism]
        if len(answers) < len(prompts):
            self.tell("CONT", number, base64.b64encode(prompts[len(answers)]).decode())
        elif auth.good(mechanism, answers):
            self.tell("OK", number, f"user={auth.user}")
        elif mechanism == "XOAUTH2" and len(answers) == 1:
            self.tell("CONT", number, base64.b64encode(REFUSAL).decode())
        else:
            self.tell("FAIL", number, f"user={auth.user}")

    def tell(self, *fields: str) -> None:
        self.wfile.write(("\t".join(fields) + "\n").encode())
