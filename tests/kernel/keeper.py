#!/usr/bin/python3
"""A service manager for one program: starts it, stores its descriptors (as the file descriptor
store of systemd, see sd_notify(3)), and passes them to the next process.

usage: keeper.py PROGRAM [ARGUMENT...]

    SIGUSR1   kills the process (-9) and starts the next one
    SIGUSR2   stops the process with SIGTERM, and starts the next one
    SIGTERM   stops the process with SIGTERM, closes the descriptors, and ends

Writes "started PID, descriptors N" for each process that it starts. Also starts the next one if the
process was killed otherwise; ends if the process exits by itself."""

import array
import fcntl
import os
import select
import signal
import socket
import sys
import tempfile

FIRST = 3  # SD_LISTEN_FDS_START
APART = 200  # own descriptors are above it


def fields(message):
    lines = message.decode().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


class Store:
    """Receives the messages of the processes on $NOTIFY_SOCKET."""

    def __init__(self, folder):
        self.stored = []  # (name, descriptor)
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def receive(self):
        """Takes all messages received so far."""
        while True:
            try:
                message, control, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
            except BlockingIOError:
                return
            self._take(fields(message), list(self._descriptors(control)))

    @staticmethod
    def _descriptors(control):
        for level, kind, data in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors = array.array("i")
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
                yield from descriptors

    def _take(self, message, descriptors):
        name = message.get("FDNAME", "stored")
        if message.get("FDSTOREREMOVE") == "1":
            for _, descriptor in filter(lambda each: each[0] == name, self.stored):
                os.close(descriptor)
            self.stored = [each for each in self.stored if each[0] != name]
        elif message.get("FDSTORE") == "1":
            for descriptor in descriptors:
                self.stored.append((name, fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, APART)))
        # BARRIER=1: closed after all earlier messages are processed.
        for descriptor in descriptors:
            os.close(descriptor)


def start(argv, store):
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": store.path,
        "LISTEN_FDS": str(len(store.stored)),
        "LISTEN_FDNAMES": ":".join(name for name, _ in store.stored),
    }
    actions = [
        (os.POSIX_SPAWN_DUP2, descriptor, FIRST + i)
        for i, (_, descriptor) in enumerate(store.stored)
    ]
    # The environment contains the process id.
    argv = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$0" "$@"', *argv]
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=actions)
    print(f"started {pid}, descriptors {len(store.stored)}", flush=True)
    return pid


def ended(pid):
    """Returns the exit code; None while the process runs."""
    number, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if number else None


def main(argv):
    wanted = []
    readable, written = os.pipe()
    os.set_blocking(written, False)
    signal.set_wakeup_fd(fcntl.fcntl(written, fcntl.F_DUPFD_CLOEXEC, APART))
    readable = fcntl.fcntl(readable, fcntl.F_DUPFD_CLOEXEC, APART)
    for each in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM):
        signal.signal(each, lambda number, _: wanted.append(number))
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        pid = start(argv, store)
        while True:
            select.select([store.socket, readable], [], [], None if not wanted else 0)
            while select.select([readable], [], [], 0)[0]:
                os.read(readable, 4096)
            store.receive()
            if wanted:
                number = wanted.pop(0)
                os.kill(pid, signal.SIGKILL if number == signal.SIGUSR1 else signal.SIGTERM)
                status = wait(pid, store)
                if number == signal.SIGTERM:
                    # A process that has just started may not handle SIGTERM yet.
                    return 0 if status == -signal.SIGTERM else status
                pid = start(argv, store)
                continue
            status = ended(pid)
            if status == -signal.SIGKILL:
                store.receive()
                pid = start(argv, store)
            elif status is not None:
                return status


def wait(pid, store):
    """Waits for the end of the process, which may still send messages."""
    while (status := ended(pid)) is None:
        store.receive()
        select.select([store.socket], [], [], 0.01)
    store.receive()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
