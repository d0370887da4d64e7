"""Disks of a test's own: small ones that can be full, and one whose power can be cut.

They are mounted in a name space that ends with the tests, so that nothing stays behind, not even
after a kill. That takes root and, for the latter, loop devices: where they are not to be had a test
that asks for a disk is skipped, and says why."""

import ctypes
import errno
import fcntl
import os
import subprocess
import tempfile
import uuid
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import pytest

from suite import figure

CLONE_NEWNS = 0x20000
FIFREEZE, FITHAW = 0xC0045877, 0xC0045878  # linux/fs.h
BOOT_ID = "/proc/sys/kernel/random/boot_id"
MB = 1 << 20


def do(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert not done.returncode, f"{' '.join(map(str, words))}: {done.stderr}"


def impossible(reason):
    """Told, and not taken for passed."""
    figure(f"NOT TESTED: {reason}")
    pytest.skip(f"NOT TESTED: {reason}")


def seen_outside(folder):
    """Whether what is mounted there now is seen by who has started this process, too."""
    try:
        do("mount", "-t", "tmpfs", "tmpfs", folder)
        return f" {folder} " in Path(f"/proc/{os.getppid()}/mountinfo").read_text()
    finally:
        do("umount", folder)


@lru_cache(None)
def move_to_own_space():
    """From now on what this process mounts is seen by its children alone. The reason if that cannot
    be."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        return os.strerror(ctypes.get_errno())
    # The root of a chroot is no mount that could be made private.
    if subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True).returncode:
        with tempfile.TemporaryDirectory() as folder:
            if seen_outside(folder):
                return "it would be seen outside"
    return None


def need_mounts():
    if reason := move_to_own_space():
        impossible(f"no disk can be mounted (root may): {reason}")


def need_loops():
    found = subprocess.run(["losetup", "--find"], capture_output=True, text=True)
    try:
        assert not found.returncode, found.stderr.strip()
        os.close(os.open(found.stdout.strip(), os.O_RDWR))
    except (AssertionError, OSError) as error:
        impossible(f"there is no loop device: {error}")


def umount(folder):
    """Not busy any more, since the programs have ended; if it is, that is an error, later."""
    done = subprocess.run(["umount", folder], capture_output=True, text=True)
    if done.returncode:
        subprocess.run(["umount", "--lazy", folder])
    assert not done.returncode, done.stderr


class SmallDisk:
    """A few MB, in memory."""

    def __init__(self, folder, megabytes):
        self.folder = folder
        self._ballast = folder / "ballast"
        folder.mkdir()
        do("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder)

    def fill(self):
        """There is no room left, not for a byte."""
        with open(self._ballast, "ab", buffering=0) as file:
            for size in (4096, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC

    def free(self):
        self._ballast.unlink()

    def close(self):
        umount(self.folder)


def copy_sparse(source, copy):
    """Without what was never written."""
    with open(source, "rb") as old, open(copy, "wb") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        end = 0
        while True:
            try:
                start = os.lseek(old.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                assert error.errno == errno.ENXIO
                return
            end = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            old.seek(start)
            new.seek(start)
            new.write(old.read(end - start))


class Image:
    """An ext4 file system in a file, by a loop device. The file is on a file system of its own:
    while that is frozen no write of the device is done, so that a copy is what was on the disk at
    one moment, between two writes: what a power cut leaves."""

    def __init__(self, folder, megabytes):
        folder.mkdir()
        self._mounted = []
        self._memory = folder / "memory"
        self._outer = folder / "outer"
        self._file = self._outer / "image"
        self.folder = folder / "disk"
        try:
            self._mount("-t", "tmpfs", "tmpfs", self._memory)
            self._format(self._memory / "image", 2 * megabytes)
            self._mount("-o", "loop", self._memory / "image", self._outer)
            self._format(self._file, megabytes)
            self._mount("-o", "loop", self._file, self.folder)
        except BaseException:
            self.close()
            raise

    def _format(self, file, megabytes):
        file.touch()
        os.truncate(file, megabytes * MB)
        do("mkfs.ext4", "-q", "-F", "-b", "4096", file)

    def _mount(self, *words):
        words[-1].mkdir()
        do("mount", *words)
        self._mounted.append(words[-1])

    def cut(self, copy):
        """What is on the disk now."""
        outer = os.open(self._outer, os.O_RDONLY)
        try:
            fcntl.ioctl(outer, FIFREEZE, 0)
            try:
                copy_sparse(self._file, copy)
            finally:
                fcntl.ioctl(outer, FITHAW, 0)
        finally:
            os.close(outer)

    def close(self):
        while self._mounted:
            umount(self._mounted.pop())


class Disks:
    """Makes disks below `folder`, or skips the test if there can be none."""

    def __init__(self, folder):
        self._folder = folder
        self._made = []
        self._count = 0

    def _new(self):
        self._count += 1
        return self._folder / f"disk-{self._count}"

    def _keep(self, disk):
        self._made.append(disk)
        return disk

    def small(self, megabytes):
        need_mounts()
        return self._keep(SmallDisk(self._new(), megabytes))

    def image(self, megabytes):
        need_mounts()
        need_loops()
        return self._keep(Image(self._new(), megabytes))

    @contextmanager
    def copy(self, file):
        """A copy of an image, mounted as by a machine that is started again: its journal is
        replayed."""
        folder = self._new()
        folder.mkdir()
        do("mount", "-o", "loop", file, folder)
        try:
            yield folder
        finally:
            umount(folder)

    @contextmanager
    def another_boot(self):
        """The machine was started again, as programs that start now see it."""
        file = self._new()
        file.write_text(f"{uuid.uuid4()}\n")
        do("mount", "--bind", file, BOOT_ID)
        try:
            yield
        finally:
            umount(BOOT_ID)

    def close(self):
        while self._made:
            self._made.pop().close()


@pytest.fixture
def disks(tmp_path):
    """To be named before `houses`: their programs have ended when the disks go."""
    disks = Disks(tmp_path)
    yield disks
    disks.close()
