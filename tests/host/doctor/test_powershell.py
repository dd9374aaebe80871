"""The administrator's script: the right cmdlets for each route, the user's names in it, and nothing that could run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from umail_host.doctor.powershell import Names, quoted, script, scripts
from umail_host.settings import Oauth, Route

SUBMISSION = Route("m365.submission", username="esp32@contoso.com")
RELAY = Route("m365.relay", domain="contoso.com", sender="freezer@contoso.com")


def test_submission_by_password_switches_smtp_auth_on_for_this_mailbox():
    text = script(SUBMISSION, Names("freezer-3"))
    assert "Set-CASMailbox -Identity 'esp32@contoso.com' -SmtpClientAuthenticationDisabled $false\n" in text
    assert "Get-TransportConfig" in text
    assert "ServicePrincipal" not in text
    # What touches the whole tenant is for the administrator to decide.
    assert not re.search(r"^Set-(TransportConfig|OrganizationConfig)", text, re.MULTILINE)


def test_submission_by_token_needs_a_service_principal():
    text = script(SUBMISSION, Names("freezer-3", token=True, app_id="1-2-3", object_id="4-5-6"))
    assert "$App = '1-2-3'\n$Object = '4-5-6'\n" in text
    assert "New-ServicePrincipal -AppId $App -ObjectId $Object -DisplayName 'umail freezer-3'\n" in text
    assert "Add-MailboxPermission -Identity 'esp32@contoso.com' -User $Object -AccessRights FullAccess\n" in text


def test_a_sign_in_needs_a_public_client_and_no_service_principal():
    text = script(SUBMISSION, Names("freezer-3", token=True, person=True))
    assert "Allow public client flows: Yes" in text
    assert "SMTP.Send and offline_access" in text
    assert "ServicePrincipal" not in text


def test_high_volume_email_lets_the_application_in_or_a_policy_the_password():
    mail = Route("m365.hve", username="boards@contoso.com")
    text = script(mail, Names("freezer-3", token=True, app_id="1-2-3"))
    assert "\nAdd-HVEAppAccess -Identity 'boards@contoso.com' -AppIds '1-2-3'\n" in text
    assert "Mail.Send" in text
    assert "#   New-MailUser -HVEAccount -Name 'umail freezer-3' -PrimarySmtpAddress 'boards@contoso.com'" in text
    assert "CASMailbox" not in text
    text = script(mail, Names("freezer-3"))
    assert "-AllowBasicAuthSmtp" in text
    assert "Add-HVEAppAccess" not in text


def test_each_route_has_its_script_and_each_its_own_login():
    first = replace(SUBMISSION, oauth=Oauth(client_id="1-2-3"))
    text = scripts([first, replace(SUBMISSION, username="b@contoso.com", suffix="_2")], Names("freezer-3"))
    assert text.count("# freezer-3: what m365.submission needs") == 2
    assert "$App = '1-2-3'" in text.partition("b@contoso.com")[0]
    assert "ServicePrincipal" not in text.partition("b@contoso.com")[2]
    assert scripts([Route("smtp")], Names()) == ""


def test_another_sender_needs_send_as():
    text = script(replace(SUBMISSION, sender="alerts@contoso.com"), Names())
    assert "Add-RecipientPermission -Identity 'alerts@contoso.com' -Trustee 'esp32@contoso.com'" in text
    assert "RecipientPermission" not in script(replace(SUBMISSION, sender="ESP32@contoso.com"), Names())


def test_direct_send_looks_at_the_tenants_switch_and_shows_the_spf_record():
    mail = Route("m365.direct_send", domain="contoso.com", sender="freezer@contoso.com")
    text = script(mail, Names(address="203.0.113.7"))
    assert "Get-OrganizationConfig | Format-List RejectDirectSend\n" in text
    assert "#   v=spf1 ip4:203.0.113.7 include:spf.protection.outlook.com -all\n" in text
    assert "Where-Object DomainName -eq 'contoso.com'" in text


def test_a_relay_has_a_connector_by_address_or_by_certificate():
    text = script(RELAY, Names("freezer-3", address="203.0.113.7"))
    assert "-ConnectorType OnPremises -SenderDomains '*' -SenderIPAddresses '203.0.113.7'\n" in text
    text = script(replace(RELAY, certificate=("/c.der",)), Names(certificate="boards.contoso.com"))
    assert "-TlsSenderCertificateName 'boards.contoso.com'\n" in text
    assert "SenderIPAddresses" not in text


def test_a_server_that_is_not_microsofts_has_no_script():
    assert script(Route("smtp", host="mail.example.org"), Names()) == ""


@pytest.mark.parametrize(
    "evil", ["x'; Remove-Mailbox 'y", "x’; Remove-Mailbox ’y", "x\nRemove-Mailbox y", "$(Remove-Mailbox)"]
)
def test_a_name_never_becomes_a_command(evil):
    text = script(replace(SUBMISSION, username=evil, sender=evil + "2"), Names(board=evil, token=True, app_id=evil))
    text += script(replace(RELAY, sender=f"a@{evil}", domain=evil), Names(board=evil, address=evil, certificate=evil))
    for line in text.splitlines():
        # PowerShell's rule: outside of comments, what is left without the literal texts must not hold the command.
        rest = "" if line.startswith("#") else re.sub(r"'(?:[^'‘’‚‛]|['‘’‚‛]{2})*'", "''", line)
        assert "Remove-Mailbox" not in rest


def test_quotes_are_doubled():
    assert quoted("O'Neil") == "'O''Neil'"
