"""MicroPython never forgets a name: what a text is made of does not become names, whatever the text.

A character that is taken out of a str by itself is one of them.
"""

from __future__ import annotations

import re
import subprocess

from support.interpreter_here import named_or_here
from umail_host import paths

PROGRAM = r"""
import micropython, sys
from alertnode import config_kinds, config_parts, last_words, log, sntp, status, zone_rule
from alertnode.sensors import rows
from umail import Message, checks, making, oauth
from umail.mime import addresses
from umail.net import http
from umail.smtp import enhanced

answer = bytes([0x24, 0]) + bytes(10)

class Lines:
    def read(self, path):
        return self.data

lines_of = Lines()
lines = log.Log("/nowhere/log.txt", show=lambda text: None)

def told(function, *arguments):
    try:
        return function(*arguments)
    except ValueError as error:
        return str(error)

def all_of(text, rule):
    lines.say(text)
    status.word(text)
    enhanced.printable(text.encode())
    oauth._word(text)
    told(checks.clean, "subject", text)
    told(checks.clean, "subject", text + "\a")
    told(addresses.address, "to", text + "@" + text)
    told(zone_rule.parts, rule)
    told(sntp.milliseconds, answer + text.encode()[:4])
    for kind in ("text", "path", "address", "name", "part", "digits", "label", "word"):
        config_kinds.wrong_text(kind, text)
        config_kinds.wrong_text(kind, "a@" + text)
    config_parts._name(text)
    told(rows.number, text, True)
    told(rows._whole, text)
    rows.split('"' + text + '";' + text, ";")
    http._decoded("%41%42" + text)
    lines_of.data = text.encode()
    last_words.last_words(lines_of)

all_of("same", "ABC-1")
print("before")
micropython.qstr_info()
all_of(bytes(range(32, 127)).decode() + "äöüßé中文字", "XYZ-1QRST,M3.5.0/-2,M10.4.6")
all_of("QXZ qxz {|}~ 789 ÄÖÜ 日本", "<+0345>-3:45")
print("after")
micropython.qstr_info()
"""


def test_no_character_of_a_text_becomes_a_name_that_is_kept() -> None:
    found = subprocess.run(
        [named_or_here(), "-X", "heapsize=4m", "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        env={"MICROPYPATH": f"{paths.library().parent}:{paths.firmware()}:.frozen"},
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    before, after = (int(count) for count in re.findall(r"n_qstr=(\d+)", found.stdout))
    assert after == before
