"""What each refusal is taken for, and the remedy told."""

import sys

from check import equal, inside
from umail import advice
from umail.replies import classify, retry_after

# "kind key", and below it replies as servers word them, each after the stage at which it comes
REPLIES = """\
configuration auth_mechanism
  auth 504 5.7.4 Unrecognized authentication type
configuration credentials
  auth 535 5.7.3 Authentication unsuccessful [SY5P282CA0097.AUSP282.PROD.OUTLOOK.COM]
  auth 535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. [X 08DE]
configuration smtp_auth_tenant
  auth 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.
configuration smtp_auth_mailbox
  auth 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.
configuration basic_auth_off
  auth 535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [X]
  auth 550 5.7.30 Basic authentication is not supported for Client Submission. [X]
configuration security_defaults
  auth 535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy.
  auth 535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully.
configuration credentials
  auth 535 5.7.139 Authentication unsuccessful, some new reason
configuration tls_too_old
  mail 421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS 1.2.
configuration starttls_needed
  mail 451 5.7.3 STARTTLS is required to send mail [X]
configuration wrong_region
  rcpt 451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35.
temporary unlicensed
  data 451 4.7.0 Temporary server error. Please try again later. PRX2 [X]
temporary token_expired
  auth 535 5.7.142 Token will expire soon
  auth 535 5.7.143 Token expired
configuration token_permissions
  auth 535 5.7.144 Invalid API permissions
  auth 550 5.7.240 Application not allowed
configuration external_recipient
  rcpt 550 5.5.105 External sending is not supported
configuration login_needed
  mail 530 5.7.57 Client not authenticated to send mail. [X]
configuration ehlo_name
  ehlo 501 5.5.4 Invalid domain name [X]
configuration send_as
  body 550 5.7.60 SMTP; Client does not have permissions to send as this sender
  body 554 5.2.252 SendAsDenied; STOREDRV.Submission.Exception:SendAsDeniedException
temporary connections
  mail 432 4.3.2 Concurrent connections limit exceeded. [Hostname=X]
  mail 432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded [Hostname=X]
temporary daily_limit
  body 554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message
  rcpt 550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients
configuration sent_items_full
  body 554 5.2.2 mailbox full
configuration sender_blocked
  mail 550 5.1.8 Access denied, bad outbound sender
  body 554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; Failed to process message
configuration sender_throttled
  mail 550 5.2.251 Sender throttled due to continuous invalid recipients errors
  mail 550 5.2.255 something else
temporary daily_limit
  rcpt 550 5.7.232 Your message can't be sent because your trial tenant has exceeded its external recipient limit
  rcpt 550 5.7.233 Your message can't be sent because your tenant has exceeded its tenant external recipient rate limit
configuration reject_direct_send
  body 550 5.7.68 TenantInboundAttribution; Direct Send not allowed for this organization from unauthorized sources
configuration relay_denied
  rcpt 550 5.7.64 TenantAttribution; Relay Access Denied [X]
  rcpt 550 5.7.64 Relay Access Denied ATTR36. For more details, please contact Microsoft customer support.
configuration partner_connector
  rcpt 550 5.7.51 TenantInboundAttribution; There is a partner connector configured; Rejecting
permanent no_such_recipient
  rcpt 550 5.4.1 Recipient address rejected: Access denied. [X]
configuration ip_blocked
  rcpt 550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus.
  rcpt 550 5.7.606 Access denied, banned sending IP [192.0.2.1]
  rcpt 550 5.7.649 Access denied, banned sending IP [192.0.2.1]
  rcpt 550 5.7.511 Access denied, banned sender[192.0.2.1]
temporary rate
  mail 451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (S77719)
  mail 450 4.5.127 Message rejected. Excessive message rate from sender. [X]
temporary ipv6
  rcpt 450 4.7.26 Service does not accept messages sent over IPv6 [2001:db8::1] unless they pass either SPF or DKIM
  rcpt 450 4.7.25 Service unavailable, sending IPv6 address [2001:db8::1] must have reverse DNS record
configuration recipient_tls
  rcpt 454 4.7.0 Failed to establish appropriate TLS channel: Access Denied
configuration sender_unverified
  body 550 5.7.509 Access denied, sending domain contoso.com does not pass DMARC verification
permanent bad_from
  body 550 5.7.512 Access denied, message must be RFC 5322 section 3.6.2 compliant and include a valid From address
temporary too_many_recipients
  rcpt 452 4.5.3 Too many recipients
temporary recipient_rate
  rcpt 550 5.2.121 RecipLimitPerHour
  rcpt 550 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour
permanent bare_line_feed
  body 550 5.6.11 SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds
configuration tenant_blocked
  rcpt 550 5.7.705 Access denied, tenant has exceeded threshold
  rcpt 550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.
  rcpt 550 5.7.750 Service unavailable. Client blocked from sending from unregistered domains.
configuration group_internal_only
  rcpt 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required
configuration gmail_app_password
  auth 534 5.7.9 Application-specific password required. For more information, go to
  auth 535 5.7.8 Username and Password not accepted. For more information, go to
configuration gmail_web_login
  auth 534 5.7.14 Please log in with your web browser and then try again.
configuration starttls_needed
  mail 530 5.7.0 Must issue a STARTTLS command first. x - gsmtp
configuration login_needed
  mail 530 5.7.0 Authentication Required. x - gsmtp
  mail 530 5.5.1 Authentication Required.
temporary server_busy
  ehlo 421 4.7.0 Try again later, closing connection. x - gsmtp
temporary recipient_full
  rcpt 452 4.2.2 The email account that you tried to reach is over quota.
  rcpt 552 5.2.2 The email account that you tried to reach is over quota.
temporary auth_temporary
  auth 454 4.7.0 Cannot authenticate due to temporary system problem. Try again later.
temporary daily_limit
  body 550 5.4.5 Daily user sending limit exceeded. x - gsmtp
permanent attachment_refused
  body 552 5.7.0 This message was blocked because its content presents a potential security issue.
permanent size
  mail 552 5.2.3 Your message exceeded Google's message size limits.
configuration sender_unverified
  body 550 5.7.26 This mail has been blocked because the sender is unauthenticated.
permanent no_such_recipient
  rcpt 550 5.1.1 <x@contoso.com>: Recipient address rejected: User unknown in local recipient table
configuration recipient_refused
  rcpt 550 no
  rcpt 553 no
permanent no_such_recipient
  rcpt 550 Unrouteable address
temporary greylisted
  rcpt 450 4.2.0 <x@contoso.com>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch
configuration relay_denied
  rcpt 554 5.7.1 <x@contoso.com>: Relay access denied
  rcpt 550 relay not permitted
permanent size
  mail 552 5.3.4 Message size exceeds fixed limit
  mail 552 Message size exceeds maximum permitted
configuration send_as
  mail 553 5.7.1 <a@b>: Sender address rejected: not owned by user c
configuration sender_domain
  rcpt 550 5.1.8 <a@b>: Sender address rejected: Domain not found
temporary sender_domain
  rcpt 450 4.1.8 <a@b>: Sender address rejected: Domain not found
configuration ehlo_name
  rcpt 504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname
permanent content_refused
  body 554 5.7.1 Spam message rejected
configuration server_rule
  body 550 5.7.1 Our rules forbid it
configuration server_rule
  body 550 5.7.1 Against our policy
  body 554 Email rejected due to security policies
  body 550 5.7.1 [HM08] Message rejected due to local policy.
permanent policy
  body 550 5.7.1 TRANSPORT.RULES.RejectMessage; the message was rejected by organization policy
  body 554 5.7.9 Message not accepted for policy reasons.
temporary starttls_temporary
  starttls 454 4.7.0 TLS not available due to local problem
configuration credentials
  auth 535 Incorrect authentication data
temporary server_busy
  greeting 421 4.3.2 Service shutting down
configuration no_service
  greeting 554 No SMTP service here
temporary server_busy
  data 452 4.3.1 Insufficient system storage
configuration protocol
  mail 555 5.5.4 Unsupported option: BODY=BINARYMIME
temporary temporary
  rcpt 459 4.9.9 whatever
configuration unexplained
  body 569 whatever
configuration app_password
  auth 535 Login fail. Account is abnormal, service is not open, password is incorrect, login frequency limited
temporary rate
  mail 550 Sender frequency limited.
"""
# Refusals that have a recipient's words, or a filter's, and speak of the sender: no mail is given up for them.
OF_THE_SENDER = """\
configuration sender_refused
  rcpt 550 Requested action not taken: mailbox unavailable Sender address has null MX
  rcpt 550 Requested action not taken: mailbox unavailable Mailbox of sender is unavailable
  rcpt 550 5.1.1 sender address does not exist
  rcpt 550 Sender's mailbox does not exist
  rcpt 550 5.1.1 The From address does not exist
  rcpt 550 your account is no longer active
  rcpt 550 5.2.1 your mailbox is deactivated
  rcpt 550 Your subscription is no longer valid
  body 550 5.1.1 <esp32@contoso.com> sender rejected
  body 550 5.1.1 your domain does not exist in our system
  body 554 5.7.1 The sender's account is blocked due to virus infection
configuration sender_domain
  rcpt 550 Domain may not exist or DNS check failed [MAFPNLBvmKx9 IP: 203.0.113.7].
  rcpt 550 Callback setup failed while verifying <esp32@contoso.com> The initial connection, or a HELO or MAIL FROM:<>
configuration send_as
  body 550 Rejected due to policy: From domain does not match authenticated user
configuration ip_blocked
  body 554 5.7.1 Your IP does not meet our policies
  body 550 5.7.1 This message has been blocked because your IP address is listed; contact us. spam
temporary server_busy
  body 554 5.7.1 Could not scan message for viruses
  body 550 5.7.1 Content-Filter error: policy server not available
temporary recipient_full
  rcpt 552 5.2.2 The sender's mail is refused: quota exceeded
permanent size
  body 552 5.3.4 The sender's message exceeds the size limit
permanent no_such_recipient
  rcpt 550 5.1.1 No such user, see https://senders.example.com/error-codes
"""
TOKENS = (
    ("AADSTS7000215: Invalid client secret provided.", "configuration", "token_secret"),
    ("AADSTS65001: The user or administrator has not consented", "configuration", "token_consent"),
    ("AADSTS700016: Application with identifier 'x' was not found", "configuration", "token_application"),
    ("authorization_declined", "configuration", "token_refused"),
    ("expired_token", "configuration", "token_code_expired"),
    ("AADSTS700082: The refresh token has expired due to inactivity.", "configuration", "token_revoked"),
    ("AADSTS50057: The user account is disabled.", "configuration", "token_account"),
    ("AADSTS90033: A transient error has occurred.", "temporary", "token_busy"),
    ("AADSTS700025: Client is public", "configuration", "token_no_secret"),
    ("something new", "configuration", "token_rejected"),
)


def split(reply):
    """A reply line → code, enhanced code, text, as the reply parser hands them over."""
    code, _, text = reply.partition(" ")
    enhanced, _, rest = text.partition(" ")
    parts = enhanced.split(".")
    if len(parts) == 3 and parts[0] in ("4", "5") and parts[1].isdigit():
        return int(code), enhanced, rest
    return int(code), "", text


def judged(replies):
    wanted = None
    for line in replies.split("\n")[:-1]:
        if line[0] != " ":
            wanted = tuple(line.split(" "))
        else:
            stage, _, reply = line.strip().partition(" ")
            code, enhanced, text = split(reply)
            equal(classify(stage, code, enhanced, text), wanted, line)


def test_every_reply_is_known_for_what_it_is():
    judged(REPLIES)


def test_what_speaks_of_the_sender_is_not_taken_for_the_recipients_or_the_mails_fault():
    judged(OF_THE_SENDER)


def test_token_endpoints_have_rows_of_their_own():
    for text, kind, key in TOKENS:
        equal(classify("token", 400, "", text), (kind, key), text)
    equal(classify("auth", 535, "", "AADSTS7000215")[1], "credentials")


def test_the_status_of_a_token_endpoint_decides_first():
    for status in (429, 500, 503):
        equal(classify("token", status, "", "AADSTS700082"), ("temporary", "token_busy"), status)
    equal(classify("token", 0, "", "AADSTS700082"), ("configuration", "token_revoked"))


def test_what_servers_say_of_a_wrong_password_too_has_a_key_of_its_own():
    for code, text in ((454, "Invalid username or password"), (451, "Internal server error"), (454, "Bad credentials")):
        equal(classify("auth", code, "", text), ("temporary", "login_unsure"), text)
    equal(classify("auth", 451, "4.3.2", "x"), ("temporary", "login_unsure"))
    equal(classify("auth", 454, "4.7.0", "Temporary authentication failure"), ("temporary", "auth_temporary"))


def test_a_table_that_does_not_fit_gives_no_mail_up():
    from umail import replies

    def no_memory(name):
        raise MemoryError

    kept = replies.load_transient
    replies.load_transient = no_memory
    try:
        equal(classify("body", 552, "5.3.4", ""), ("configuration", "configuration"))
        equal(classify("body", 452, "4.3.1", ""), ("temporary", "temporary"))
        equal(classify("token", 400, "", ""), ("configuration", "configuration"))
    finally:
        replies.load_transient = kept


def test_what_means_tomorrow_says_so():
    equal(retry_after("daily_limit"), 86400)
    equal(retry_after("recipient_rate"), 3600)
    equal(retry_after("credentials"), 0)
    equal(retry_after("no such key"), 0)


def test_the_advice_is_one_sentence_in_either_language():
    for key in ("clock", "credentials", "uncertain", "temporary", "permanent", "configuration", "security"):
        english, german = advice.text(key), advice.text(key, "de")
        equal(english[-1] + german[-1], "..", key)
        equal(english == german, False)
    inside("Exchange 3 je Postfach", advice.text("connections", "de"))
    equal(advice.text("clock", "fr"), advice.text("clock", "en"))
    equal(advice.text("no such key"), "")


def test_a_firmware_with_one_language_frozen_in_gives_its_advice_for_the_other():
    load = advice.load_transient

    def frozen(name):
        if name == "tables.advice_de":
            raise ImportError(name)
        return load(name)

    advice.load_transient = frozen
    try:
        equal(advice.text("clock", "de"), advice.text("clock"))
        equal(advice.text("no such key", "de"), "")
    finally:
        advice.load_transient = load


def test_tables_leave_memory_after_use():
    advice.text("clock")
    advice.text("clock", "de")
    classify("auth", 535, "", "")
    classify("token", 400, "", "")
    for name in ("advice_en", "advice_de", "replies", "tokens"):
        equal("umail.tables." + name in sys.modules, False, name)
        package = sys.modules.get("umail.tables")
        equal(name in package.__dict__ if package else False, False, name)


def test_asking_costs_no_memory():
    if sys.implementation.name != "micropython":
        return
    import gc

    def used():
        gc.collect()
        return gc.mem_alloc()

    # The first time, the names of the modules are interned.
    advice.text("credentials")
    classify("auth", 535, "5.7.3", "Authentication unsuccessful")
    before = used()
    for _ in range(3):
        advice.text("credentials")
        classify("auth", 535, "5.7.3", "Authentication unsuccessful")
    equal(used() - before < 500, True, str(used() - before))
