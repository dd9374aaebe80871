"""What the administrator of Microsoft 365 runs for a route: one PowerShell script with the user's own names in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from umail_host.settings import Route

# Stands where a name is known to the administrator alone.
APP_ID = "<Application (client) ID, from App registrations>"
OBJECT_ID = "<Object ID, from Enterprise applications>"
ADDRESS = "<your public IPv4 address, as umail doctor shows it>"
CERTIFICATE = "<subject name of the board's certificate>"


@dataclass(frozen=True)
class Names:
    """What the script is about, beside its route.

    Attributes:
        board: the board's name.
        address: the public address that the mail server sees; empty if it is not known.
        app_id, object_id: for OAuth, the application's client id, and its object id under Enterprise applications.
        token: whether the board logs in by OAuth rather than by password.
        person: with it, whether as a person who signed in once, rather than as the application.
        certificate: subject name of the client's certificate, for a relay that knows the board by it.
    """

    board: str = "umail"
    address: str = ""
    app_id: str = ""
    object_id: str = ""
    token: bool = False
    person: bool = False
    certificate: str = ""


def quoted(text: str) -> str:
    """Return ``text`` as PowerShell takes it literally: in single quotes, those within doubled, on one line.

    PowerShell ends such a text at typographic quotes too.
    """
    return "'" + "".join(c * 2 if c in "'‘’‚‛" else c for c in _one_line(text)) + "'"


def trace(message_id: str) -> str:
    """Return the line that follows a mail inside Microsoft 365; ``message_id`` has its angle brackets."""
    return f"Get-MessageTraceV2 -MessageId {quoted(message_id)} | Get-MessageTraceDetailV2"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def scripts(routes: Iterable[Route], names: Names) -> str:
    """Return the scripts for the routes of a board, each once; ``names`` are completed by each one's OAuth."""
    found: dict[str, None] = {}
    for route in routes:
        own = names
        if route.oauth:
            person = route.oauth.flow == "refresh_token"
            own = replace(names, token=True, person=person, app_id=names.app_id or route.oauth.client_id)
        elif route.suffix:
            own = replace(names, token=False)
        found[script(route, own)] = None
    return "\n".join(text for text in found if text)


def script(mail: Route, names: Names) -> str:
    """Return the script for a route; empty if Microsoft 365 has no part in it.

    Args:
        mail: the route; names: what else to fill in.
    """
    steps = {
        "m365.submission": _submission,
        "m365.hve": _hve,
        "m365.direct_send": _direct_send,
        "m365.relay": _relay,
    }.get(mail.route)
    if steps is None:
        return ""
    head = [
        _one_line(f"# {names.board}: what {mail.route} needs in Exchange Online."),
        "# Run it in PowerShell as an Exchange administrator. Once on each computer:",
        "#   Install-Module ExchangeOnlineManagement -Scope CurrentUser",
        "Connect-ExchangeOnline",
    ]
    return "\n".join([*head, *steps(mail, names), ""])


def _submission(mail: Route, names: Names) -> list[str]:
    user = quoted(mail.username)
    lines = [
        "",
        "# SMTP AUTH for this mailbox. Its own setting goes before the tenant's.",
        f"Set-CASMailbox -Identity {user} -SmtpClientAuthenticationDisabled $false",
        f"Get-CASMailbox -Identity {user} | Format-List SmtpClientAuthenticationDisabled",
        "# The tenant's, for all mailboxes without a setting of their own. To switch it on for them too:",
        "#   Set-TransportConfig -SmtpClientAuthenticationDisabled $false",
        "Get-TransportConfig | Format-List SmtpClientAuthenticationDisabled",
        "# An authentication policy may forbid it as well; False here forbids passwords:",
        "Get-AuthenticationPolicy | Format-List Name, AllowBasicAuthSmtp",
    ]
    sender = mail.sender
    if sender and sender.lower() != mail.username.lower():
        lines += [
            "",
            "# The board sends as another mailbox than it logs in to.",
            f"Add-RecipientPermission -Identity {quoted(sender)} -Trustee {user} -AccessRights SendAs -Confirm:$false",
        ]
    if not names.token:
        return lines + _password(user)
    if names.person:
        return lines + _person(user, "Microsoft Graph, Delegated permissions, SMTP.Send and offline_access")
    return lines + _service_principal(user, names)


def _hve(mail: Route, names: Names) -> list[str]:
    user = quoted(mail.username)
    lines = [
        "",
        "# The account for High Volume Email, if there is none yet: it is not a mailbox, and its recipients are those",
        "# of the tenant. It needs a billing policy: Exchange admin center, Mail flow, High Volume Email.",
        f"#   New-MailUser -HVEAccount -Name {quoted('umail ' + names.board)} -PrimarySmtpAddress {user} "
        "-Password (Read-Host -AsSecureString)",
        "Get-MailUser -HVEAccount | Format-List Name, PrimarySmtpAddress",
    ]
    if not names.token:
        return [
            *lines,
            "# The board logs in by password: an authentication policy for this account must allow it.",
            "#   New-AuthenticationPolicy -Name 'SMTP by password' -AllowBasicAuthSmtp",
            f"#   Set-User -Identity {user} -AuthenticationPolicy 'SMTP by password'",
            f"Get-User -Identity {user} | Format-List AuthenticationPolicy",
        ]
    if names.person:
        return lines + _person(user, "Office 365 Exchange Online, Delegated permissions, Mail.Send")
    return [
        *lines,
        "",
        "# OAuth. In the Entra admin center first: App registrations, the application, API permissions, add",
        "# Office 365 Exchange Online, Application permissions, Mail.Send, and grant admin consent. Then this account",
        "# lets the application in, within five minutes.",
        f"Add-HVEAppAccess -Identity {user} -AppIds {quoted(names.app_id or APP_ID)}",
    ]


def _person(user: str, permissions: str) -> list[str]:
    return [
        "",
        "# OAuth, as the mailbox itself. In the Entra admin center: App registrations, the application,",
        "# Authentication, Allow public client flows: Yes; then API permissions, add",
        f"# {permissions}.",
        "# No Conditional Access policy may block the device code flow.",
        "# Whoever signs in (umail provision shows the code) does it as:",
        f"Get-User -Identity {user} | Format-List UserPrincipalName",
    ]


def _password(user: str) -> list[str]:
    return [
        "",
        "# The board logs in by password: no multi-factor login may be asked of this account, and security defaults",
        "# must be off (Entra admin center, Properties). Microsoft switches passwords off by default at the end of",
        "# December 2026; a token (OAuth) stays.",
        f"Get-User -Identity {user} | Format-List AuthenticationPolicy",
    ]


def _service_principal(user: str, names: Names) -> list[str]:
    return [
        "",
        "# OAuth. In the Entra admin center first: App registrations, the application, API permissions, add",
        "# Office 365 Exchange Online, Application permissions, SMTP.SendAsApp, and grant admin consent.",
        "# The object id is the one under Enterprise applications: the one under App registrations does not work.",
        f"$App = {quoted(names.app_id or APP_ID)}",
        f"$Object = {quoted(names.object_id or OBJECT_ID)}",
        f"New-ServicePrincipal -AppId $App -ObjectId $Object -DisplayName {quoted('umail ' + names.board)}",
        f"Add-MailboxPermission -Identity {user} -User $Object -AccessRights FullAccess",
    ]


def _direct_send(mail: Route, names: Names) -> list[str]:
    domain = mail.domain
    return [
        *_accepted(mail),
        "",
        "# True refuses Direct Send for the whole tenant. If others may not send so, leave it on and use a connector",
        '# (route "m365.relay"). To allow Direct Send:',
        "#   Set-OrganizationConfig -RejectDirectSend $false",
        "Get-OrganizationConfig | Format-List RejectDirectSend",
        *_spf(domain, names),
    ]


def _relay(mail: Route, names: Names) -> list[str]:
    by_certificate = bool(names.certificate or mail.certificate)
    if by_certificate:
        what = f"-TlsSenderCertificateName {quoted(names.certificate or CERTIFICATE)}"
        about = [
            "# A connector that knows the board by its certificate. The domain in the certificate's subject must be an",
            "# accepted domain of the tenant.",
        ]
    else:
        what = f"-SenderIPAddresses {quoted(names.address or ADDRESS)}"
        about = [
            "# A connector that knows the board by its public address, which must be a fixed one of yours alone.",
        ]
    name = quoted("umail " + names.board)
    return [
        *_accepted(mail),
        "",
        *about,
        f"New-InboundConnector -Name {name} -ConnectorType OnPremises -SenderDomains '*' {what}",
        f"Get-InboundConnector -Identity {name} | Format-List",
        *_spf(mail.domain, names),
    ]


def _accepted(mail: Route) -> list[str]:
    domain = mail.sender.rpartition("@")[2] or mail.domain
    return [
        "",
        "# The sender's domain must be one that the tenant accepts mail for:",
        f"Get-AcceptedDomain | Where-Object DomainName -eq {quoted(domain)}",
    ]


def _spf(domain: str, names: Names) -> list[str]:
    address = names.address or ADDRESS
    mechanism = "ip6" if ":" in address else "ip4"
    return [
        "",
        _one_line(f"# In the DNS of {domain}, the TXT record of SPF, so that these mails do not land in junk:"),
        _one_line(f"#   v=spf1 {mechanism}:{address} include:spf.protection.outlook.com -all"),
    ]
