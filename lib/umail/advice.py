"""The remedy for a failure, in the reader's language, read from flash only when asked for."""

from umail import load_transient


def text(key, language="en"):
    """One sentence (str) with the remedy for ``key``, "" where the key is unknown or memory is short.

    Args:
        key: `MailError.key`, or a kind.
        language: "en" or "de"; others get English.
    """
    try:
        texts = load_transient("tables.advice_de" if language == "de" else "tables.advice_en").TEXTS
    except MemoryError:
        return ""
    start = texts.find(b"\n" + key.encode() + b";")
    if start < 0:
        return ""
    start += len(key) + 2
    return str(texts[start : texts.find(b"\n", start)], "utf-8")
