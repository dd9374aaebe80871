"""Root certificates, one module of DER bytes each, loaded only when asked for (their names: tables/roots.py)."""

from umail import load_transient


def load(names=None):
    """Yield the DER bytes of the roots called ``names``, a sequence of str; of all by default: one by one.

    Raises ImportError for a name that is not on this board.
    """
    # The TLS context copies what it is given, so the modules go again: a kilobyte counts on a board.
    for name in names or load_transient("tables.roots").NAMES:
        yield load_transient("certs." + name).DER
