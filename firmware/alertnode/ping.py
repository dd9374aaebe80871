"""Asks for a URL after mails went, so that a service which is used to it notices if it no longer does.

Services such as Healthchecks take a GET as a sign of life. It goes over verified TLS; whether it succeeds changes
nothing for the mails, and its path, which is as good as a password there, is never shown.
"""

# Seconds for each wait, and in all.
_WAIT = 10
_LONGEST = 20


def parts(url):
    """Return (host, port, path) of ``url`` (str), an https one; ValueError if it is not one."""
    if url[:8] != "https://" or min(url) <= " " or max(url) > "~":
        raise ValueError("url")
    rest, mark, fragment = url[8:].partition("#")
    host, slash, path = rest.partition("/")
    host, colon, port = host.partition(":")
    port = int(port) if colon else 443
    if mark or not host or "@" in host or "?" in host or not 0 < port < 65536:
        raise ValueError("host")
    return host, port, "/" + path


def make(url, trust, feed, log):
    """Return what is to be called after a success.

    ``trust`` is the list of the configuration's ``ping_trust``, empty for the bundled roots; ``feed`` feeds the
    watchdog; ``log`` is a Log.
    """
    host, port, path = parts(url)

    def ping():
        from umail import MailError, Route, load_transient
        from umail.blocking import Wire

        try:
            route = Route(host, port, security="tls", trust=list(trust) or None)
            wire = Wire(_WAIT, feed)
            wire.limit(_LONGEST)
            status = wire.run(load_transient("net.http").get(route, path, _WAIT))
            if 200 <= status < 300:
                return
            why = "HTTP %d" % status
        except MailError as error:
            why = error.stage
        except (OSError, MemoryError, ValueError) as error:
            why = repr(error)
        log.show("the ping of %s did not succeed: %s" % (host, why))

    return ping
