"""Kills a virtual board at random moments while it really sends alerts to a fake Microsoft 365: ``make kills``.

The power is cut after a random time (seeded) again and again; then the board is left alone until it says that all is
sent. Then every mail whose ``put`` had returned must have arrived, and one that arrived twice must have done so with
the same Message-ID, after a life that ended in its uncertain window.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from umail_host.deploy import image, transfer
from umail_host.device import boards, maintenance
from umail_host.errors import UserError
from umail_host.fake_smtp import FakeServer
from umail_host.virtual_board import VirtualBoard

USER, PASSWORD = "esp32@contoso.com", "correct-horse"
MAIN = Path(__file__).with_name("kills_board.py")


def run(folder: Path, lives: int, seed: int, alerts: int, longest: float = 0.9) -> dict[str, int]:
    """Kill the board ``lives`` times, then let it finish.

    Args:
        folder: of its flash.
        lives, seed: how often, and of the moments.
        alerts: how many the board has to put in all.
        longest: seconds a life lasts at the most.

    Returns:
        Counts: ``put`` (mails whose put returned), ``arrived`` (different mails), ``lost``, ``again`` (came once more,
        with the same Message-ID), ``numbers`` (different alerts that arrived).
    """
    moments = random.Random(seed)
    with FakeServer(mailboxes={USER: PASSWORD}, max_sessions=0) as server, VirtualBoard(folder) as board:
        board.wifi.ssid, board.wifi.password, board.wifi.delay = "lab", "", 0.01
        job = {"user": USER, "password": PASSWORD, "port": server.port, "alerts": alerts}
        files = {"/root.der": server.ca_der, "/kills.json": json.dumps(job).encode()}
        with maintenance.held(board.port, reset=False) as link:
            whole = image.build(boards.load("virtual"), extra_files=files)
            own = {path: octets for path, octets in whole.items() if "alertnode" not in path}
            transfer.deploy(link, {**own, "/main.py": MAIN.read_bytes()})
        board.power_off()
        for _ in range(lives):
            board.power_on()
            time.sleep(moments.uniform(0.05, longest))
            board.power_off()
        board.console.skip()
        board.power_on()
        board.wait_for("ALL SENT", 120)
        put = set(re.findall(r"PUT (<[^>]+>)", board.console.text))
        arrived = Counter(str(mail["Message-ID"]) for mail in server.inbox)
        return {
            "put": len(put),
            "arrived": len(arrived),
            "lost": len(put - arrived.keys()),
            "again": sum(count - 1 for count in arrived.values()),
            "numbers": len({str(mail["Subject"]) for mail in server.inbox}),
        }


def main() -> int:
    """Entry point of ``make kills``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lives", type=int, default=200, help="how often the power is cut (nightly: 5000)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    arguments = parser.parse_args()
    alerts = 2 * arguments.lives
    print(f"cutting the power {arguments.lives} times (about {arguments.lives * 0.6:.0f} s) …", flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="umail-kills-") as folder:
            found = run(Path(folder), arguments.lives, arguments.seed, alerts)
    except UserError as error:
        print(f"kills: {error}", file=sys.stderr)
        return error.exit_code
    print(
        f"{arguments.lives} kills, seed {arguments.seed}: {found['put']} mails put, {found['arrived']} arrived, "
        f"{found['lost']} lost; {found['again']} came again, each with its own Message-ID"
    )
    return 1 if found["lost"] or found["numbers"] < alerts else 0


if __name__ == "__main__":
    sys.exit(main())
