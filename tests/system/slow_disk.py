"""A slow disk for programs: a sync takes so many milliseconds longer (tests/faults/slow_disk.c)."""

import os
from pathlib import Path

from clock import loaded


class SlowDisk:
    def __init__(self, sync_ms):
        self._sync_ms = sync_ms

    def environment(self, program):
        library = Path(os.environ["BUILD"]) / "faults/slow_disk.so"
        return {
            "LD_PRELOAD": loaded(program, library),
            "SLOW_DISK_MS": str(self._sync_ms),
        }
