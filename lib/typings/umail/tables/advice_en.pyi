TEXTS: bytes
