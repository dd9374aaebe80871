"""How CPython's event loop waits for a socket (not needed on a board)."""

import asyncio
from select import POLLIN, POLLOUT


async def ready(sock, events, milliseconds):
    """Wait at most so many milliseconds for ``events`` of ``select``; the one that came, or 0."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def came(event):
        if not future.done():
            future.set_result(event)

    number = sock.fileno()
    if events & POLLIN:
        loop.add_reader(number, came, POLLIN)
    if events & POLLOUT:
        loop.add_writer(number, came, POLLOUT)
    try:
        return await asyncio.wait_for(future, milliseconds / 1000)
    except asyncio.TimeoutError:
        return 0
    finally:
        loop.remove_reader(number)
        loop.remove_writer(number)
