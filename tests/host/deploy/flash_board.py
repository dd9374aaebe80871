"""A board for the tests of deploying: MicroPython on LittleFS in a file, taking code over a pipe, cut off at will."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

_BOARD = """
import os, sys, binascii, io, vfs
class Flash:
    def __init__(self, path, blocks):
        self.blocks = blocks
        self.file = open(path, "r+b")
    def readblocks(self, n, buffer, offset=0):
        self.file.seek(n * 4096 + offset)
        self.file.readinto(buffer)
    def writeblocks(self, n, buffer, offset=0):
        self.file.seek(n * 4096 + offset)
        self.file.write(buffer)
        self.file.flush()
    def ioctl(self, op, argument):
        return {4: self.blocks, 5: 4096, 6: 0}.get(op, 0)
flash = Flash(sys.argv[1], int(sys.argv[2]))
try:
    lfs = vfs.VfsLfs2(flash)
except OSError:
    vfs.VfsLfs2.mkfs(flash)
    lfs = vfs.VfsLfs2(flash)
vfs.mount(lfs, "/")
os.chdir("/")
sys.path[:] = ["", ".frozen", "/lib"]
line_in, out, names = sys.stdin, sys.stdout, {}
names["__name__"] = "__main__"
out.write("ready\\n")
while True:
    line = line_in.readline()
    if not line:
        break
    lines = []
    names["print"] = lambda *a: lines.append(" ".join(str(x) for x in a))
    try:
        exec(binascii.a2b_base64(line), names)
        answer = "+" + "\\n".join(lines)
    except BaseException as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        answer = "-" + text.getvalue()
    out.write(binascii.b2a_base64(answer.encode()).decode())
"""


class PowerCut(Exception):
    """The board went off."""


class FlashBoard:
    """A ``deploy.Link``. Its flash outlives it; ``cut_after`` commands the power goes."""

    def __init__(self, micropython: str, folder: Path, blocks: int = 160) -> None:
        self.image = folder / "flash.bin"
        if not self.image.exists():
            self.image.write_bytes(b"\xff" * 4096 * blocks)
        script = folder / "board.py"
        script.write_text(_BOARD)
        self.commands: list[str | bytes] = []
        self.cut_after: int | None = None
        self.process = subprocess.Popen(
            [micropython, "-X", "heapsize=256k", str(script), str(self.image), str(blocks)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def exec(self, code: str | bytes, timeout: float = 10) -> str:
        if self.cut_after is not None and len(self.commands) >= self.cut_after:
            self.process.kill()
            raise PowerCut
        self.commands.append(code)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(base64.b64encode(code.encode() if isinstance(code, str) else code).decode() + "\n")
        self.process.stdin.flush()
        answer = base64.b64decode(self.process.stdout.readline()).decode()
        if not answer.startswith("+"):
            raise RuntimeError(answer or "the board is gone")
        return answer[1:]

    def files(self) -> dict[str, bytes]:
        """Everything on the flash."""
        text = self.exec(
            "import os, binascii\n"
            "def walk(d):\n"
            " for entry in os.ilistdir(d or '/'):\n"
            "  p = d + '/' + entry[0]\n"
            "  if entry[1] & 0x4000: walk(p)\n"
            "  else: print(p, binascii.hexlify(open(p, 'rb').read()).decode())\n"
            "walk('')"
        )
        rows = (line.split(" ") for line in text.splitlines())
        return {path: bytes.fromhex(octets) for path, octets in rows}

    def put(self, path: str, octets: bytes) -> None:
        """Put a file there, as a user would."""
        self.exec(
            "import os\n"
            "parts = " + repr(path.split("/")[1:-1]) + "\n"
            "for i in range(len(parts)):\n"
            " try: os.mkdir('/' + '/'.join(parts[:i + 1]))\n"
            " except OSError: pass\n"
            f"with open({path!r}, 'wb') as f: f.write({octets!r})"
        )

    def __enter__(self) -> FlashBoard:
        return self

    def __exit__(self, *ignored: object) -> None:
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    pass
        self.process.kill()
        self.process.wait()
