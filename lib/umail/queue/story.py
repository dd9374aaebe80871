"""What an outbox has to say in a mail of others, and its heartbeats; loaded for it, then dropped."""

_DAY = 86400
# Seconds until a heartbeat that could not be kept is tried again.
_AGAIN = 900


def tell(box, entry, message, note):
    """Put what the next mail must tell below the text of ``message``, the mail of ``entry``: ``note`` first."""
    _tell(message, note + _story(box, entry))


def beat(box, now, date):
    """Write the heartbeat that is due."""
    message = box.heartbeat()
    for name, end in box.expires:
        if date is None or end - date >= 30 * _DAY:
            continue
        days = (end - date) // _DAY
        if days < 2:
            _tell(message, "%s expires within two days, or has expired: renew it.\n" % name)
        else:
            _tell(message, "%s expires in %d days: renew it.\n" % (name, days))
    try:
        box.write(message, None, 0, 0, 0, now)
    except (OSError, MemoryError):
        # What is there comes first; each attempt may erase a block.
        box.beat = now + _AGAIN
        return
    box.beat = now + box.policy.spread(box.every)
    box.save()


def _story(box, entry):
    text = ""
    if entry.more and entry.group:
        text = "Such mails that were held back in %d minutes: %d; this is the last of them.\n" % (
            (box.now() - entry.since) // 60,
            entry.more,
        )
    notes = box.notes
    for count, words in (
        (notes.dropped, "were dropped, as the outbox was full"),
        (notes.damaged, "were damaged on flash and could not be sent"),
        (box.spool.unread, "cannot be read from flash, which is tried again"),
        (notes.buried, "could not be delivered, or not to all"),
        (notes.waiting, "wait until a person changes something, or do so for some of their recipients"),
    ):
        if count:
            text += "Mails that %s: %d.\n" % (words, count)
    if notes.buried or notes.waiting:
        text += "The last: %s\n" % notes.why
    if notes.outage:
        text += notes.outage + "\n"
    return text


def _tell(message, note):
    # What the outbox has to say stands below the text.
    if not note:
        return
    if message.text is not None or message.html is None:
        message.text = (message.text or "") + "\n\n" + note
    else:
        message.html += "<pre>%s</pre>" % note.replace("&", "&amp;").replace("<", "&lt;")
