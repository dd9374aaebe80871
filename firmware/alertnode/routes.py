"""Builds the routes of the configuration's section ``mail``, with their secrets."""

from alertnode import platform

# What the secrets of the second route are called: ``mail_password_2`` and so on.
_SECOND = "_2"


def every(mail, secret, umail):
    """Return the Route, or if there is a ``fallback`` a list of both; arguments and errors as of ``build``."""
    route = build(mail, secret, umail)
    if not mail["fallback"]:
        return route
    return [route, build(mail["fallback"], secret, umail, _SECOND)]


def check_files(mail, key="mail"):
    """Raise ValueError, with a sentence, if a file that the section ``mail`` names is missing or not DER.

    OSError if it cannot be read.
    """
    for name in ("trust", "certificate", "private_key"):
        for path in [mail[name]] if isinstance(mail[name], str) else mail[name]:
            if path in ("", "insecure"):
                continue
            first = platform.fetch(path, 1)
            what = ""
            if first is None:
                what = "is not there: bring it by umail deploy --file HERE:" + path
            elif first != b"0":
                # Each of them is a SEQUENCE.
                what = "is not DER: umail deploy makes DER of PEM"
            if what:
                raise ValueError("the file %s of %s.%s %s" % (path, key, name, what))
    if mail.get("fallback"):
        check_files(mail["fallback"], key + ".fallback")


def build(mail, secret, umail, suffix=""):
    """Return an umail Route.

    ``mail`` is the checked section; ``secret(name)`` returns a secret or None; ``umail`` is the library; ``suffix`` is
    that of the secrets' names.
    Raises ValueError, with a sentence, if the parts do not make a route.
    """
    more = {}
    for key in ("host", "port", "security", "sender", "ehlo"):
        if mail[key]:
            more[key] = mail[key]
    if mail["trust"]:
        more["trust"] = mail["trust"][0] if len(mail["trust"]) == 1 else mail["trust"]
    if mail["certificate"]:
        more["certificate"] = (mail["certificate"], mail["private_key"])
    kind = mail["route"]
    if suffix and mail["username"] and not mail["sender"]:
        # Mails carry the first route's address; the envelope must have one that this login may use.
        more["sender"] = mail["username"]
    if kind in ("m365.direct_send", "m365.relay"):
        return getattr(umail.load_transient("m365"), kind[5:])(mail["domain"], **more)
    if mail["username"]:
        _login(mail, secret, suffix, more)
    if kind in ("m365.submission", "m365.hve"):
        return getattr(umail.load_transient("m365"), kind[5:])(more.pop("username"), **more)
    if kind == "gmail":
        return umail.routes.gmail(more.pop("username"), **more)
    if kind == "azure":
        return umail.routes.azure_communication(more.pop("username"), more.pop("password", None), **more)
    return umail.Route(more.pop("host"), **more)


def _login(mail, secret, suffix, more):
    more["username"] = mail["username"]
    if mail["oauth"]:
        from alertnode import tokens

        more["token"] = tokens.build(mail["oauth"], more.get("trust"), secret, suffix, route=mail["route"])
        return
    token = secret("mail_token" + suffix)
    if token:
        # A token that was stored is all there is: asked for a fresh one, the same comes again.
        more["token"] = lambda refresh=False: token
        return
    more["password"] = secret("mail_password" + suffix)
    if not more["password"]:
        text = "the secret mail_password%s (or mail_token%s) is missing: umail deploy --secret mail_password%s"
        raise ValueError(text % (suffix, suffix, suffix))
