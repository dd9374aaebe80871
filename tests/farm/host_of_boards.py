"""A host of the farm, in a namespace of its own: two virtual boards behind RFC 2217 at its address, and an exporter.

``python host_of_boards.py FOLDER NAME ADDRESS COORDINATOR EXPORTER`` prints "ready" when the exporter runs; it ends
with its standard input. A file FOLDER/die-BOARD kills that board.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from pathlib import Path

from umail_host.hil import farm
from umail_host.virtual_board import VirtualBoard


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(4096):
            writer.write(data)
            await writer.drain()
    writer.close()


class Forward:
    """Leads ``address`` to a board, which listens on the loopback of this namespace only."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: list[asyncio.StreamWriter] = []

    async def listen(self, address: str) -> int:
        """Take connections; the port."""
        self._server = await asyncio.start_server(self._connected, address, 0)
        return int(self._server.sockets[0].getsockname()[1])

    def die(self) -> None:
        """As a host whose plug is pulled."""
        self._server.close()
        for writer in self._open:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        self._open += [writer, here]
        await asyncio.gather(_pump(reader, here), _pump(there, writer))


async def main() -> None:
    folder, name, address, coordinator, exporter = sys.argv[1:]
    work = Path(folder)
    with contextlib.ExitStack() as stack:
        shared: list[farm.Shared] = []
        servers: dict[str, Forward] = {}
        for number in (1, 2):
            board = f"{name}-{number}"
            virtual = VirtualBoard(work / board, rfc2217=True)
            stack.enter_context(virtual)
            servers[board] = Forward(int(virtual.port.rpartition(":")[2]))
            port = await servers[board].listen(address)
            shared.append(farm.of_network(f"{board}={address}:{port}"))
        configuration = work / f"{name}.yaml"
        configuration.write_text(farm.exporter(shared))
        command = [exporter, "-c", coordinator, "-n", name, str(configuration)]
        with (work / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        print("ready", flush=True)
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        while not ended.done():
            for board in [board for board in servers if (work / f"die-{board}").exists()]:
                servers.pop(board).die()
            await asyncio.sleep(0.1)


asyncio.run(main())
