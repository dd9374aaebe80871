"""The hosts that take mail for a domain: asked for over DNS, and for Exchange Online no others than its own."""

from umail import borrow

from ..errors import MailError


def mail_hosts(domain, servers):
    """The hosts that take mail for a domain (generator): a list of str, the preferred first.

    Raises:
        MailError: no such domain, or it takes no mail (kind "configuration"), or no server answers ("temporary").
        ValueError: it is no domain name in ASCII.
    """
    dns = borrow("dns")
    if not servers:
        raise MailError("resolve", "configuration", "no DNS server is known to ask for the MX: set host=", key="dns")
    found = yield from dns.lookup(domain, dns.MX, servers)
    # RFC 7505: a lone dot says that the domain takes no mail.
    found = sorted([value for value in found if value[1]], key=lambda value: value[0])
    if not found:
        raise MailError("resolve", "configuration", "%s has no mail host" % domain, key="dns_no_name")
    return [str(name, "utf-8") for _, name in found]


def hosts(session):
    """The hosts of the session's route, which has a domain instead of a host (generator): a list of str.

    Raises:
        MailError: as ``mail_hosts``; kind "security" where a host is not of those that the route expects.
    """
    route = session.route
    found = yield from mail_hosts(route.mx, borrow("dns").servers())
    for host in found:
        for suffix in route.mx_suffixes:
            if host.endswith(suffix):
                break
        else:
            # DNS is not authenticated: whoever answers must not choose where the mail goes.
            raise session.error("mx_foreign", "the MX of %s is %s: not Exchange Online" % (route.mx, host))
    return found
