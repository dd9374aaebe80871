"""A DNS server on loopback, over UDP and TCP, with the answers and the faults that a test gives it."""

from __future__ import annotations

import socket
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset


class FakeDns:
    """Answers from ``records``; a context manager.

    Args:
        records: ``{(name, "MX"): ["10 host."]}``, in zone file notation; names without any do not exist.
        fault: ``silent``, ``truncated`` (over UDP), ``forged`` (wrong answers come first) or ``servfail``.
    """

    def __init__(self, records: dict[tuple[str, str], list[str]], fault: str = "") -> None:
        self.records, self.fault = records, fault
        self.asked: list[tuple[str, str, str]] = []
        self.ports: set[int] = set()
        self.ids: set[int] = set()

    def __enter__(self) -> FakeDns:
        while True:
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._udp.bind(("127.0.0.1", 0))
            self.port = self._udp.getsockname()[1]
            try:
                self._tcp = socket.create_server(("127.0.0.1", self.port))
                break
            except OSError:
                # Free for UDP, taken for TCP: another one.
                self._udp.close()
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()

    @property
    def address(self) -> str:
        """As a device is told it."""
        return f"127.0.0.1#{self.port}"

    def _answer(self, packet: bytes, way: str) -> bytes:
        query = dns.message.from_wire(packet)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        kind = query.question[0].rdtype
        self.asked.append((name, kind.name, way))
        self.ids.add(query.id)
        reply = dns.message.make_response(query)
        if self.fault == "servfail":
            reply.set_rcode(dns.rcode.SERVFAIL)
            return reply.to_wire()
        if not any(known == name for known, _ in self.records):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        if self.fault == "truncated" and way == "udp":
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        while (name, "CNAME") in self.records:
            alias = self.records[name, "CNAME"][0]
            reply.answer.append(dns.rrset.from_text(name + ".", 300, "IN", "CNAME", alias))
            name = alias.rstrip(".")
        if (name, kind.name) in self.records:
            reply.answer.append(dns.rrset.from_text(name + ".", 300, "IN", kind.name, *self.records[name, kind.name]))
        return reply.to_wire()

    def _serve_udp(self) -> None:
        while True:
            try:
                packet, peer = self._udp.recvfrom(512)
            except OSError:
                return
            self.ports.add(peer[1])
            answer = self._answer(packet, "udp")
            if self.fault == "silent":
                continue
            if self.fault == "forged":
                self._udp.sendto(bytes((answer[0] ^ 1,)) + answer[1:], peer)
                self._udp.sendto(answer[:20], peer)
            self._udp.sendto(answer, peer)

    def _serve_tcp(self) -> None:
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection:
                size = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
                answer = self._answer(connection.recv(size, socket.MSG_WAITALL), "tcp")
                whole = struct.pack("!H", len(answer)) + answer
                for octet in whole:
                    connection.send(bytes((octet,)))
