"""The broker is late, dies and comes back empty: every program carries on by itself."""

import contextlib
import os
import socket
import threading

import pytest

from house import topic
from patience import until

PULSE_METER = {
    "source": "compteur",
    "zone": "global",
    "role": "main",
    "wh_per_pulse": 80,
    "pulse": {"line": "pulse"},
}


class Edges:
    """A pulse meter on a FIFO: a pulse of 40 ms a second, as long as it is open."""

    def __init__(self, house):
        self.pipe = house.folder / "edges"
        self._clock = house.clock
        self._over = threading.Event()
        os.mkfifo(self.pipe)
        # Both ends, so that opening does not wait and the reader never sees the end.
        self._file = open(os.open(self.pipe, os.O_RDWR), "w", buffering=1)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._over.wait(0.5):
            now = self._clock.ms() / 1000
            self._file.write(
                f"{now - 0.1:.3f} compteur.pulse 1\n{now - 0.05:.3f} compteur.pulse 0\n"
            )
            self._file.write(f"{now:.3f}\n")

    def close(self):
        self._over.set()
        self._thread.join()
        self._file.close()


@pytest.fixture
def edges(house):
    edges = Edges(house)
    yield edges
    edges.close()


def start(house, edges):
    """All three programs of a site."""
    meters = house.meters(1, power=48000)
    return [
        house.aggregator(),
        house.meter("compteur", [PULSE_METER], edges.pipe),
        house.pac("pac", [{"zone": "self", "port": meters.ports[0]}], record_s=1),
    ]


def wait_alive(watcher):
    """Births, announcements, retained results and new readings of the site of start()."""
    for each in ("status", "collector/compteur/status", "collector/pac/status"):
        watcher.wait(topic(each), "online", 20)
    for each in ("collector/compteur", "collector/pac"):
        watcher.wait(topic(f"{each}/about"), lambda about: about["program"], 20)
    watcher.wait(
        topic("collector/compteur/compteur/about"), lambda about: about["wh_per_pulse"] == 80
    )
    watcher.wait(topic("collector/pac/self/about"), lambda about: about["kind"] == "pac3200")
    watcher.wait(topic("collector/pac/self/status"), "online")
    watcher.wait(topic("zone/self/power_w"), 48000)
    watcher.wait(topic("zone/global/power_w"), lambda power: power and power > 0)
    for zone in ("self", "global"):
        watcher.wait(topic(f"zone/{zone}/status"), "online")
        watcher.wait(topic(f"zone/{zone}/day"))
    for each in ("summary", "tariff/state", "demand/state", "health", "tariff/band"):
        watcher.wait(topic(each))


def test_programs_wait_for_a_broker_that_is_not_there_at_the_start(house, edges):
    house.broker.kill()
    programs = start(house, edges)
    for program in programs:
        program.wait_err("127.0.0.1", 10)
        assert program.running
    house.broker.start()
    wait_alive(house.watch("#"))


def test_after_the_death_of_a_broker_that_kept_nothing_all_is_as_before(house, edges):
    programs = start(house, edges)
    watcher = house.watch("#")
    wait_alive(watcher)
    until(lambda: watcher.value(topic("zone/self/energy_kwh")), 10, "energy of the zone")
    before = watcher.value(topic("zone/self/energy_kwh"))
    leaves = {each for each in watcher.topics() if "/live" not in each and "/record" not in each}

    house.broker.kill()
    house.broker.start()
    after = house.watch("#")
    wait_alive(after)
    after.wait_topics(lambda topics: leaves <= topics, 10)
    grown = after.wait(topic("zone/self/energy_kwh"), lambda energy: energy > before, 15)
    assert grown > before
    records = after.values(topic("collector/pac/self/record"))
    numbers = [record["seq"] for record in watcher.values(topic("collector/pac/self/record"))]
    numbers += [record["seq"] for record in records]
    assert sorted(set(numbers)) == list(range(1, max(numbers) + 1)), "a record was lost"
    assert all(program.running for program in programs)


def test_the_broker_publishes_the_wills_of_killed_programs(house, edges):
    programs = start(house, edges)
    watcher = house.watch("#")
    wait_alive(watcher)
    names = ("status", "collector/compteur/status", "collector/pac/status")
    for program, name in zip(programs, names):
        program.kill()
        watcher.wait(topic(name), "offline")
    # They are retained: a client that connects later receives them.
    late = house.watch("#")
    for name in names:
        late.wait(topic(name), "offline")


def test_programs_that_are_stopped_go_offline_themselves(house, edges):
    programs = start(house, edges)
    watcher = house.watch("#")
    wait_alive(watcher)
    names = ("status", "collector/compteur/status", "collector/pac/status")
    for program, name in zip(programs, names):
        assert program.stop(timeout=1) == 0
        watcher.wait(topic(name), "offline", 1)


def test_version_3_1_1_of_the_protocol_works_by_option(house, edges):
    meters = house.meters(1, power=48000)
    broker = {"protocol": "3.1.1"}
    house.aggregator(broker=broker)
    house.pac("pac", [{"zone": "self", "port": meters.ports[0]}], record_s=1, broker=broker)
    house.meter("compteur", [PULSE_METER], edges.pipe, broker=broker)
    wait_alive(house.watch("#"))


class BrokerThatDrops:
    """Says yes to every connection and drops it once something was announced there."""

    YES = bytes([0x20, 3, 0, 0, 0])  # CONNACK of MQTT 5

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                connection.recv(4096)
                connection.sendall(self.YES)
                received = b""
                while b"/about" not in received and (more := connection.recv(4096)):
                    received += more
                connection.close()

    def close(self):
        self._listener.close()


def test_a_connection_that_breaks_before_the_answers_is_no_refusal(house):
    drops = BrokerThatDrops()
    collector = house.pac("pac", [{"zone": "self", "port": 1}], broker={"port": drops.port})
    collector.wait_err("connection lost")
    collector.stop(timeout=5)
    drops.close()
    assert "refuse" not in collector.err.replace("refuses connections", "")
