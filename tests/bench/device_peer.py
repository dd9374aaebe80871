"""Run by MicroPython: sends mails with uMail, MIME by hand as its users do, as the JSON file of the argument says."""

import json
import sys
from binascii import b2a_base64

from umail import SMTP

with open(sys.argv[1]) as file:
    job = json.load(file)
smtp = SMTP("localhost", job["port"], username=job["user"], password=job["secret"])
head = "From: %s\r\nTo: %s\r\nSubject: Freezer 3 is warm\r\n" % (job["user"], job["to"])
for _ in range(job["count"]):
    smtp.to(job["to"])
    if job["attachment"]:
        smtp.write(head + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n")
        smtp.write("-11.5 C, limit -15 C\r\n--b\r\nContent-Type: application/octet-stream\r\n")
        smtp.write("Content-Transfer-Encoding: base64\r\n\r\n")
        with open(job["attachment"], "rb") as file:
            while True:
                piece = file.read(57)
                if not piece:
                    break
                smtp.write(b2a_base64(piece)[:-1] + b"\r\n")
        smtp.send("--b--\r\n")
    else:
        smtp.send(head + "\r\n-11.5 C, limit -15 C\r\n")
smtp.quit()
