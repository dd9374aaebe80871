"""The corpus of messages as readers see it that the tests of CI do without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from readers import READERS, THREADS
from real_servers import Missing

from alert_thread import alert_thread
from message_corpus import CORPUS, given, lines, sent, wanted
from umail.message import Message

OFFERS = {"7bit": (False, False), "8bit": (True, False), "binary": (True, True)}
NAMES = [name for name in CORPUS if name != "5 MB"]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", READERS)
def test_the_corpus_is_read(name: str, tmp_path: Path, row: Callable[[str, str, str], None]) -> None:
    reader, differing = READERS[name], set()
    for offer in reader.offers:
        folder = tmp_path / offer
        folder.mkdir()
        paths = [tmp_path / f"{offer}-{number:03}.eml" for number in range(len(NAMES))]
        for message, path in zip(NAMES, paths, strict=True):
            whole = Message(("Kühl, Raum", "esp32@contoso.com"), **given(message))
            path.write_bytes(sent(whole, *OFFERS[offer]))
        try:
            found = reader.find(paths, folder)
        except Missing as missing:
            row(name, "", f"skipped: {missing}")
            pytest.skip(str(missing))
        for message, one in zip(NAMES, found, strict=True):
            subject, texts, files = wanted(message)
            good = {
                "subject": one.subject == subject,
                "texts": [lines(text) for text in one.texts] == texts,
                "files": sorted(one.files) == sorted(files),
            }
            differing |= {(what, message) for what in reader.compared if not good[what]}
    known = "; ".join(f"{what} of {message}" for what, message in sorted(reader.known))
    result = f"{', '.join(reader.compared)} of {len(NAMES)} mails in {', '.join(reader.offers)}"
    row(name, reader.version(), f"{result}; otherwise: {known}" if known else result)
    assert differing == reader.known


@pytest.mark.parametrize("name", THREADS)
def test_an_alert_its_repetitions_and_its_recovery_are_one_thread(
    name: str, tmp_path: Path, row: Callable[[str, str, str], None]
) -> None:
    paths = alert_thread(tmp_path)
    try:
        found = THREADS[name](paths, tmp_path)
    except Missing as missing:
        row(name, "", f"skipped: {missing}")
        pytest.skip(str(missing))
    row(name, READERS[name].version(), f"{len(paths)} mails, {found} threads")
    assert found == 2
