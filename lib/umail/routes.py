"""Ready routes to providers other than Microsoft 365's Exchange Online (see m365.py); ``more`` as there."""

from umail import load_transient

from .route import Route


def gmail(username, password=None, token=None, host="smtp.gmail.com", port=587, **more):
    """Gmail and Google Workspace, on 587 (STARTTLS) or 465 (TLS from the first byte).

    Args:
        username (str): the whole address.
        password (str): an app password (Google: 2-Step Verification, App passwords); the account's own is refused.
        token (callable): see ``Route``.

    Raises:
        ValueError: as ``Route``; also if neither password nor token is given.
    """
    if password is None and token is None:
        raise ValueError("gmail needs password= (an app password) or token=")
    more["security"] = more.get("security", "tls" if port == 465 else "starttls")
    route = Route(host, port, username=username, password=password, token=token, **more)
    route.reached = host == "smtp.gmail.com"
    route.roots = ("gts_root_r1", "gts_root_r4", "globalsign_root_r6")
    route.long_auth = True
    route.max_recipients = 100
    return route


def azure_communication(username, password, host="smtp.azurecomm.net", **more):
    """Build the route of Azure Communication Services, Email: by default 30 mails a minute, 100 an hour, 50 recipients.

    Args:
        username (str): the SMTP user name of the resource; ``password`` (str): the Entra application's secret.

    Raises:
        ValueError: as ``Route``.
    """
    route = Route(host, username=username, password=password, **more)
    route.reached = host == "smtp.azurecomm.net"
    route.roots = load_transient("m365").ROOTS
    route.max_recipients = 50
    return route
