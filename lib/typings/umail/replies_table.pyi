ROWS: bytes
KEYS: bytes
