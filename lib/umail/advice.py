"""The remedy for a failure, in the reader's language, read from flash only when asked for."""

from umail import load_transient


def text(key, language="en"):
    """Return one sentence (str) with the remedy for ``key``, "" if the key is unknown or memory is short.

    Args:
        key: `MailError.key`, or a kind.
        language: "en" or "de"; others get English.
    """
    try:
        pieces = load_transient("tables.advice_de" if language == "de" else "tables.advice_en").TEXTS
    except MemoryError:
        return ""
    except ImportError:
        # A firmware has one language frozen in.
        return text(key) if language == "de" else ""
    mark = b"\n" + key.encode() + b";"
    for piece in pieces:
        start = (b"\n" + piece).find(mark)
        if start >= 0:
            start += len(mark) - 1
            return str(piece[start : piece.find(b"\n", start)], "utf-8")
    return ""
