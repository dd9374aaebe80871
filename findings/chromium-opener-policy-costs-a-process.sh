#!/usr/bin/env bash
# One response header, Cross-Origin-Opener-Policy: same-origin, doubles the time in which Chromium opens a small page again.
#
# Guess, written down first: a header that parts a page from whoever opened it costs nothing if nobody did: the page is
# opened from the address bar, in a tab of its own.
# Seen (Chromium 156 of Debian, headless, two cores): a page of 1 kB from loopback to which a tab goes a second time, from
# about:blank, is painted after some 60 ms without the header and after more than 150 ms with it. Chromium learns of it when the answer has come, throws the renderer away that it had
# made ready, and starts another process. So: send it only if the request says that another site leads here
# (Sec-Fetch-Site is neither none nor same-origin). Needs chromium on PATH.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check playwright==1.65.2
cat > "$folder/measure.py" <<'PY'
import shutil, statistics, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from playwright.sync_api import sync_playwright

BODY = b"<!doctype html><title>x</title>" + b"<div>a line of text</div>" * 40
PAINT = """async () => { let found; while (!(found = performance.getEntriesByName("first-contentful-paint")[0]))
  await new Promise((later) => setTimeout(later, 5)); return found.startTime; }"""

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(BODY)))
        self.send_header("Cache-Control", "no-store")
        if self.path == "/parted":
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
took = {"plain": [], "parted": []}
with sync_playwright() as playwright:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
    for _ in range(9):
        for kind, found in took.items():
            page = browser.new_page()
            for url in (f"http://localhost:{server.server_port}/{kind}", "about:blank") * 2:
                page.goto(url)
                if url != "about:blank":
                    paint = page.evaluate(PAINT)
            found.append(paint)  # of the second time
            page.close()
    browser.close()
plain, parted = (statistics.median(found) for found in took.values())
print(f"first paint: {plain:.0f} ms, with the header {parted:.0f} ms")
sys.exit(0 if parted > 1.4 * plain else "CHANGED: it took twice the time and more")
PY
"$folder/venv/bin/python" "$folder/measure.py"
echo "as seen before"
