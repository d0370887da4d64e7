#!/usr/bin/python3
"""The first process of the guest: mounts file systems, runs the command, switches the power off.
$GUEST is a folder of the host, see the script `guest`."""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import sys
import termios
import traceback
from pathlib import Path

SIOCSIFFLAGS = 0x8914
IFF_UP = 1
POWER_OFF = 0x4321FEDC

libc = ctypes.CDLL(None, use_errno=True)


def mount(kind, target, options=""):
    words = [each.encode() for each in ("none", str(target), kind)]
    if libc.mount(*words, 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), f"mount {kind} on {target}")


def mount_system():
    """Mounts the file systems. /dev/shm hides that of the host, which may hold the folder GUEST."""
    for kind, target in (
        ("proc", "/proc"),
        ("sysfs", "/sys"),
        ("devtmpfs", "/dev"),
        ("tmpfs", "/run"),
        ("tmpfs", "/tmp"),
        ("configfs", "/sys/kernel/config"),
    ):
        mount(kind, target)
    Path("/dev/shm").mkdir(exist_ok=True)
    mount("tmpfs", "/dev/shm")
    for link, target in (("fd", "/proc/self/fd"), ("stderr", "/proc/self/fd/2")):
        Path("/dev", link).symlink_to(target)


def mount_share(folder):
    """Mounts a folder of the host, writable, at the same path."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    mount("hostfs", folder, folder)


def open_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def keep_newlines():
    """Turns off the carriage returns that a terminal writes before newlines."""
    attributes = termios.tcgetattr(1)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(1, termios.TCSANOW, attributes)


def words_of(file):
    return file.read_bytes().split(b"\0")[:-1]


def run(guest):
    folder, share, *argv = words_of(guest / "command")
    environment = dict(word.split(b"=", 1) for word in words_of(guest / "environment"))
    if share:
        mount_share(share.decode())
    return subprocess.run(argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL).returncode


def main():
    host = os.environ["GUEST"]
    try:
        mount_system()
        guest = Path("/run/guest")
        guest.mkdir()
        mount("hostfs", guest, host)
        open_loopback()
        keep_newlines()
        code = run(guest)
        (guest / "status").write_text(str(code if code >= 0 else 128 - code))
    except Exception:
        traceback.print_exc()
    sys.stdout.flush()
    libc.reboot(POWER_OFF)


main()
