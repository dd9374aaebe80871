"""Does what a node seldom has to: its heartbeat, what a mail or Wi-Fi failed by, mails for which memory is short."""

from alertnode import texts
from alertnode.app import shown

_RETRY = 60
# The names of `network`'s constants, and the ESP-IDF reason codes that `status()` returns on boards without the name.
_REASONS = (
    ("STAT_WRONG_PASSWORD", (202, -3), "wrong password: umail deploy --secret %s"),
    ("STAT_NO_AP_FOUND", (201, 210, 211, 212, -2), "no access point with this name: check wifi.ssid and the distance"),
    ("STAT_HANDSHAKE_TIMEOUT", (204, 15), "the handshake timed out: a weak signal, or a wrong password"),
    ("STAT_ASSOC_FAIL", (203,), "the access point turned the board away"),
    ("STAT_BEACON_TIMEOUT", (200,), "the access point is no longer heard"),
    ("STAT_CONNECT_FAIL", (205, -1), "the connection failed"),
)


def heartbeat(app):
    """Return the Message that says that all is well with ``app``, an App, so that silence means something."""
    now = ", ".join([shown(reading) for reading in app.readings.values()]) or "no reading yet"
    active = [rule.name for rule in app.rules if rule.active]
    text = "%s is at work.\n\nSensor:    %s\nAlerts:    %s\nBoard:     %s\n" % (
        app.board,
        now,
        "%s (under way)" % ", ".join(active) if active else "none under way",
        app.about(),
    )
    return app.mailer.message("At work, %s (%s)" % (now, app.board), text)


def failed(mailer, line, what, result):
    """Say why a mail about ``line``, of the kind ``what``, was not sent, and what now: ``result`` is a MailError."""
    if mailer.doubt_time and result.key in ("cert_expired", "cert_future"):
        mailer.doubt_time()
    # (Its own text ends in the kind.)
    why = str(result).rpartition(" (")[0]
    mailer.say("%s: %s not mailed, %s failure at %s" % (line, texts.word(what), texts.word(result.kind), why))
    wait = mailer.wait()
    then = "nothing waits any more"
    if wait is not None:
        then = "%d waiting, next try in %s" % (mailer.pending(), texts.duration(wait))
    advice = result.advice
    # Another password ends these.
    if result.key in ("credentials", "app_password"):
        advice += " A new password: umail deploy --secret mail_password."
    mailer.say("%s Now %s." % (advice, then))


def send_loose(mailer):
    """Send what only RAM holds, as the flash refused it."""
    box = mailer.outbox
    while mailer.loose:
        message, _, _ = mailer.loose[0]
        if box.before_send:
            box.before_send(message)
        try:
            receipt = mailer.umail.send(box.route, message, box.timeout, box.deadline, box.tick)
        except mailer.umail.MailError as error:
            mailer.retry = box.now() + _RETRY
            mailer.report(message, error)
            return
        mailer.loose.pop(0)
        mailer.report(message, receipt)


def flush(mailer, budget):
    """Flush once more after memory ran out, with less to make: a summary must not take the node down.

    What has pictures or readings goes as its text alone, which says so.
    """
    mailer.say("memory is short: mails go without pictures and readings")
    box = mailer.outbox
    usual = box.before_send

    def bare(message):
        if message.attachments:
            note = "\nThe pictures and the readings are missing, as the board's memory was too short for them.\n"
            message.attachments = ()
            if message.text is None:
                # A mail of the owner's own program may have HTML alone.
                message.html += "<p>%s</p>" % note
            else:
                message.html, message.text = None, message.text + note
        if usual:
            usual(message)

    box.before_send = bare
    try:
        box.flush(budget)
    finally:
        box.before_send = usual


def no_wifi(network, status, secret):
    """Return why an access point did not take the board, by the ``status`` of the module ``network``; "" if unknown.

    ``secret`` is the name of the password's.
    """
    for name, codes, text in _REASONS:
        if status == getattr(network, name, None) or status in codes:
            return text % secret if "%s" in text else text
    return ""
