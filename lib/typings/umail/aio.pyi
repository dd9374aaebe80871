from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from umail.message import Message
from umail.outbox import Outbox
from umail.route import Route
from umail.smtp.session import Receipt

class Wire:
    def __init__(self, timeout: float, tick: Callable[[], object] | None = None) -> None: ...
    async def run(self, steps: Any) -> Any: ...
    def close(self) -> None: ...

class Client:
    def __init__(
        self,
        route: Route | Sequence[Route],
        timeout: float = 30,
        deadline: float = 120,
        tick: Callable[[], object] | None = None,
    ) -> None: ...
    async def __aenter__(self) -> Client: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    async def send(self, message: Message) -> Receipt: ...
    async def close(self) -> None: ...

async def send(
    route: Route | Sequence[Route],
    message: Message,
    timeout: float = 30,
    deadline: float = 120,
    tick: Callable[[], object] | None = None,
) -> Receipt: ...
async def flush(outbox: Outbox, budget: float | None = None) -> Any: ...
