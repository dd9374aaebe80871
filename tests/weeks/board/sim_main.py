"""Runs the whole node through its lives in a simulated world: ``sim_main.py JOB``, a JSON file. Prints the log.

Lines are ``MILLISECONDS WHAT TEXT``. Those that begin with ``#`` tell what may differ from run to run: memory.
"""

import gc
import json
import os
import sys

import vfs

_host = "/host" + os.getcwd()
vfs.mount(vfs.VfsPosix("/"), "/host")
vfs.umount("/")
sys.path[:] = ["/host" + path for path in sys.path if path[:1] == "/"] + [".frozen"]

import sim_chip  # noqa: E402
import sim_files  # noqa: E402, F401
import sim_flash  # noqa: E402
import sim_guest  # noqa: E402
import sim_hosts  # noqa: E402
import sim_mail  # noqa: E402
import sim_net  # noqa: E402
import sim_ports  # noqa: E402
import sim_tls  # noqa: E402
import sim_world  # noqa: E402
from sim_world import Broken, End, Gone  # noqa: E402

_native = dict(sys.modules)
_DAY = 86400000


def main(path):
    """Do the job in the file ``path``."""
    with open("/host" + path) as file:
        job = json.load(file)
    world = sim_world.World(job["seed"], job["events"], job["days"])
    world.chunking = job["chunking"]
    flash = sim_flash.Flash(world)
    chip = sim_chip.Chip(world, flash, sim_ports.PORTS[job["port"]])
    chip.world.chip = chip
    sim_net.CHIP = chip
    sim_hosts.WORLD = sim_mail.WORLD = world
    for place, word in (("first", "mail_password"), ("second", "mail_password_2")):
        sim_mail.PASSWORDS[place] = job["secrets"].get(word, "")
    for name in ("server", "other"):
        pair = []
        for kind in ("certificate", "key"):
            with open("/host%s/%s.%s" % (job["folder"], name, kind), "rb") as file:
                pair.append(file.read())
        sim_tls.MATERIAL[name] = pair
    sim_net.SERVICES[(sim_hosts.MAIL, 25)] = sim_mail.Relay
    for address in (sim_hosts.MAIL, sim_hosts.MAIL6):
        sim_net.SERVICES[(address, 587)] = sim_mail.Mail
    sim_net.SERVICES[(sim_hosts.SECOND, 465)] = sim_mail.Second
    sim_net.SERVICES[(sim_hosts.LOGIN, 443)] = sim_hosts.Login
    sim_net.DATAGRAMS[53] = sim_hosts.dns
    sim_net.DATAGRAMS[123] = sim_hosts.ntp
    _prepare(job, flash)
    sim_chip.HOOKS["day"] = _day
    sim_chip.install(chip)
    try:
        while True:
            _live(world, chip, job)
    except End:
        pass
    world.gone = None
    world.log("end", "lives %d, tls %d of them real %d" % (chip.lives, sim_tls.COUNT[0], sim_tls.COUNT[1]))


def _prepare(job, flash):
    """Format the flash, and provision the board: configuration, secrets, roots."""
    device = sim_flash.Device(flash)
    flash.world.chip.running = True
    vfs.VfsLfs2.mkfs(device)
    vfs.mount(vfs.VfsLfs2(device, mtime=False), "/")
    os.mkdir("/certs")
    with open("/host%s/root.der" % job["folder"], "rb") as file:
        root = file.read()
    for name, data in (
        ("/certs/test.der", root),
        ("/config.json", json.dumps(job["config"]).encode()),
        ("/secrets.json", json.dumps(job["secrets"]).encode()),
    ):
        with open(name, "wb") as file:
            file.write(data)
    vfs.umount("/")
    device.over = True
    flash.erases = [0] * sim_flash.BLOCKS
    flash.written = 0


def _live(world, chip, job):
    """One life of the chip, and the time until the next."""
    chip.boot()
    try:
        start = _load(chip, job)
        start.main()
        world.log("dead", "the node ended, nobody is there")
        chip.hang()
    except Gone as gone:
        chip.cause = gone.cause
    except (End, Broken):
        raise
    except BaseException as error:
        world.log("dead", "%s: %s" % (type(error).__name__, error))
        sys.print_exception(error)
        chip.cause = "power"
        chip.off_until = world.now + 3600000
    world.gone = None
    chip.running = False
    if chip.cause != "sleep":
        world.log("stops", chip.cause)
    sim_net.RADIO.restarted()
    if chip.cause != "watchdog" and chip.cause != "reset":
        world.pass_until(max(chip.off_until, world.now + 300))
    else:
        world.pass_until(world.now + 300)


def _load(chip, job):
    """Import the firmware anew; after a deep sleep mostly only what it remembers in RAM is forgotten."""
    if chip.cause == "sleep" and chip.lives % 20:
        platform = sys.modules["alertnode.platform"]
        platform._kept = platform._soft = None
        if "umail.outbox" in sys.modules:
            sys.modules["umail.outbox"]._claimed.clear()
        return sys.modules["alertnode.start"]
    for name in list(sys.modules):
        if name not in _native and name.split(".")[0] in ("umail", "alertnode"):
            del sys.modules[name]
    gc.collect()
    from alertnode import app, start

    wait = app.App.wait

    def watched(self, milliseconds):
        sim_guest.visit(chip, self)
        chip.app = self
        chip.wait_end = chip.world.now + milliseconds
        try:
            wait(self, milliseconds)
        finally:
            chip.wait_end = None

    app.App.wait = watched
    platform = sys.modules["alertnode.platform"]
    deepsleep = platform.deepsleep

    def lightly(seconds, feed):
        chip.nap_end = chip.world.now + seconds * 1000
        chip.naps = 0
        deepsleep(seconds, feed)

    platform.deepsleep = lightly
    for name in job.get("plant", ()):
        import sim_planted

        getattr(sim_planted, name)()
    return start


def _day(chip, begins):
    """Write down how the board is: a line a day."""
    flash = chip.flash
    text = "crc %08x erases %d most %d written %d" % (chip.crc, sum(flash.erases), max(flash.erases), flash.written)
    if chip.running:
        mails, size, log = 0, 0, 0
        try:
            for found in os.ilistdir("/outbox"):
                mails += found[0][-5:] == ".mail"
                size += found[3]
            for found in os.ilistdir("/"):
                if found[0][:7] == "log.txt":
                    log += found[3]
        except OSError:
            pass
        text += " mails %d outbox %d log %d" % (mails, size, log)
    text += " clock %d sockets %d" % (chip.error(), sim_net.OPEN[1])
    sim_net.OPEN[1] = sim_net.OPEN[0]
    chip.world.log("day", text)
    gc.collect()
    print_native("# %d heap %d\n" % (chip.world.now, gc.mem_alloc()))


print_native = sys.stdout.write
main(sys.argv[1])
