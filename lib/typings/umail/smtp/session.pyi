from umail.smtp.reply import Reply

class Receipt:
    accepted: list[str]
    refused: list[tuple[str, Reply]]
    reply: Reply
    message_id: str
    round_trips: int
    def __init__(
        self,
        accepted: list[str],
        refused: list[tuple[str, Reply]],
        reply: Reply,
        message_id: str,
        round_trips: int,
    ) -> None: ...
