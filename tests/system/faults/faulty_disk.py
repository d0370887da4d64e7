"""A disk on which one call goes wrong: tests/faults/disk_faults.c."""

import mmap
import struct

from clock import loaded
from house import BUILD

KINDS = ("EIO", "ENOSPC", "last", "torn")  # of faults
CALLS = ("write", "sync", "truncate", "rename", "unlink")
SHAPE = struct.Struct(f"={3 + len(CALLS)}q")
ENDED = 137  # the exit code of a program whose last call it was


class FaultyDisk:
    """For one program of a house. All its calls that change the folder `disk` and what is below it
    are counted; the number `at` (from 1 on) goes wrong as `kind` says."""

    count = 0

    def __init__(self, house, name, disk, at=0, kind="EIO"):
        FaultyDisk.count += 1
        self._name = name
        self._file = house.folder / f"disk-faults-{FaultyDisk.count}"
        self._below = disk
        self._file.write_bytes(SHAPE.pack(at, KINDS.index(kind), *[0] * (1 + len(CALLS))))
        with open(self._file, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), SHAPE.size)
        self._at = at

    @property
    def seen(self):
        """How many calls there were."""
        return SHAPE.unpack(self._shared)[2]

    @property
    def calls(self):
        """The same by what they do."""
        return dict(zip(CALLS, SHAPE.unpack(self._shared)[3:]))

    @property
    def happened(self):
        """Whether there was a fault."""
        return 0 < self._at <= self.seen

    def environment(self, program):
        if program.name != self._name:
            return {}
        library = BUILD / "faults/disk_faults.so"
        return {
            "LD_PRELOAD": loaded(program, library),
            "DISK_FAULTS": str(self._file),
            "DISK_FAULTS_BELOW": str(self._below),
        }
