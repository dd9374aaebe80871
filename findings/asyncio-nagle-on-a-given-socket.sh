#!/usr/bin/env bash
# A server on asyncio that is given its listening socket answers each request of a kept connection 40 ms late.
#
# Guess, written down first: asyncio has switched Nagle's algorithm off on every TCP connection since Python 3.6, so it
# does not matter whether a server binds its port itself or is given a socket that is bound already.
# Seen (CPython 3.11 and uvicorn 0.54.0, Linux): asyncio looks at socket.proto, which is 0 for socket.socket(AF_INET), and
# leaves Nagle on; a reply in two writes, headers and body, then waits for the client's delayed acknowledgement. With
# uvicorn.Server.serve(sockets=[socket.socket()]): 40 ms for each request after the first; with
# socket.socket(proto=IPPROTO_TCP), or a port of its own: less than a millisecond.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0
cat > "$folder/measure.py" <<'PY'
import asyncio, http.client, socket, statistics, sys, threading, time
import uvicorn

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

def median(protocol):
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
    bound.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([bound])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    connection = http.client.HTTPConnection(*bound.getsockname())
    took = []
    for _ in range(15):
        began = time.perf_counter()
        connection.request("GET", "/")
        connection.getresponse().read()
        took.append(1000 * (time.perf_counter() - began))
    connection.close()
    server.should_exit = True
    thread.join()
    return statistics.median(took)

plain, named = median(0), median(socket.IPPROTO_TCP)
print(f"socket.socket(): {plain:.1f} ms   with proto=IPPROTO_TCP: {named:.1f} ms")
sys.exit(0 if plain > 35 and named < plain / 4 else "CHANGED: it was 40 ms and less than 1 ms")
PY
"$folder/venv/bin/python" "$folder/measure.py"
echo "as seen before"
