"""Sends mails with smtplib or aiosmtplib as their documents show it, as the JSON in the first argument says."""

from __future__ import annotations

import asyncio
import json
import smtplib
import ssl
import sys
from email.message import EmailMessage
from pathlib import Path
from typing import Any


def message(job: dict[str, Any]) -> EmailMessage:
    """The mail of this job."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = job["user"], job["to"], "Freezer 3 is warm"
    mail.set_content("-11.5 C, limit -15 C")
    if job["attachment"]:
        data = Path(job["attachment"]).read_bytes()
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename="data.bin")
    return mail


def trusted(job: dict[str, Any]) -> ssl.SSLContext:
    """Verified TLS."""
    return ssl.create_default_context(cafile=job["trust"])


def by_smtplib(job: dict[str, Any]) -> None:
    """One connection for all mails."""
    with smtplib.SMTP("localhost", job["port"]) as smtp:
        if job["security"] != "plain":
            smtp.starttls(context=trusted(job))
        if job["mechanism"] == "XOAUTH2":
            token = f"user={job['user']}\1auth=Bearer {job['secret']}\1\1"
            smtp.ehlo()
            smtp.auth("XOAUTH2", lambda challenge=None: token)
        elif job["mechanism"]:
            smtp.login(job["user"], job["secret"])
        for _ in range(job["count"]):
            smtp.send_message(message(job))


async def by_aiosmtplib(job: dict[str, Any]) -> None:
    """One connection for all mails."""
    import aiosmtplib

    secure = job["security"] != "plain"
    context = trusted(job) if secure else None
    async with aiosmtplib.SMTP(hostname="localhost", port=job["port"], start_tls=secure, tls_context=context) as smtp:
        if job["mechanism"] == "XOAUTH2":
            await smtp.auth_xoauth2(job["user"], job["secret"])
        elif job["mechanism"]:
            await smtp.login(job["user"], job["secret"])
        for _ in range(job["count"]):
            await smtp.send_message(message(job))


if __name__ == "__main__":
    task = json.loads(sys.argv[2])
    if sys.argv[1] == "message":
        Path(task["file"]).write_bytes(message(task).as_bytes().replace(b"\n", b"\r\n"))
    elif sys.argv[1] == "smtplib":
        by_smtplib(task)
    else:
        asyncio.run(by_aiosmtplib(task))
