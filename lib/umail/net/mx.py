"""The hosts that take mail for a domain: asked for over DNS, and for Exchange Online no others than its own."""

from ..errors import MailError

# The kind of record (RFC 1035, 3.2.2).
_MX = 15


def mail_hosts(lookup, domain, servers):
    """Find the hosts that take mail for a domain (generator): a list of str, the preferred first.

    Args:
        lookup (callable): ``dns.lookup``.

    Raises:
        MailError: no such domain, or it takes no mail (kind "configuration"), or no server answers ("temporary").
        ValueError: it is not a domain name in ASCII.
    """
    if not servers:
        raise MailError("resolve", "configuration", "no DNS server is known to ask for the MX: set host=", key="dns")
    found = yield from lookup(domain, _MX, servers)
    # RFC 7505: a lone dot says that the domain takes no mail.
    found = sorted([value for value in found if value[1]], key=lambda value: value[0])
    if not found:
        raise MailError("resolve", "configuration", "%s has no mail host" % domain, key="dns_no_name")
    return [str(name, "utf-8") for _, name in found]


def hosts(dns, route):
    """Find the hosts of a route that has a domain instead of a host (generator): a list of str.

    Args:
        dns (module): ``umail.dns``.

    Raises:
        MailError: as ``mail_hosts``; kind "security" if a host is not one that the route expects.
    """
    found = yield from mail_hosts(dns.lookup, route.mx, dns.servers())
    for host in found:
        for suffix in route.mx_suffixes:
            if host.endswith(suffix):
                break
        else:
            # DNS is not authenticated: whoever answers must not choose where the mail goes.
            text = "the MX of %s is %s: not Exchange Online" % (route.mx, host)
            raise MailError("resolve", "security", text, key="mx_foreign")
    return found
