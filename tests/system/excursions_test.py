"""A wrong index of a meter costs nothing: the books, the zone and `health` of a whole aggregator."""

import pytest

import books
from house import topic

STREAM = "00000000000000e1"
WH = 812345678


class Meter:
    """A foreign collector with one meter, whose records have been on the way for two hours."""

    def __init__(self, house, **about):
        self.watcher = house.watch()
        self.begin = house.clock.ms() // 600000 * 600000 - 7200000
        self.seq = 0
        house.collector("atelier")
        about = {
            "kind": "meter",
            "medium": "electricity",
            "zone": "self",
            "label": "Self",
            "nominal_w": None,
            "role": "part",
        } | about
        self.watcher.wait(topic("status"), "online")
        self.watcher.publish(topic("collector/atelier/self/about"), about, retain=True)

    def record(self, second, wh):
        self.seq += 1
        record = {"t": self.begin + 1000 * second, "stream": STREAM, "seq": self.seq}
        record |= {"prev": self.seq - 1, "wh": wh}
        self.watcher.publish(topic("collector/atelier/self/record"), record)

    def energy(self, kwh):
        self.watcher.wait(topic("collector/atelier/ack"), lambda ack: ack["seq"] == self.seq)
        self.watcher.wait(topic("zone/self/state"), lambda state: state["energy_kwh"] == kwh)

    def health(self, **counters):
        self.watcher.wait(
            topic("health"), lambda health: counters.items() <= health.items()
        )


@pytest.mark.parametrize("wrong", [0, 0xFFFFFFFF * 1000, WH + 100000000])
def test_a_wrong_index_for_25_s_costs_nothing(house, wrong):
    aggregator = house.aggregator()
    meter = Meter(house)
    meter.record(0, WH)
    meter.record(10, wrong)
    meter.record(20, wrong)
    for second in range(35, 3600, 300):
        meter.record(second, WH + 10 * second)
    meter.energy(33.35)
    meter.health(glitches=2, resets=0, jumps=0)
    kinds = "SELECT kind FROM incidents ORDER BY time"
    assert books.rows(house.books, kinds) == [("glitch",), ("glitch",)]
    aggregator.kill()
    meter.watcher.forget()
    house.again(aggregator)
    meter.energy(33.35)
    meter.health(glitches=2, resets=0, jumps=0)


def test_more_than_the_source_can_deliver_is_an_incident_without_energy(house):
    house.aggregator()
    meter = Meter(house, max_w=10000)
    meter.record(0, WH)
    meter.record(3600, WH + 10000)
    meter.record(3660, WH + 20000)
    meter.record(3720, WH + 20100)
    meter.energy(10.1)
    meter.health(jumps=1, glitches=0, resets=0)
    incident = books.rows(house.books, "SELECT kind, before, after FROM incidents")
    assert incident == [("jump", (WH + 10000) * 1000, (WH + 20000) * 1000)]
