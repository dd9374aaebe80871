"""The one exception of the library: where a send failed, what kind of failure it is, and what to do about it."""


class MailError(Exception):
    """A mail was not sent, or may not have been.

    ``str(error)`` is one line; ``error.advice`` is one sentence with the remedy, read from flash only when asked for.

    Attributes:
        stage (str): resolve, connect, greeting, ehlo, starttls, auth, mail, rcpt, data, body or quit.
        kind (str): ``"temporary"`` (try again later), ``"permanent"`` (this message will never go), ``"configuration"``
            (a person must change something; trying again makes it worse), ``"security"`` (refused to go on) or
            ``"uncertain"`` (the last byte had left: it may have been delivered).
        code (int): the server's reply code (RFC 5321, 4.2), 0 if there was none.
        enhanced (str): its enhanced status code (RFC 3463), ``"5.7.3"`` say, or ``""``.
        text (str): the server's words, or ours, without control characters or credentials.
        key (str): names the advice.
        refused (list): ``(address, reply)`` pairs if recipients were refused.
        retry_after (int): seconds that a token endpoint asks to wait, 0 if it asks for nothing.
        known (bool): the host has taken a mail of this outbox before.
    """

    retry_after = 0
    known = False

    def __init__(self, stage, kind, text="", code=0, enhanced="", key=""):
        super().__init__(text)
        self.stage = stage
        self.kind = kind
        self.text = text
        self.code = code
        self.enhanced = enhanced
        self.key = key
        self.refused: "list | tuple" = ()

    def __str__(self):
        return "%s: %s%s (%s)" % (self.stage, ("%d " % self.code) if self.code else "", self.text, self.kind)

    def advice_in(self, language):
        """Return the remedy in ``"en"`` or ``"de"``: one sentence (str)."""
        from umail import advice

        return advice.text(self.key or self.kind, language)

    @property
    def advice(self):
        """The remedy in English: one sentence (str)."""
        return self.advice_in("en")


class Broken(Exception):
    """The server's bytes are not an SMTP reply; the argument says what is wrong (str)."""


class Retry(Exception):
    """The server refused something that it had offered, which is not used again: the same mail can be tried anew."""


class Raised(BaseException):
    """What a caller's function raised, on its way out past everything that handles failures of the network."""
