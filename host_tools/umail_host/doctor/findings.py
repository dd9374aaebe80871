"""What a diagnosis makes of what it finds: whose certificate that is, what kind of address, and the remedies."""

from __future__ import annotations

import datetime
import ipaddress
import math

from cryptography import x509
from cryptography.x509.oid import NameOID

from umail_host import terminal
from umail_host.doctor.check import FAILED, OK, WARNING, Check

_SOON = 14  # days before the end of a certificate from which it is reported
_RENEW = 30  # the same for what the configuration has a date of, as on the board
# Who signs the certificates of the servers that the routes know; another issuer there is a middleman.
_ISSUERS = ("digicert", "microsoft", "google", "globalsign", "let's encrypt", "isrg")
# Servers that are never in a private network.
_PUBLIC = (".office365.com", ".outlook.com", ".mx.microsoft", ".gmail.com", ".azurecomm.net", ".microsoftonline.com")

_FIREWALL = (
    "a firewall rewrites the mail dialogue, as Cisco's inspection of SMTP does: have that inspection switched off "
    "for this connection, since it removes TLS"
)
_RADIO = "an ESP32 knows 2.4 GHz only"
REMEDIES = {
    "firewall_banner": _FIREWALL,
    "firewall_starttls": _FIREWALL,
    "port_25": (
        "this network lets mail out elsewhere but not on port 25, which most providers and clouds block: send by "
        "m365.submission on port 587, or have port 25 to this host opened"
    ),
    "port_blocked": (
        "other mail servers can be reached from here: check mail.host and mail.port, or have the firewall let this "
        "host and port through"
    ),
    "offline": "no mail server can be reached from here: check the network's way out, and whether its firewall blocks",
    "captive_portal": (
        "a web server answers in place of the mail server, as a hotel's or guest network's sign-in page does: sign the "
        "board in there (by its MAC address, as it has no browser), or use a network without such a page"
    ),
    "captive_dns": (
        "that address lies in a private network, but the server is a public one: a sign-in page or a security "
        "appliance answers DNS here; sign the network in, have the appliance exempt the host, or ask another DNS server"
    ),
    "not_smtp": "this port leads to another service than mail: check mail.host and mail.port (587 for submission)",
    "tls_at_once": 'this port speaks TLS from the first byte: set mail.security to "tls", or use port 587',
    "silent_port": (
        "something takes the connection and says nothing, as a firewall's proxy does, or a mail server that is "
        "overloaded: try again, and have the firewall let this host and port through without inspection"
    ),
    "mx_moved": "if Microsoft moved your domain, provision the board again, which pins the new host",
    "wifi": f"check wifi.ssid, the password (umail deploy --secret wifi_password) and the distance; {_RADIO}",
    "ethernet": "check the cable, what it is plugged into, and the configuration's section ethernet (docs/firmware.md)",
    "modem": "check the antenna, the SIM and the configuration's section modem (docs/modem.md)",
    "wifi_weak": "bring the board or the access point nearer, or give the board an external antenna",
    "ntp": "the network may block NTP (UDP port 123): set clock.ntp to a server that it lets through, often the router",
    "clock_apart": "either the time server or this computer is wrong: compare both with another clock",
    "interception": (
        "a firewall or virus scanner opens TLS here and signs with its own root: have it exempt this host from "
        "inspection; with that root in mail.trust it would read every mail and password"
    ),
    "interception_there": (
        "the network that the board is in opens TLS, this computer's does not: use another network for the board, or "
        "have its firewall exempt this host from inspection; if both are in the same one, umail deploy brings new roots"
    ),
    "other_root": (
        "mail.trust does not have the root of this certificate: if the server is yours, put its root there "
        "(umail provision --file root.der:/certs/root.der); if its issuer is a firewall, have it exempt this host"
    ),
    "certificate_soon": "the server's owner must renew it; nothing to do on the board",
}


def certificate(state: str, text: str, key: str, der: bytes, host: str, trusted: bool) -> tuple[str, str, str]:
    """Return a check with issuer and days left; a middleman's certificate is known by its issuer.

    Args:
        state, text, key: of the stage so far.
        der: the server's certificate.
        host: the name that it should be for; empty if that was verified.
        trusted: the user has roots of their own in the configuration.
    """
    try:
        found = x509.load_der_x509_certificate(der)
    except ValueError:
        return state, text, key
    end = found.not_valid_after_utc
    left = (end - datetime.datetime.now(datetime.UTC)).total_seconds()
    by = "itself" if found.issuer == found.subject else _issuer(found)
    text = f"{text}, issued by {by}, {_ends(end, left)}"
    if state == OK and left < _SOON * 86400:
        return WARNING, text, "certificate_soon"
    if key == "cert_unknown_root" and not any(name in by.lower() for name in _ISSUERS):
        # The wrong name is the older trouble: then it is another server, or nobody's.
        if host and not _covers(found, host):
            return state, f"{text}, for {_names(found)}", "cert_name"
        return state, text, "other_root" if trusted else "interception"
    return state, text, key


def _ends(date: datetime.datetime, left: float) -> str:
    return f"ends {date:%Y-%m-%d} ({terminal.days(left)} left)" if left > 0 else f"ended {date:%Y-%m-%d}"


def expiry(name: str, ends: float, now: float) -> Check:
    """Return a check about a date in the configuration; ``ends`` and ``now`` in Unix seconds."""
    date = datetime.datetime.fromtimestamp(ends, datetime.UTC)
    days = math.floor((ends - now) / 86400)
    text = f"{name} {_ends(date, ends - now)}"
    if days >= _RENEW:
        return Check("expires", OK, text, where="host")
    remedy = f"renew it, then umail provision with the new one and its date under expires.{name!r}"
    return Check("expires", FAILED if days < 0 else WARNING, text, remedy, "host")


def seen_elsewhere(text: str, key: str, other: Check | None, trusted: bool) -> tuple[str, str]:
    """Return text and key of a certificate that nobody trusted has signed, if only this computer sees whose it is.

    Args:
        text, key: as the board told them.
        other: the same stage as this computer found it, if it did.
        trusted: as of ``certificate``.
    """
    if other is None:
        return text, key
    issuer = other.text.partition(", issued by ")[2]
    if other.state == FAILED:
        return (f"{text}; seen from this computer: issued by {issuer}", other.key) if issuer else (text, key)
    if trusted:
        return f"{text}; this computer trusts it, issued by {issuer}", "other_root"
    return f"{text}; this computer meets a good one, issued by {issuer}", "interception_there"


def wifi(text: str) -> tuple[str, str]:
    """Return what a board says of a Wi-Fi that it could not join, and the remedy, which may be the end of it."""
    what, _, own = text.rpartition(": ")
    if "--secret " in own:
        return what, own
    if "wifi.ssid" in own:
        return what, f"{own}; {_RADIO}"
    return text, REMEDIES["wifi"]


def new_secret(key: str, name: str) -> str:
    """Return a sentence to follow the advice ``key`` on a refused login; ``name``: of the secret that was tried."""
    if key in ("credentials", "app_password") and name.startswith("mail_password"):
        return f" A new password: umail deploy --secret {name}."
    return ""


def address(text: str) -> tuple[str, str, str]:
    """Return the stage ``name`` with a warning if a public server has an address of a private network.

    Args:
        text: such as "smtp.office365.com is at 52.97.1.2, 52.97.1.3".
    """
    host, _, listed = text.partition(" is at ")
    if not host.lower().endswith(_PUBLIC):
        return OK, text, ""
    for one in listed.split(", "):
        try:
            if ipaddress.ip_address(one).is_private:
                return WARNING, text, "captive_dns"
        except ValueError:
            continue
    return OK, text, ""


def _covers(found: x509.Certificate, host: str) -> bool:
    # RFC 9525, 6.3: a wildcard stands for one label, the first.
    rest = host.lower().partition(".")[2]
    return any(name in (host.lower(), f"*.{rest}") for name in _listed(found))


def _listed(found: x509.Certificate) -> list[str]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return [str(one.value).lower() for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    addresses = [str(one) for one in names.get_values_for_type(x509.IPAddress)]
    return [name.lower() for name in names.get_values_for_type(x509.DNSName)] + addresses


def _names(found: x509.Certificate) -> str:
    return ", ".join(_listed(found)[:3]) or "no name"


def _issuer(found: x509.Certificate) -> str:
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if names := found.issuer.get_attributes_for_oid(kind):
            return str(names[0].value)
    return "an unnamed authority"
