"""A client of the API in a few lines: what the page's buttons do, for scripts and for the pytest fixtures."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

_PATIENCE = 90


class Refused(Exception):
    """The API said no: ``str()`` is its sentence, ``status`` its HTTP status (408: nothing came in time)."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Api:
    """The API of one page.

    Args:
        url: where the page is, as umail printed it, without a token; ``token``: needed from another computer.

    Every method raises ``Refused`` if the API says no, and OSError if it can't be reached.
    """

    def __init__(self, url: str, token: str = "") -> None:
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Return the answer: what its JSON holds, or its bytes.

        Args:
            path: below ``/api/v1``, as ``/mails``; ``query``: what follows ``?``; ``body``: becomes JSON.
        """
        given = {name: value for name, value in query.items() if value is not None}
        url = f"{self.url}/api/v1{path}" + (f"?{urllib.parse.urlencode(given)}" if given else "")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method, headers=self._headers)
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
                octets, kind = answer.read(), answer.headers.get("Content-Type", "")
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, _sentence(error.read())) from None
        return json.loads(octets) if kind.startswith("application/json") else octets

    def mails(self, limit: int = 100, **search: str) -> list[dict[str, Any]]:
        """Return the newest mails that match: by q, sender, recipient, subject, text, message_id or thread."""
        found: list[dict[str, Any]] = self.call("GET", "/mails", limit=limit, **search)["mails"]
        return found

    def wait(self, count: int = 1, timeout: int = 10, **search: str) -> list[dict[str, Any]]:
        """Return the mails that match as soon as there are ``count``; status 408 is raised after ``timeout`` s."""
        found: list[dict[str, Any]] = self.call("GET", "/wait", count=count, timeout=timeout, **search)["mails"]
        return found

    def mail(self, id: str) -> dict[str, Any]:
        """Return a mail: headers, parts, text, envelope, warnings."""
        return dict(self.call("GET", f"/mails/{_quoted(id)}"))

    def source(self, id: str) -> bytes:
        """Return a mail's bytes as they came."""
        return bytes(self.call("GET", f"/mails/{_quoted(id)}/source"))

    def part(self, id: str, index: int) -> bytes:
        """Return the decoded bytes of a part of a mail."""
        return bytes(self.call("GET", f"/mails/{_quoted(id)}/parts/{index}"))

    def export(self, **search: str) -> bytes:
        """Return all mails that match, as mbox."""
        return bytes(self.call("GET", "/export", **search))

    def delete(self, id: str = "", **search: str) -> int:
        """Delete a mail, or all that match, or all; returns how many."""
        path = f"/mails/{_quoted(id)}" if id else "/mails"
        return int(self.call("DELETE", path, **search)["deleted"])

    def faults(self, plan: str, seed: int = 0) -> None:
        """Follow a plan of faults from now on; an empty one ends them."""
        self.call("PUT", "/faults", {"plan": plan, "seed": seed})

    def limits(self, **limits: int) -> dict[str, int]:
        """Set limits of a user, 0 for none: per_minute, per_hour, recipients_a_day, max_sessions; returns all."""
        return dict(self.call("PUT", "/limits", limits))

    def sessions(self) -> list[dict[str, Any]]:
        """Return the sessions of this run, the newest first."""
        return list(self.call("GET", "/sessions"))

    def session(self, number: int) -> dict[str, Any]:
        """Return a session with its dialogue in flights."""
        return dict(self.call("GET", f"/sessions/{number}"))

    def compare(self, client: str) -> dict[str, Any]:
        """Let ``umail`` or ``smtplib`` send a short mail to the server; returns its session."""
        return self.session(self.call("POST", "/sessions", {"client": client})["session"])

    @property
    def boards(self) -> dict[str, Board]:
        """The virtual boards that the page shows, by name."""
        return {one["name"]: Board(self, one["name"]) for one in self.call("GET", "/boards")}


class Board:
    """A virtual board on the page: a method for each button."""

    def __init__(self, api: Api, name: str) -> None:
        self._api, self.name = api, name

    def _act(self, action: str, value: float | None = None) -> None:
        self._api.call("POST", f"/boards/{_quoted(self.name)}", {"action": action, **_given(value)})

    @property
    def state(self) -> dict[str, Any]:
        """Power, Wi-Fi, clock, sensor, cause of the last reset, readings, marks and console."""
        return dict(self._api.call("GET", f"/boards/{_quoted(self.name)}"))

    @property
    def outbox(self) -> list[dict[str, Any]]:
        """The mails on its flash: waiting, due when and why, given up and why."""
        return list(self._api.call("GET", f"/boards/{_quoted(self.name)}/outbox"))

    def reset(self) -> None:
        """Press the reset button."""
        self._act("reset")

    def power_off(self) -> None:
        """Cut the power."""
        self._act("power-off")

    def power_on(self) -> None:
        """Restore the power."""
        self._act("power-on")

    def wifi_up(self) -> None:
        """Let the access point take it again."""
        self._act("wifi-up")

    def wifi_drop(self) -> None:
        """Take the access point away."""
        self._act("wifi-drop")

    def wifi_refuse(self) -> None:
        """Let the access point refuse the password."""
        self._act("wifi-refuse")

    def ntp(self, on: bool) -> None:
        """Let the time server answer, or not."""
        self._act("ntp-on" if on else "ntp-off")

    def move_clock(self, seconds: float) -> None:
        """Move the board's clock, backwards if negative."""
        self._act("clock", seconds)

    def sensor(self, value: float) -> None:
        """Let the sensor measure this value."""
        self._act("sensor", value)

    def warm(self, degrees: float) -> None:
        """Warm the sensor by so much; cool it if negative."""
        self._act("warm", degrees)

    def unplug(self) -> None:
        """Pull the sensor off its wires."""
        self._act("unplug")

    def plug(self) -> None:
        """Put the sensor back."""
        self._act("plug")

    def fill_flash(self) -> None:
        """Fill the flash to its last block."""
        self._act("fill")

    def free_flash(self) -> None:
        """Take away what filled the flash."""
        self._act("empty")

    def network(self, milliseconds: float) -> None:
        """Make each round trip to the mail server so much longer; 0 is as fast as it goes."""
        self._act("network", milliseconds)


def _given(value: float | None) -> dict[str, float]:
    return {} if value is None else {"value": value}


def _quoted(word: str) -> str:
    return urllib.parse.quote(word, safe="")


def _sentence(octets: bytes) -> str:
    try:
        return str(json.loads(octets)["error"])
    except (ValueError, KeyError, TypeError):
        return octets[:200].decode("utf-8", "replace")
