"""The ways into Microsoft 365, each a ready ``Route``. What an administrator allows for each: docs/microsoft-365.md.

``more`` stands for ``port=``, ``security=``, ``trust=``, ``ehlo=`` and, if it is not the login, ``sender=``, all as
of ``Route``.
"""

from .route import Route

# Exchange Online's leaves come from DigiCert's G2, those of newer hosts from Microsoft's. A single host may still show
# one of DigiCert's first global root (MC1282565, April 2026).
ROOTS = ("digicert_global_root_g2", "digicert_global_root_ca", "microsoft_rsa_root_2017", "microsoft_ecc_root_2017")


def _login(name, host, username, password, token, roots, more):
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
    route = _login("smtp.office365.com", host, username, password, token, ROOTS[:2], more)
    route.max_recipients = 500
    return route


def hve(username, password=None, token=None, host=None, **more):
    """High Volume Email: many mails, recipients inside the tenant only, at most 50 a message. As ``submission``."""
    route = _login("smtp.hve.mx.microsoft", host, username, password, token, ROOTS, more)
    route.max_recipients = 50
    return route


def direct_send(domain, sender, host=None, **more):
    """Direct Send: no login, recipients inside the tenant only.

    Args:
        domain (str): an accepted domain of the tenant; its MX is the host.
        sender (str): the envelope's sender, in an accepted domain.
        host (str): the MX, if it is not to be looked up: ``contoso-com.mail.protection.outlook.com``.

    Raises:
        ValueError: as ``Route``; also if ``host`` is an IP address.
    """
    return relay(domain, sender, None, host, **more)


def relay(domain, sender, certificate=None, host=None, **more):
    """Relay by an inbound connector, which knows the board by its public address or by its certificate: any recipient.

    Args:
        domain, sender, host: as of ``direct_send``.
        certificate: ``([leaf, *intermediates], key)``, DER bytes or paths.

    Raises:
        ValueError: as ``direct_send``.
    """
    if host and (host[-1:].isdigit() or ":" in host):
        raise ValueError("host=%r is an IP address: its certificate cannot be checked, and Microsoft moves them" % host)
    more["port"] = more.get("port", 25)
    route = Route(host or domain, certificate=certificate, sender=sender, **more)
    if not host:
        # DNS is not authenticated: it may lead to Exchange Online only.
        route.host = None
        route.mx = domain
        route.mx_suffixes = (".mail.protection.outlook.com", ".mx.microsoft")
    route.roots = ROOTS
    return route
