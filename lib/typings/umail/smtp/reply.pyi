class Reply:
    code: int
    lines: list[bytes]
    enhanced: str
    text: str
    def __init__(self, code: int, lines: list[bytes]) -> None: ...
