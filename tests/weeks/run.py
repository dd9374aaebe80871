"""Simulates bad weeks: whole board-years of the alert node in worlds drawn from seeds, each judged from outside."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    from weeks import simulate, plan, judge
    import tempfile, pathlib
    seed, days = int(sys.argv[1]), int(sys.argv[2])
    only = {int(x) for x in sys.argv[3].split(",")} if len(sys.argv) > 3 else None
    p = plan.draw(seed, days, only)
    with tempfile.TemporaryDirectory() as f:
        pre = simulate.prepare(pathlib.Path(f))
        secrets = {"mail_password": "pw-secret-1", "wifi_password": "w", "refresh_token": "refresh-0"}
        r = simulate.run(p, pre, secrets)
    pathlib.Path("/tmp/weeks_log").write_text("\n".join(r.lines), encoding="utf-8")
    v = judge.judge(r.lines, p.events, r.heap)
    print(len(r.lines), r.seconds, r.lines[-1], dict(v.counts)); print(v.longest); print("\n".join(v.wrong))
