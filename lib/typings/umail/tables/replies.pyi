ROWS: tuple[bytes, ...]
KEYS: tuple[bytes, ...]
