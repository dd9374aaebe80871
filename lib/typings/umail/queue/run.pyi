from collections.abc import Generator
from typing import Any

from umail.outbox import Outbox

class Flush:
    box: Outbox
    before: str | None
    def __init__(self, box: Outbox) -> None: ...
    def run(self, budget: float | None) -> Generator[Any, Any, int]: ...
