"""Loads what mails on a board on battery that has slept; the smallest heap must hold it, and a reading waits for it."""

# So often it is tried for an alert, a second apart.
_PATIENCE = 600


def load(later, make, line):
    """Call ``make()``, which replaces ``later``, an Asleep, again and again; raises what it does after ten minutes.

    ``line`` says what the mail is about.
    """
    app = later._app
    left = _PATIENCE
    while app.mailer is later:
        try:
            make()
        except (MemoryError, OSError):
            app.mailer = later
            if left == _PATIENCE:
                app.log.show("%s: what mails cannot be loaded, kept in RAM only" % line)
            if not left:
                raise
            left -= 1
            app.feed()
            app.port.sleep(1000)


def add(app, settings, way, away):
    """Give ``app`` what mails: see mail_setup.add. What read and judged goes, as the smallest heap must hold it."""
    from alertnode import config_cache, make_room, unload

    settings = config_cache.whole(settings)
    unload("assemble", "options", "zone_rule", "rulebook", "sensors.find")
    unload("config_cache", "write_config_cache", "event_texts", "gone_texts")
    make_room()
    from alertnode import mail_setup

    mail_setup.add(app, settings, way, away, app.clock.uptime.seconds)
    unload(*mail_setup.ONCE)
