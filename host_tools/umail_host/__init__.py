"""umail on the host: the `umail` command, the fake mail server, the virtual board and what deploys to boards."""

__version__ = "0.1.0"
