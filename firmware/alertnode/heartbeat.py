"""Makes the mail that says that all is well, so that silence means something; loaded when one is due."""

from alertnode.app import shown


def message(app):
    """Return the Message about ``app``, an App."""
    now = ", ".join([shown(reading) for reading in app.readings.values()]) or "no reading yet"
    active = [rule.name for rule in app.rules if rule.active]
    text = "%s is at work.\n\nSensor:    %s\nAlerts:    %s\nBoard:     %s\n" % (
        app.board,
        now,
        "%s (under way)" % ", ".join(active) if active else "none under way",
        app.about(),
    )
    return app.mailer.message("At work, %s (%s)" % (now, app.board), text)
