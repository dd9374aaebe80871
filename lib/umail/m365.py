"""The ways into Microsoft 365, each a ready ``Route``. What an administrator allows for each: docs/microsoft-365.md.

``more`` stands for ``port=``, ``security=``, ``trust=``, ``ehlo=`` and, if it is not the login, ``sender=``, all as
of ``Route``.
"""

from umail import load_transient

from .route import Route

# Exchange Online's leaves come from DigiCert's G2, those of newer hosts from Microsoft's. A single host may still show
# one of DigiCert's first global root (MC1282565, April 2026).
ROOTS = ("digicert_global_root_g2", "digicert_global_root_ca", "microsoft_rsa_root_2017", "microsoft_ecc_root_2017")


def login(name, host, username, password, token, roots, more):
    if password is None and token is None:
        raise ValueError("a login at %s needs password= or token=" % (host or name))
    route = Route(host or name, username=username, password=password, token=token, **more)
    route.roots = roots
    route.reached = not host
    route.long_auth = True
    return route


def submission(username, password=None, token=None, host=None, **more):
    """SMTP AUTH submission: any recipient, as the mailbox ``username`` (LOGIN with a password, XOAUTH2 with a token).

    Args:
        username (str): the mailbox, ``esp32@contoso.com``.
        password (str) or token (callable): see ``Route``. Microsoft is ending passwords; tokens stay.
        host (str): other than smtp.office365.com.

    Raises:
        ValueError: as ``Route``; also if neither password nor token is given.
    """
    route = login("smtp.office365.com", host, username, password, token, ROOTS[:2], more)
    route.max_recipients = 500
    return route


def __getattr__(name):
    # hve, direct_send, relay
    function = getattr(load_transient("m365_other"), name)
    return lambda *arguments, **more: function(login, ROOTS, *arguments, **more)
