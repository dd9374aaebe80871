"""When alerts of one kind become one mail, and when any do (see policy.py); loaded for a new mail, then dropped."""

_HOUR = 3600
_DAY = 86400
# So many keys are remembered at the most; the oldest is forgotten first.
_KEYS = 16
_ALERT = 1
_RECOVERY = 2


def admit(policy, now, key, recovery, urgent):
    """Do what ``Policy.admit`` does."""
    if key and policy.window:
        until = _key(policy, now, key, _RECOVERY if recovery else _ALERT)
        if until:
            return until, key
    if urgent or not policy.per_hour:
        return 0, key
    start, count = policy.hour
    if now >= start + _HOUR:
        start, count = now, 0
    if count >= policy.per_hour:
        return start + _HOUR, ""
    policy.hour = (start, count + 1)
    return 0, key


def begin(policy, key, message_id):
    """Do what ``Policy.begin`` does."""
    storm = policy.keys[key]
    _keep(policy, key, policy.storm(storm.start, storm.window, storm.had, storm.held, message_id))


def _key(policy, now, key, sort):
    storm = policy.keys.get(key)
    if not storm:
        if len(policy.keys) >= _KEYS:
            oldest = min(policy.keys, key=lambda name: policy.keys[name].start)
            policy.keys = {name: policy.keys[name] for name in policy.keys if name != oldest}
        storm = policy.storm(-_DAY, 0, 0, 0, "")
    start, window, had, held = storm.start, storm.window, storm.had, storm.held
    end = start + window
    wider = min(2 * window, policy.widest)
    hold = 0
    if now >= end and held and now < end + wider:
        # The storm goes on: the next mail is the summary of a longer window.
        start, window, had, held = end, wider, _ALERT | _RECOVERY, 0
        end += wider
    if now < end:
        hold = had & sort
        had |= sort
        if hold:
            held += 1
    else:
        start, window, had, held = now, policy.window, sort, 0
    _keep(policy, key, policy.storm(start, window, had, held, storm.first))
    return end if hold else 0


def _keep(policy, key, storm):
    # In a new dict: whoever has the old one can go back.
    policy.keys = dict(policy.keys)
    policy.keys[key] = storm
