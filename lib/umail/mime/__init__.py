"""How a message is written: header fields, encodings, parts (MIME)."""
