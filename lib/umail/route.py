"""Where mail goes in: host, port, kind of TLS, credentials and trust, checked when the route is made."""

from umail import load_transient


class Route:
    """One way to hand mail to a server.

    Args:
        host (str): the server's name; its certificate must carry it.
        port (int): 587 for submission (RFC 6409), 465 with ``security="tls"`` (RFC 8314), 25 between servers.
        security (str): ``"starttls"`` (required, the default) · ``"tls"`` (from the first byte; the default
            at 465) · ``"opportunistic"`` (STARTTLS if offered, unauthenticated) · ``"plain"``.
        username, password (str): the login, or
        token: a callable ``token(refresh=False)`` that returns an access token (str), for XOAUTH2 with ``username``.
        certificate: ``([leaf, *intermediates], key)``, DER bytes or paths: a client certificate. On CPython PEM, too.
        sender (str): the address of the envelope's sender, if it is not the message's.
        trust: None (the bundled roots this route needs), a path of a DER file, its bytes, or a list of these; on
            CPython PEM, too;
            ``"insecure"`` checks nothing and says so, for a bench.
        ehlo (str): the name to greet with: a full domain name or an address literal. None: this board's address.
        auth (str): the one way to log in that is used, ``"LOGIN"``, ``"PLAIN"`` or ``"XOAUTH2"``. None: the best
            that is offered, and the next if the server does not take it.

    Raises:
        ValueError: a sentence that says which argument, and how to fix it.
    """

    # The names of the bundled roots to trust (see umail.certs); None: all of them.
    roots: "tuple | None" = None
    # The provider documents XOAUTH2 in one line longer than RFC 4954's 512 bytes.
    long_auth = False
    # How many recipients one envelope may have, if the provider documents it; a mail to more goes in several.
    max_recipients: "int | None" = None
    # The domain whose MX is the host, if host is None; and the suffixes that its name must have.
    mx: "str | None" = None
    mx_suffixes: tuple = ()
    # After failures that are for a person: how many in a row, and for how many mails other routes go first.
    fails = rests = 0
    # Of the last of them the stage, and the key of its reply or the code.
    refusal = ""
    # There is such a host: its name is built in, or it was reached since the start.
    reached = False
    # The outbox sets it when a mail went this way.
    took = False
    # Finds addresses in place of net/resolve.py: ``resolve(host)``, and ``resolve(host, failed)`` for others.
    resolve = None

    def __init__(
        self,
        host,
        port=587,
        security=None,
        username=None,
        password=None,
        token=None,
        certificate=None,
        sender=None,
        trust=None,
        ehlo=None,
        auth=None,
    ):
        self.host = host
        self.port = port
        self.security = security
        self.username = username
        self.password = password
        self.token = token
        self.certificate = certificate
        self.sender = sender
        self.trust = trust
        self.ehlo = ehlo
        self.auth = auth
        load_transient("making").route(self)

    def __repr__(self):
        return "Route(%r, %d, %r, username=%r)" % (self.host or self.mx, self.port, self.security, self.username)
