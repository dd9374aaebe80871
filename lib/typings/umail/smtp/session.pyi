class Reply:
    code: int
    lines: list[bytes]
    enhanced: str
    text: str
    def __init__(self, code: int, lines: list[bytes]) -> None: ...

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
