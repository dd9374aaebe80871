"""Root certificates, one module of DER bytes each, imported only when asked for."""

import sys

NAMES = (
    "digicert_ca",
    "digicert_g2",
    "digicert_g3",
    "globalsign_r6",
    "gts_r1",
    "gts_r4",
    "isrg_x1",
    "isrg_x2",
    "microsoft_ecc",
    "microsoft_rsa",
)


def load(names=NAMES):
    """DER bytes of the roots called ``names``, a sequence of str out of ``NAMES``; all of them by default.

    Raises ImportError for a name that is not on this board.
    """
    found = []
    for name in names:
        path = __name__ + "." + name
        __import__(path)
        found.append(sys.modules.pop(path).DER)
        # The TLS context copies what it is given, so the module goes again: a kilobyte counts on a board.
        globals().pop(name, None)
    return found
