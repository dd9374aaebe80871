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

    # An object that can be read once only has been.
    _consumed = False

    def __init__(self, source, name=None, type=None, cid=None):
        self.source = source
        self.name = name
        self.type = type
        self.cid = cid
        load_transient("mime.files").check(self)

    def size(self):
        """Return the number of bytes, or None if only reading tells; errors as of ``open``."""
        if isinstance(self.source, str):
            try:
                return os.stat(self.source)[6]
            except OSError as error:
                load_transient("smtp.failure").unreadable(error, self.source)
        return None if hasattr(self.source, "readinto") else len(self.source)

    def open(self):
        """Return an object with ``readinto`` at the first byte.

        ValueError: there is none any more; MailError, temporary: the file can't be read for now.
        """
        if isinstance(self.source, str):
            try:
                return open(self.source, "rb")
            except OSError as error:
                load_transient("smtp.failure").unreadable(error, self.source)
        if hasattr(self.source, "readinto"):
            if self._consumed:
                load_transient("checks").refuse(
                    "attachments", self.name, "has already been read; give a path or bytes to send it again"
                )
            self._consumed = True
            return self.source
        from io import BytesIO

        return BytesIO(self.source)
