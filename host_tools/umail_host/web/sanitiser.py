"""Sanitises HTML in a process of its own: some texts of a few kilobytes make any parser of HTML write gigabytes.

`clean` starts it and reads what it says; run as a program it reads a job from its input, as JSON, and writes HTML.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading

MOST = 1 << 21  # characters of HTML that go in
_OUT = 16 << 20  # bytes that come out
_SECONDS = 5  # of CPU; and twice that by the clock, beside what else runs
_MEMORY = 1 << 30
_END = b"<!-- whole -->"  # no comment of the mail is left, so it stands at the end of what is whole alone
_NO_TAGS, _MORE_TAGS = {"area", "map"}, {"center", "font", "section", "article", "header", "footer"}
_STYLES = {
    *("background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left", "border-radius"),
    *("border-right", "border-spacing", "border-style", "border-top", "border-width", "color", "direction", "display"),
    *("font", "font-family", "font-size", "font-style", "font-weight", "height", "letter-spacing", "line-height"),
    *("margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width", "padding"),
    *("padding-bottom", "padding-left", "padding-right", "padding-top", "text-align", "text-decoration"),
    *("text-indent", "text-transform", "vertical-align", "white-space", "width", "word-break"),
}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor"},
    "a": {"href"},
    "img": {"src", "alt"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "ol": {"start"},
}


def clean(text: str, pictures: dict[str, str]) -> str | None:
    """Return the HTML without all that could do anything; None if it takes more than it should.

    Args:
        pictures: what stands for ``cid:NAME``, by name; no other picture is left.
    """
    job = json.dumps({"text": text[:MOST], "pictures": pictures}).encode()
    environment = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(2 * _SECONDS, process.kill)
        late.start()
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin:
                process.stdin.write(job)
            found = process.stdout.read(_OUT + 1)
        finally:
            late.cancel()
            process.kill()
    whole = len(found) <= _OUT and found.endswith(_END)
    return found.removesuffix(_END).decode("utf-8", "replace") if whole else None


def _main() -> None:
    _limit()
    job = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(_sanitised(job["text"], job["pictures"]).encode("utf-8", "replace") + _END)


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows: the clock alone
        return
    for kind, most in (("RLIMIT_AS", _MEMORY), ("RLIMIT_CPU", _SECONDS), ("RLIMIT_CORE", 0)):
        with contextlib.suppress(ValueError, OSError):  # less is allowed already
            resource.setrlimit(getattr(resource, kind), (most, most))


def _sanitised(text: str, pictures: dict[str, str]) -> str:
    import nh3  # in its own process alone

    def filtered(tag: str, name: str, value: str) -> str | None:
        if name == "src":
            return pictures.get(value.removeprefix("cid:").strip("<>")) if value.startswith("cid:") else None
        if name == "style" and ("url(" in value.lower() or "\\" in value):
            return None
        return value

    return nh3.clean(
        text,
        tags=nh3.ALLOWED_TAGS - _NO_TAGS | _MORE_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=filtered,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        set_tag_attribute_values={"a": {"target": "_blank"}},
        filter_style_properties=_STYLES,
    )


if __name__ == "__main__":
    _main()
