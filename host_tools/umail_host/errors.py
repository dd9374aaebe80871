"""The one exception for a user's mistake: a sentence and an exit status, never a traceback."""


class UserError(Exception):
    """Something the user can fix.

    ``str(error)`` is one sentence: what is wrong, where, and how to fix it.

    Args:
        message: that sentence.
        exit_code: the process's exit status. 2: bad arguments or files; 3: no board, or it does not answer;
            4: something on the network; 1: anything else.
    """

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
