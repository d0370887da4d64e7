"""A site under test: its broker, its programs with their configuration, its simulated meters."""

import json
import os
import signal
import subprocess
from pathlib import Path

from broker import Broker
from clock import Clock
from foreign_collector import ForeignCollector
from patience import PATIENCE
from program import Program
from proxy import Proxy
from slow_disk import SlowDisk
from watcher import Watcher

BUILD = Path(os.environ.get("BUILD", "build")).resolve()
SITE = "lycee"


def topic(rest):
    """Of the site: topic("zone/self/state")."""
    return f"wattzone/{SITE}/{rest}"


def run_to_end(name, *arguments):
    """A program of the build folder that ends by itself, with what it wrote."""
    argv = [BUILD / name, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=10 * PATIENCE)


class Meters:
    """Simulated PAC meters; numbers count from 1, as in their commands."""

    def __init__(self, program, count):
        self.program = program
        written = program.wait_out(lambda text: text.count("\n") >= count and text)
        self.ports = [int(line) for line in written.split()]

    def obey(self, command):
        self.program.enter(command)


def merged(environments):
    """Into one; what each of them loads into a program is loaded in their order."""
    result, libraries = {}, {}
    for each in environments:
        libraries |= dict.fromkeys(each.get("LD_PRELOAD", "").split())
        result |= each
    return result | ({"LD_PRELOAD": " ".join(libraries)} if libraries else {})


class House:
    """Everything a test starts, in `folder`. What is started here is ended by close()."""

    def __init__(self, folder, at=None):
        self.folder = folder
        self.outboxes = folder  # the folder of the outbox files
        self.books = folder / "books.db"  # the aggregator's
        self.disk_faults = None
        self.clock = Clock(folder, at)
        self.sync_ms = 0  # a sync of the programs' disk lasts so much longer
        self.broker = None
        self._programs = []
        self._watchers = []
        self._proxies = []

    # -------- programs --------

    def run(self, name, *arguments, commands=False, at_house_time=True, environment=None):
        """Starts a program of the build folder, or another one by its full name."""
        program = BUILD / name
        worlds = [self.clock] if at_house_time else []
        worlds += [SlowDisk(self.sync_ms)] if self.sync_ms else []
        worlds += [self.disk_faults] if self.disk_faults else []
        environment = {
            **merged(world.environment(program) for world in worlds),
            **(environment or {}),
        }
        environment["STATE_DIRECTORY"] = str(self.folder)
        started = Program(self.folder, [program, *arguments], environment, commands)
        self._programs.append(started)
        return started

    def again(self, program):
        """Starts a program that ended once more, as it was."""
        started = program.again()
        self._programs.append(started)
        return started

    def write(self, name, content):
        """A file of the folder: text, or an object as JSON."""
        file = self.folder / name
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    def configuration(self, name, **settings):
        """The configuration file of a program of this site."""
        broker = {"host": "127.0.0.1", "port": self.broker.port, **settings.pop("broker", {})}
        return self.write(f"{name}.json", {"site": SITE, "broker": broker, **settings})

    def open_broker(self, **settings):
        self.broker = Broker(self.folder, **settings)
        return self.broker

    def aggregator(self, **settings):
        settings = {"publish_ms": 50, **settings}
        settings["store"] = {"file": str(self.books), **settings.get("store", {})}
        return self.run("aggregator", "--config", self.configuration("aggregator", **settings))

    def outbox(self, name):
        """The file of a collector."""
        return self.outboxes / f"{name}.outbox"

    def _collector(self, name, **settings):
        settings["outbox"] = {"file": str(self.outbox(name)), **settings.get("outbox", {})}
        return {"collector": name, **settings}

    def pac(self, name, meters, **settings):
        """A collector-pac. `meters` is the one of its configuration; host and source have defaults."""
        meters = [
            {
                "source": each.get("zone", f"meter-{i}"),
                **({} if "serial" in each else {"host": "127.0.0.1"}),
                **each,
            }
            for i, each in enumerate(meters, 1)
        ]
        settings = self._collector(name, meters=meters, **settings)
        return self.run("collector-pac", "--config", self.configuration(name, **settings))

    def meter(self, name, sources, replay=None, by=(), environment=None, **settings):
        """A collector-meter that reads edges from a file, or from GPIO lines. `by`: what starts it,
        a program with its arguments."""
        settings = self._collector(name, sources=sources, **settings)
        if replay:
            settings["replay"] = str(replay)
        argv = [*by, BUILD / "collector-meter", "--config", self.configuration(name, **settings)]
        return self.run(*argv, environment=environment)

    def meters(self, count=1, **options):
        """Simulated PAC meters."""
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        program = self.run("sim/pac-sim", "--count", str(count), *words, commands=True)
        program.expect(-signal.SIGTERM)
        return Meters(program, count)

    def proxy(self, port):
        """A line to a server, which can be spoiled."""
        self._proxies.append(Proxy(port))
        return self._proxies[-1]

    def keep_on(self, disk):
        """Outboxes and books are in this folder."""
        self.outboxes = disk
        self.books = disk / "books.db"

    # -------- clients --------

    def watch(self, *filters, **account):
        """A client that subscribes to topics of the site, by default to all."""
        watcher = Watcher(self.broker.port, *[topic(each) for each in filters or ("#",)], **account)
        self._watchers.append(watcher)
        return watcher

    def collector(self, name, **account):
        """A collector that is not ours."""
        return ForeignCollector(self.watch("status", **account), topic(f"collector/{name}"))

    def close(self, quiet=False):
        """Ends everything, newest first; returns what was wrong: a list. Prints the output of the
        programs, unless `quiet`."""
        for watcher in self._watchers:
            watcher.close()
        programs = self._programs[::-1] + (self.broker.programs if self.broker else [])
        wrong = [reason for program in programs for reason in program.end()]
        for proxy in self._proxies:
            proxy.close()
        for program in [] if quiet else programs:
            print(f"\n---- {' '.join(program.argv)}\n{program.err}", end="")
        return wrong
