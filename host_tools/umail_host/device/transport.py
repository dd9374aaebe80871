"""Bounds mpremote's transport: a board that talks without end, or for too long, is an error and not a wait forever."""

from __future__ import annotations

import time
from collections.abc import Callable

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

PROMPT = 10.0  # seconds in which a prompt must come: a board that resets again and again is never silent for long
MOST = 262_144  # bytes of an answer; the longest that umail asks for has a tenth


class BoundedTransport(SerialTransport):  # type: ignore[misc] # mpremote has no types
    """A transport whose every wait ends."""

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Callable[[bytes], None] | None = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """Read until ``ending``, a silence of ``timeout`` seconds, or ``timeout_overall``; as mpremote's own does.

        Raises:
            TransportError: so much came that nobody asked for it. What goes to ``data_consumer`` is not counted.
        """
        if ending.endswith(b">") and timeout_overall is None:
            timeout_overall = PROMPT
        pty = getattr(self, "is_pty", False)  # mpremote 1.25 knows nothing of it
        data = bytearray()
        begun = heard = time.monotonic()
        while not data.endswith(ending):
            new = self.serial.read(1) if pty or self.serial.inWaiting() else b""  # as a mounted one has it
            now = time.monotonic()
            if timeout_overall is not None and now >= begun + timeout_overall:
                data += new
                break
            if not new:
                if timeout is not None and now >= heard + timeout:
                    break
                time.sleep(0.01)
                continue
            heard = now
            if data_consumer is not None:
                data_consumer(new)
                data[:] = new
            else:
                data += new
            if len(data) > MOST:
                raise TransportError(f"it has sent {MOST} bytes and goes on")
        return bytes(data)
