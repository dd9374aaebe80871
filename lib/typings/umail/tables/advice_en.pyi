TEXTS: tuple[bytes, ...]
