"""An ESP32's ROM boot loader behind a TCP port: as much of its serial protocol as esptool needs without its stub.

Protocol: Espressif's "Serial Protocol" page of esptool's documentation. Frames are SLIP (RFC 1055); a request is
direction, command, size, checksum, data; a response ends in four bytes of status.
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading

_END, _ESC = 0xC0, 0xDB
_SYNC, _READ_REG, _FLASH_BEGIN, _FLASH_DATA, _FLASH_END, _MD5 = 0x08, 0x0A, 0x02, 0x03, 0x04, 0x13
# Which chip this is (a register in ROM), and what its SPI controller read from the flash: a 4 MiB chip.
_REGISTERS = {0x40001000: 0x00F01D83, 0x3FF42080: 0x00164020}


class FakeRom:
    """A context manager; ``url`` is what esptool opens, ``flash`` what was written."""

    def __init__(self, corrupt: bool = False) -> None:
        self.flash = bytearray(b"\xff" * 0x400000)
        self.commands: list[int] = []
        self._corrupt = corrupt
        self._offset = 0
        self._block = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"socket://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> FakeRom:
        self._thread.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._server.close()
        self._thread.join(5)

    def _serve(self) -> None:
        self._server.settimeout(0.2)
        while self._server.fileno() >= 0:
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with connection:
                connection.settimeout(20)
                try:
                    self._talk(connection)
                except OSError:
                    pass

    def _talk(self, connection: socket.socket) -> None:
        frame = bytearray()
        while data := connection.recv(65536):
            for octet in data:
                if octet != _END:
                    frame.append(octet)
                elif frame:
                    request = bytes(frame).replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                    frame.clear()
                    connection.sendall(self._answer(request))

    def _answer(self, request: bytes) -> bytes:
        _, command, size, _ = struct.unpack_from("<BBHI", request)
        data = request[8 : 8 + size]
        self.commands.append(command)
        value, body = 0, b""
        if command == _READ_REG:
            value = _REGISTERS.get(struct.unpack("<I", data[:4])[0], 0)
        elif command == _FLASH_BEGIN:
            _, _, self._block, self._offset = struct.unpack_from("<IIII", data)
        elif command == _FLASH_DATA:
            length, number = struct.unpack_from("<II", data)
            at = self._offset + number * self._block
            self.flash[at : at + length] = data[16 : 16 + length]
            if self._corrupt:
                self.flash[at] ^= 1
        elif command == _MD5:
            address, length = struct.unpack_from("<II", data)
            body = hashlib.md5(self.flash[address : address + length]).hexdigest().encode()
        response = struct.pack("<BBHI", 1, command, len(body) + 4, value) + body + bytes(4)
        frame = bytes([_END]) + response.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + bytes([_END])
        return frame * 8 if command == _SYNC else frame
