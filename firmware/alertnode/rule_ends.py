"""Finds when a board on battery must wake for a time that ends; loaded if a rule has one, or there are summaries."""


def sooner(app, seconds):
    """Return ``seconds`` until the next reading of ``app``, an App, or fewer if a time ends before."""
    now = app.clock.uptime()
    ends = [end for rule in app.rules for end in _ends(rule)]
    if app.day and app.day.since is not None and app.clock.now() is not None:
        ends.append(app.clock.moment(app.day.due()))
    for end in ends:
        # (A second later it has ended for sure.)
        if now < end < now + (seconds - 1) * 1000:
            seconds = (end - now) // 1000 + 1
            # A board that sleeps lightly goes on where it was.
            for source in getattr(app.sensor, "sources", ()):
                source.due = None
    return seconds


def _ends(rule):
    """Return the moments (uptime) at which ``rule`` may have something to tell only because time has passed."""
    if not rule.active:
        begun = rule.running()
        return () if begun is None else (begun + rule.lasts,)
    if rule.known or rule.told is None:
        return ()
    ends = [rule.told + rule.repeat] if rule.repeat else []
    if rule.then and not rule.stepped:
        ends.append((rule.told if rule.since is None else rule.since) + rule.then[0])
    return ends
