"""Root certificates, one module of DER bytes each, imported only when asked for."""

import sys

NAMES = (
    "digicert_global_root_ca",
    "digicert_global_root_g2",
    "digicert_global_root_g3",
    "globalsign_root_r6",
    "gts_root_r1",
    "gts_root_r4",
    "isrg_root_x1",
    "isrg_root_x2",
    "microsoft_ecc_root_2017",
    "microsoft_rsa_root_2017",
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
