"""The route of the configuration's section ``mail``, with its secrets."""


def build(mail, secret, umail):
    """An umail Route.

    ``mail`` is the checked section; ``secret(name)`` gives a secret or None; ``umail`` is the library.
    ValueError, with a sentence, where the parts do not make a route.
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
    if kind in ("m365.direct_send", "m365.relay"):
        return getattr(umail.m365, kind[5:])(mail["domain"], **more)
    if mail["username"]:
        _login(mail["username"], secret, more)
    if kind == "m365.submission":
        return umail.m365.submission(more.pop("username"), **more)
    return umail.Route(more.pop("host"), **more)


def _login(username, secret, more):
    more["username"] = username
    token = secret("mail_token")
    if token:
        # A token that was stored is all there is: asked for a fresh one, the same comes again.
        more["token"] = lambda refresh=False: token
        return
    more["password"] = secret("mail_password")
    if not more["password"]:
        raise ValueError("the secret mail_password (or mail_token) is missing: store it by umail provision, then reset")
