"""A child process of a test: what it wrote, how it ended, and that it ends."""

import os
import signal
import subprocess
from pathlib import Path

from patience import until

# They block SIGTERM once they have begun; before, it kills them.
LOOPS = ("aggregator", "collector-meter", "collector-pac")
SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", ": runtime error: ")


class Program:
    """Runs `argv` with stdout and stderr in files of `folder`. `commands` gives it a standard input
    for enter(). End it with stop() or kill(); both work by its process id."""

    count = 0

    def __init__(self, folder, argv, environment=None, commands=False):
        Program.count += 1
        self.name = Path(argv[0]).name
        self.argv = [str(word) for word in argv]
        self._again = lambda: Program(folder, argv, environment, commands)
        stem = Path(folder) / f"{Program.count:03}-{self.name}"
        self._out = stem.with_suffix(".out")
        self._err = stem.with_suffix(".err")
        self._expected = {0}
        with open(self._out, "wb") as out, open(self._err, "wb") as err:
            self._process = subprocess.Popen(
                self.argv,
                stdin=subprocess.PIPE if commands else subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **(environment or {})},
            )
        self.pid = self._process.pid

    @property
    def out(self):
        return self._out.read_text(errors="replace")

    @property
    def err(self):
        return self._err.read_text(errors="replace")

    @property
    def running(self):
        return self._process.poll() is None

    def enter(self, line):
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def wait_out(self, condition, timeout=5):
        """Waits until `condition(what it wrote to stdout)` is true; returns that."""
        return until(lambda: condition(self.out), timeout, lambda: f"fit output: {self.out!r}")

    def wait_err(self, text, timeout=5):
        """Waits until `text` occurs in what it wrote to stderr."""
        until(lambda: text in self.err, timeout, lambda: f"{text!r} in stderr: {self.err!r}")

    def waited(self):
        """Seconds that its threads have waited for a processor, while others had it."""
        delays = [file.read_text().split()[1] for file in Path("/proc").glob(f"{self.pid}/task/*/schedstat")]
        return sum(map(int, delays)) / 1e9

    def expect(self, code):
        """An end with this exit code is not a failure."""
        self._expected.add(code)

    def wait(self, timeout=10):
        """Waits until it ends by itself; returns the exit code, which may be any but a crash."""
        code = self._end_within(timeout)
        if code > 0:
            self.expect(code)
        return code

    def _ends_in_order(self):
        """It has begun to wait for SIGTERM, or is no program with a loop, or has ended."""
        if self.name not in LOOPS or "--probe" in self.argv or not self.running:
            return True
        status = Path(f"/proc/{self.pid}/status").read_text()
        blocked = int(status.split("SigBlk:")[1].split()[0], 16)
        return blocked >> (signal.SIGTERM - 1) & 1

    def stop(self, timeout=1):
        """Asks it to end, as a service manager does; returns the exit code."""
        until(self._ends_in_order, 10, lambda: f"begin of {self.name}: {self.err}")
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        return self._end_within(timeout)

    def _end_within(self, timeout):
        until(lambda: not self.running, timeout, lambda: f"end of {self.name}: {self.err}")
        return self._process.returncode

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        """What a power cut does to it."""
        self._process.kill()
        self._process.wait()
        self.expect(-signal.SIGKILL)

    def suspend(self):
        self._process.send_signal(signal.SIGSTOP)

    def resume(self):
        self._process.send_signal(signal.SIGCONT)

    def again(self):
        """The same program once more."""
        return self._again()

    def end(self):
        """Ends it if it still runs. Returns what was wrong with it since it started: a list."""
        wrong = []
        self.resume()
        try:
            self.stop(timeout=5)
        except AssertionError:
            self.kill()
            wrong.append("did not end when it was asked to")
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.returncode not in self._expected:
            wrong.append(f"ended with {self._process.returncode}")
        wrong += [f"reports {name}" for name in SANITIZERS if name in self.err]
        return [f"{self.name} (process {self.pid}) {reason}" for reason in wrong]
