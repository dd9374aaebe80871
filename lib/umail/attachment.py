"""A file in a mail: what it is, and where its bytes come from (mime/stream.py sends them)."""

import os

from umail import load_transient


class Attachment:
    """A file, or an image inside the HTML.

    Args:
        source: a path (str), bytes, or any object with ``readinto(buffer)``, which can be sent once only.
        name: the file name readers see, any Unicode; None: the last part of the path.
        type: its MIME type; None: by the ending of the name.
        cid: shows it inside the HTML, where ``<img src="cid:CID">`` stands (RFC 2392).

    Raises:
        ValueError: control characters in an argument, or no MIME type.
    """

    def __init__(self, source, name=None, type=None, cid=None):
        if name is None:
            name = source.replace("\\", "/").rpartition("/")[2] if isinstance(source, str) else ""
        plain = load_transient("making").plain
        # A NUL would end a path early.
        if not plain(name, 250):
            load_transient("checks").clean("name", name)
        self.source = source
        self.name = name
        self.type = type or load_transient("mime.stream").type_of(name)
        self.cid = cid
        odd = isinstance(source, str) and not plain(source, 250)
        odd = odd or cid is not None or not plain(self.type, 250)
        if odd or self.type.partition(";")[0].count("/") != 1:
            load_transient("mime.stream").check(self)
        self._consumed = False

    def size(self):
        """Return the number of bytes, or None if only reading tells; errors as of ``open``."""
        if isinstance(self.source, str):
            try:
                return os.stat(self.source)[6]
            except OSError as error:
                load_transient("mime.stream").unreadable(error, self.source)
        return None if hasattr(self.source, "readinto") else len(self.source)

    def open(self):
        """Return an object with ``readinto`` at the first byte.

        ValueError: there is none any more; MailError, temporary: the file can't be read for now.
        """
        if isinstance(self.source, str):
            try:
                return open(self.source, "rb")
            except OSError as error:
                load_transient("mime.stream").unreadable(error, self.source)
        if hasattr(self.source, "readinto"):
            if self._consumed:
                load_transient("checks").refuse(
                    "attachments", self.name, "has already been read; give a path or bytes to send it again"
                )
            self._consumed = True
            return self.source
        from io import BytesIO

        return BytesIO(self.source)
