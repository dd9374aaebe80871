"""How a message is written: header fields, encodings, parts (MIME)."""


def header(name, words):
    """Return one header field, folded before each token (bytes) that would pass column 76, but never before the first.

    Parsers disagree on whether a fold there leaves a space at the beginning of the value.
    """
    lines = []
    start = line = name + b":"
    for token in words:
        if len(line) + len(token) > 75 and line != start:
            lines.append(line)
            line = b""
        line += b" " + token
    lines.append(line + b"\r\n")
    return b"\r\n".join(lines)
