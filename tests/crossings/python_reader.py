"""Runs beside readers of PyPI: python_reader.py NAME FILE… prints a line of JSON for each message."""

import base64
import json
import sys


def mail_parser(data):
    import mailparser

    mail = mailparser.parse_from_bytes(data)
    files = [
        (one["filename"], base64.b64decode(one["payload"]) if one["binary"] else one["payload"].encode())
        for one in mail.attachments
    ]
    return mail.subject, [*mail.text_plain, *mail.text_html], files


def eml_parser(data):
    import eml_parser

    found = eml_parser.EmlParser(include_attachment_data=True, include_raw_body=True).decode_email_bytes(data)
    files = [(one["filename"], base64.b64decode(one["raw"])) for one in found.get("attachment", [])]
    return found["header"]["subject"], [one["content"] for one in found["body"]], files


def flanker(data):
    from flanker import mime

    mail = mime.from_string(data)
    texts, files = [], []
    for part in mail.walk(with_self=True):
        if part.content_type.is_singlepart():
            name = part.detected_file_name
            body = part.body
            if name:
                files.append((name, body if isinstance(body, bytes) else body.encode()))
            else:
                texts.append(body)
    return mail.subject or "", texts, files


def imap_tools(data):
    from imap_tools import MailMessage

    mail = MailMessage.from_bytes(data)
    return (
        mail.subject,
        [text for text in (mail.text, mail.html) if text],
        [(one.filename, one.payload) for one in mail.attachments],
    )


READERS = {"mail-parser": mail_parser, "eml_parser": eml_parser, "flanker": flanker, "imap-tools": imap_tools}

for path in sys.argv[2:]:
    with open(path, "rb") as file:
        data = file.read()
    try:
        subject, texts, files = READERS[sys.argv[1]](data)
    except Exception as error:
        subject, texts, files = f"{type(error).__name__}: {error}", [], []
    files = [(name, base64.b64encode(content).decode()) for name, content in files]
    print(json.dumps({"subject": subject, "texts": texts, "files": files}))
