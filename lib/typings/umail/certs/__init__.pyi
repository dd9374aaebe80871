from collections.abc import Iterable

NAMES: tuple[str, ...]

def load(names: Iterable[str] = ...) -> list[bytes]: ...
