from collections.abc import Callable, Sequence
from types import TracebackType

from umail.message import Message
from umail.route import Route
from umail.smtp.session import Receipt

class Client:
    def __init__(
        self,
        route: Route | Sequence[Route],
        timeout: float = 30,
        deadline: float = 120,
        tick: Callable[[], object] | None = None,
    ) -> None: ...
    def __enter__(self) -> Client: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def send(self, message: Message) -> Receipt: ...
    def close(self) -> None: ...
