"""The ways into Microsoft 365, each a ready ``Route``. Hosts, ports and rules: Microsoft's pages, in docs/m365.md."""

from .route import Route

# Exchange Online's leaves come from DigiCert's G2, older ones from its first global root.
_ROOTS = ("digicert_global_root_g2", "digicert_global_root_ca")
# Where DNS may lead (it is not authenticated): Exchange Online's own names only.
_MX = (".mail.protection.outlook.com", ".mx.microsoft")


def submission(username, password=None, token=None, host=None, port=587, security="starttls", **more):
    """SMTP AUTH submission: any recipient, as the mailbox ``username`` (LOGIN with a password, XOAUTH2 with a token).

    Args:
        username (str): the mailbox, ``esp32@contoso.com``.
        password (str) or token (callable): see ``Route``. Passwords end in 2027; tokens stay.
        more: ``sender=``, ``trust=``, ``ehlo=`` as of ``Route``.

    Raises:
        ValueError: as ``Route``; also where neither password nor token is given.
    """
    if password is None and token is None:
        raise ValueError("submission needs password= or token=")
    route = Route(
        host or "smtp.office365.com", port, security, username=username, password=password, token=token, **more
    )
    route.roots = _ROOTS
    route.long_auth = True
    return route
