"""Process 1 of a QEMU machine: `guest.py WIDTHxHEIGHT`.

Starts what Docker's backend starts in a container, each as its own user without capabilities or a way to get any, and
ends orphans. Each line that comes by the port `wheelhouse.boot` makes the machine another one: the kernel's random
numbers, the clock, the boot id and the home here, then the in-guest agent, by its standard input. When the agent ends,
the machine is switched off.
"""

import binascii
import ctypes
import errno
import fcntl
import json
import os
import resource
import select
import signal
import struct
import sys
import time

ADDRESS, PORT, HOST = "10.0.2.15", 4100, "10.0.2.2"
BOOT_PORT = "wheelhouse.boot"
HOME_SERIAL, HOME = "home", "/home/session"
BOOT_ID, MACHINE_ID = "/run/machine/boot_id", "/run/wheelhouse/machine-id"
#: Linux, include/uapi/linux/mount.h.
MS_NOSUID, MS_NODEV, MS_NOATIME, MS_MOVE = 2, 4, 1024, 8192
LIBC = ctypes.CDLL(None, use_errno=True)
PATIENCE = int(os.environ.get("PATIENCE", "1"))
LINE_BYTES = 64 * 1024
#: Reads a line without the regular expressions around it, which a machine that just woke would have to translate.
DECODER = json.JSONDecoder()
#: Linux, include/uapi/linux/random.h: _IOW('R', 0x03, int[2]) and _IO('R', 0x07).
RNDADDENTROPY, RNDRESEEDCRNG = 0x40085203, 0x5207


def log(text):
    print(f"wheelhouse: {text}", file=sys.stderr, flush=True)


def until(seconds, probe):
    """What `probe` gives as soon as it gives something, or None after `seconds`."""
    give_up = time.monotonic() + seconds
    while True:
        found = probe()
        if found or time.monotonic() > give_up:
            return found
        time.sleep(0.01)


def text_of(path):
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def device_with(folder, attribute, value):
    """The device file below a folder of /sys whose attribute has this value, or None."""
    for name in os.listdir(folder):
        if text_of(f"{folder}/{name}/{attribute}") == value and os.path.exists(f"/dev/{name}"):
            return f"/dev/{name}"
    return None


def spawn(command, environment, streams, score):
    """Starts a program; `score` says how early it is ended when memory runs out (-1000 to 1000)."""
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setsid()
        for target, source in enumerate(streams):
            os.dup2(source, target, inheritable=True)
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write(str(score))
        resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NPROC, (1024, 1024))
        signal.set_wakeup_fd(-1)
        os.execve(command[0], command, environment)
    except BaseException as error:  # pylint: disable=broad-except
        log(f"{command[0]}: {error}")
    os._exit(127)


def as_user(number, command):
    user = ["--reuid", str(number), "--regid", str(number), "--clear-groups"]
    powers = ["--bounding-set", "-all", "--inh-caps", "-all", "--ambient-caps", "-all", "--no-new-privs"]
    return ["/usr/bin/setpriv", *user, *powers, "--", *command]


def finish(command):
    """Runs a small program of the system to its end; raises when it fails."""
    pid = os.fork()
    if pid == 0:
        try:
            os.execve(command[0], command, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
        finally:
            os._exit(127)
    _, status = os.waitpid(pid, 0)
    if status:
        raise OSError(errno.EIO, f"{command[0]} failed")


def power_off(reason):
    log(f"switching off: {reason}")
    os.sync()
    with open("/proc/sysrq-trigger", "w", encoding="ascii") as file:
        file.write("o")
    while True:
        signal.pause()


def reseed(seed):
    """Mixes the seed in and has every processor's generator drawn afresh (Linux, drivers/char/random.c)."""
    with open("/dev/urandom", "wb", buffering=0) as device:
        fcntl.ioctl(device, RNDADDENTROPY, struct.pack("ii", len(seed) * 8, len(seed)) + seed)
        try:
            fcntl.ioctl(device, RNDRESEEDCRNG)
        except OSError as error:
            # Not ready yet: the first draw will come from what was just mixed in.
            if error.errno != errno.ENODATA:
                raise


def renew_ids():
    digits = os.urandom(16).hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    put(BOOT_ID, "-".join(parts) + "\n")
    put(MACHINE_ID, os.urandom(16).hex() + "\n")


def put(path, text):
    """Writes over a file of the same length."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    os.write(file, text.encode())
    os.close(file)


def mount(source, target, kind, flags):
    """mount(2); a process for it would cost a machine that just woke a tenth of a second."""
    if LIBC.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{target}: {os.strerror(number)}")


def mount_home():
    """Puts the home's disk in its place; an empty one gets what the image has there."""
    if os.path.ismount(HOME):
        return
    disk = until(5 * PATIENCE, lambda: device_with("/sys/block", "serial", HOME_SERIAL))
    if not disk:
        raise OSError(errno.ENODEV, "the home's disk did not come")
    os.makedirs("/run/machine/home", exist_ok=True)
    mount(disk, "/run/machine/home", "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME)
    kept = set(os.listdir("/run/machine/home"))
    if kept <= {"lost+found"}:
        if kept:
            os.rmdir("/run/machine/home/lost+found")
        finish(["/usr/bin/cp", "-a", f"{HOME}/.", "/run/machine/home/"])
    # A program of an earlier machine's may have locked it.
    os.chmod("/run/machine/home", os.stat("/run/machine/home").st_mode & 0o7777 | 0o700)
    mount("/run/machine/home", HOME, "", MS_MOVE)


class Machine:
    """The two programs, the port, and the one line that is worked on."""

    def __init__(self, size):
        self.wake, wake_write = os.pipe()
        os.set_blocking(self.wake, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        nothing = os.open("/dev/null", os.O_RDWR)
        to_agent_end, self.to_agent = os.pipe()
        self.from_agent, from_agent_end = os.pipe()
        common = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "WHEELHOUSE_PATIENCE": str(PATIENCE)}
        self.agent = spawn(
            as_user(990, ["/opt/wheelhouse/session/start", size]),
            {**common, "HOME": "/run/wheelhouse", "WHEELHOUSE_LINK": f"{ADDRESS} {PORT} {HOST}"},
            (to_agent_end, from_agent_end, 2),
            -500,
        )
        os.close(to_agent_end)
        os.close(from_agent_end)
        # The session's programs write nothing on the console, which is the machine's own log.
        self.session = spawn(
            as_user(1000, ["/usr/bin/node", "/opt/wheelhouse/agent.cjs", "--session"]),
            {**common, "HOME": HOME},
            (nothing, nothing, nothing),
            500,
        )
        path = until(30 * PATIENCE, lambda: device_with("/sys/class/virtio-ports", "name", BOOT_PORT))
        if not path:
            power_off(f"there is no port {BOOT_PORT}")
        self.port = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.heard = b""

    def reap(self):
        while True:
            try:
                os.read(self.wake, 4096)
            except BlockingIOError:
                break
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.agent:
                power_off(f"the in-guest agent ended ({os.waitstatus_to_exitcode(status)})")
            if pid == self.session:
                log(f"the session's supervisor ended ({os.waitstatus_to_exitcode(status)})")

    def agent_answer(self):
        give_up = time.monotonic() + 20 * PATIENCE
        answer = b""
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([self.from_agent, self.wake], [], [], max(0, give_up - time.monotonic()))
            if self.wake in ready:
                self.reap()
            if self.from_agent in ready:
                part = os.read(self.from_agent, 4096)
                if not part:
                    power_off("the in-guest agent closed its answers")
                answer += part
            if not ready:
                # Its answer may still come, and would be taken for another line's.
                power_off("the in-guest agent does not answer")
        return answer.decode().strip()

    def become(self, text):
        boot, _ = DECODER.raw_decode(text.decode())
        if "clock" in boot:
            # It stood still, and its clock with it. Nobody waits for an answer.
            time.clock_settime(time.CLOCK_REALTIME, float(boot["clock"]) / 1000)
            return None
        if boot.get("sync") is True:
            # The machine will be ended: what its home still has in memory goes to the disk that stays.
            os.sync()
            return {"ok": True, "synced": True}
        machine_id, secret, now = boot["machineId"], boot["secret"], float(boot["time"])
        for word in (machine_id, secret):
            if not word or not word.isascii() or not word.isprintable() or " " in word or len(word) > 256:
                raise ValueError("not a word")
        seed = binascii.a2b_base64(boot["seed"])
        if len(seed) < 32:
            raise ValueError("the seed is too short")
        reseed(seed)
        # The agent takes its part while the rest is done here.
        boot_id = os.urandom(16).hex()
        os.write(self.to_agent, f"{machine_id} {boot_id} {secret}\n".encode())
        failed = None
        try:
            time.clock_settime(time.CLOCK_REALTIME, now / 1000)
            renew_ids()
            if boot.get("home"):
                mount_home()
        except (OSError, OverflowError) as error:
            failed = error
        answer = self.agent_answer()
        if failed:
            raise failed
        if answer != "ok":
            raise OSError(errno.EIO, f"the in-guest agent says {answer}")
        return {"ok": True, "machineId": machine_id, "bootId": boot_id}

    def hear(self, data):
        self.heard += data
        while b"\n" in self.heard:
            line, self.heard = self.heard.split(b"\n", 1)
            try:
                answer = self.become(line)
            except OSError as error:
                answer = {"ok": False, "reason": str(error)}
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
                # The kind alone: a text may quote the line, which holds a secret.
                answer = {"ok": False, "reason": f"the boot line was refused ({type(error).__name__})"}
            if answer is None:
                continue
            if not answer["ok"]:
                log(answer["reason"])
            os.write(self.port, json.dumps(answer).encode() + b"\n")
        if len(self.heard) > LINE_BYTES:
            self.heard = b""

    def run(self):
        while True:
            ready, _, _ = select.select([self.wake, self.port], [], [])
            if self.wake in ready:
                self.reap()
            if self.port in ready:
                try:
                    data = os.read(self.port, LINE_BYTES)
                except BlockingIOError:
                    data = None
                if data:
                    self.hear(data)
                elif data == b"":
                    # Nobody is at the other end, which the port says by being readable: look again in a while.
                    self.heard = b""
                    select.select([self.wake], [], [], 0.25)


if __name__ == "__main__":
    os.environ.clear()
    log("the machine is up")
    Machine(sys.argv[1]).run()
