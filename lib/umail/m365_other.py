"""The ways into Microsoft 365 other than submission; public by way of m365.py, which loads them when asked for.

That hands in ``login`` and ``roots``, its function and its ROOTS.
"""

from .route import Route


def hve(login, roots, username, password=None, token=None, host=None, **more):
    """High Volume Email: many mails, recipients inside the tenant only, at most 50 a message. As ``submission``."""
    route = login("smtp.hve.mx.microsoft", host, username, password, token, roots, more)
    route.max_recipients = 50
    return route


def direct_send(login, roots, domain, sender, host=None, **more):
    """Direct Send: no login, recipients inside the tenant only.

    Args:
        domain (str): an accepted domain of the tenant; its MX is the host.
        sender (str): the envelope's sender, in an accepted domain.
        host (str): the MX, if it is not to be looked up: ``contoso-com.mail.protection.outlook.com``.

    Raises:
        ValueError: as ``Route``; also if ``host`` is an IP address.
    """
    return relay(login, roots, domain, sender, None, host, **more)


def relay(login, roots, domain, sender, certificate=None, host=None, **more):
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
    route.roots = roots
    return route
