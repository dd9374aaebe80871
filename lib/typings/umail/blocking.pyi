from collections.abc import Callable, Sequence
from typing import Any

from umail.message import Message
from umail.route import Route
from umail.smtp.session import Receipt

class Wire:
    def __init__(self, timeout: float, tick: Callable[[], object] | None = None) -> None: ...
    def run(self, generator: Any) -> Any: ...
    def close(self) -> None: ...
    def limit(self, timeout: float, store: bool = True) -> None: ...

def send(
    route: Route | Sequence[Route],
    message: Message,
    timeout: float = 30,
    deadline: float = 120,
    tick: Callable[[], object] | None = None,
) -> Receipt: ...
