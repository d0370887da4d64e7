"""The aggregator's books: they outlive the program, and commands of operators change them."""

import sqlite3
from contextlib import closing

import books
from house import topic

SWAP = "set/source/atelier/self/swap"


class Atelier:
    """A foreign collector with a meter in Wh, on a morning of its own."""

    def __init__(self, house):
        self.collector = house.collector("atelier")
        self.watcher = house.watch()
        self.begin = house.clock.ms() // 600000 * 600000 - 3600000
        self.seq = 0
        about = {"kind": "meter", "medium": "electricity", "zone": "self", "label": "Self"}
        about |= {"nominal_w": 9000, "role": "part"}
        self.watcher.publish(topic("collector/atelier/self/about"), about, retain=True)

    def record(self, second, wh):
        """At so many seconds of the morning."""
        self.watcher.wait(topic("status"), "online")
        self.seq += 1
        record = {"t": self.begin + 1000 * second, "stream": "00000000000000a7", "seq": self.seq}
        record |= {"prev": self.seq - 1, "wh": wh}
        self.watcher.publish(topic("collector/atelier/self/record"), record)

    def booked(self):
        """Waits until all of them are in the books."""
        self.watcher.wait(topic("collector/atelier/ack"), lambda ack: ack["seq"] == self.seq)

    def command(self, **command):
        """An operator's word; returns the answer."""
        self.watcher.forget()
        self.watcher.publish(topic(SWAP), command)
        return self.watcher.wait(topic("set-result"))


def energy(watcher, kwh):
    return watcher.wait(topic("zone/self/state"), lambda state: state["energy_kwh"] == kwh)


def test_what_was_acknowledged_is_there_after_a_kill(house):
    aggregator = house.aggregator()
    atelier = Atelier(house)
    for minute in range(31):
        atelier.record(60 * minute, 1000 + 50 * minute)
    atelier.booked()
    before = energy(atelier.watcher, 1.5)
    window = atelier.watcher.wait(topic("zone/self/mean10"))
    aggregator.kill()
    atelier.watcher.forget()
    aggregator = house.again(aggregator)
    after = energy(atelier.watcher, 1.5)
    live = ("time", "energy_day_kwh", "cost_day")
    assert {k: v for k, v in before.items() if k not in live} == {
        k: v for k, v in after.items() if k not in live
    }
    assert window["energy_kwh"] == 0.5
    atelier.record(1860, 2550)
    energy(atelier.watcher, 1.55)
    atelier.booked()
    assert aggregator.stop(5) == 0
    assert len(books.facts(house.books, "atelier/self")) == 32


def test_a_second_aggregator_does_not_touch_the_books(house):
    house.aggregator()
    atelier = Atelier(house)
    atelier.record(0, 1000)
    atelier.booked()
    second = house.aggregator()
    assert second.wait() == 1
    assert f"{house.books}: " in second.err


def test_books_of_a_newer_program_are_left_alone(house):
    aggregator = house.aggregator()
    atelier = Atelier(house)
    atelier.record(0, 1000)
    atelier.booked()
    assert aggregator.stop(5) == 0
    with closing(sqlite3.connect(house.books)) as file:
        file.execute("PRAGMA user_version = 99")
    written = house.books.read_bytes()
    aggregator = house.again(aggregator)
    assert aggregator.wait() == 78
    assert "of version 99, which a newer program wrote" in aggregator.err
    assert house.books.read_bytes() == written


def test_a_price_that_changed_in_the_configuration_reprices_the_stored_windows(house):
    def tariff(price):
        names = ("P", "HPH", "HCH", "HPE", "HCE")
        return {"prices": [{"from": "2013-01-01", **{name: price for name in names}}]}

    aggregator = house.aggregator(tariff=tariff(0.1))
    atelier = Atelier(house)
    atelier.record(0, 0)
    atelier.record(600, 5000)
    atelier.watcher.wait(topic("zone/self/mean10"), lambda window: window["cost"] == 0.5)
    assert aggregator.stop(5) == 0
    house.aggregator(tariff=tariff(0.2))
    atelier.watcher.wait(topic("zone/self/mean10"), lambda window: window["cost"] == 1)
    stored = lambda: books.windows(house.books, "self", atelier.begin, atelier.begin + 1)
    atelier.record(660, 5001)
    atelier.booked()
    assert [window[3] for window in stored()] == [10**8]


def test_an_operator_enters_the_replacement_of_a_meter(house):
    aggregator = house.aggregator()
    atelier = Atelier(house)
    watcher = atelier.watcher
    atelier.record(0, 1000)
    atelier.record(60, 1100)
    atelier.record(120, 5)
    energy(watcher, 0.1)
    at = atelier.begin + 90000
    assert atelier.command(t=at, final_wh=1140, initial_wh=0) == {"key": SWAP[4:], "ok": True}
    energy(watcher, 0.145)
    assert books.rows(house.books, "SELECT t, final, initial FROM swaps") == [
        (at, 1140000, 0)
    ]
    health = watcher.wait(topic("health"), lambda health: health["swaps"] == 1)
    assert health["resets"] == 0
    aggregator.kill()
    watcher.forget()
    house.again(aggregator)
    energy(watcher, 0.145)


def test_a_command_that_cannot_be_is_answered_with_the_reason(house):
    house.aggregator()
    atelier = Atelier(house)
    watcher = atelier.watcher
    atelier.record(0, 1000)
    atelier.record(60, 1100)
    energy(watcher, 0.1)
    for command, reason in (
        ({"final_wh": 1}, "initial_wh: "),
        ({"final_wh": 1099, "initial_wh": 0}, "the final index is below 1100.000 Wh"),
        ({"final_pulses": 2000, "initial_pulses": 0}, "this source counts wh"),
        ({"final_wh": 2000, "initial_wh": 0, "at": 1}, "at: unknown field"),
    ):
        answer = atelier.command(**command)
        assert not answer["ok"] and answer["key"] == SWAP[4:]
        assert answer["error"].startswith(reason), answer
    for key in ("set/source/atelier/other/swap", "set/nothing"):
        watcher.forget()
        watcher.publish(topic(key), {"final_wh": 2000, "initial_wh": 0})
        answer = watcher.wait(topic("set-result"))
        assert not answer["ok"] and answer["key"] == key[4:]
    assert books.rows(house.books, "SELECT * FROM swaps") == []


def test_a_retained_command_is_not_carried_out(house):
    atelier = Atelier(house)
    command = {"final_wh": 2000, "initial_wh": 0}
    atelier.watcher.acknowledged([atelier.watcher.publish(topic(SWAP), command, retain=True)])
    aggregator = house.aggregator()
    aggregator.wait_err("ignored, because it is retained")
    atelier.record(0, 1000)
    atelier.booked()
    assert books.rows(house.books, "SELECT * FROM swaps") == []
    atelier.watcher.publish(topic(SWAP), "", retain=True)


def test_a_retained_live_reading_is_no_news(house):
    atelier = Atelier(house)
    reading = {"t": house.clock.ms(), "power_w": 48000, "wh": 9000}
    atelier.watcher.acknowledged(
        [atelier.watcher.publish(topic("collector/atelier/self/live"), reading, retain=True)]
    )
    house.aggregator()
    atelier.record(0, 1000)
    atelier.booked()
    atelier.watcher.wait(topic("health"), lambda health: health["retained_live"] == 1)
    state = atelier.watcher.wait(topic("zone/self/state"), lambda state: state["energy_kwh"] == 0)
    assert state["power_w"] is None and state["energy_day_kwh"] == 0
    atelier.watcher.publish(topic("collector/atelier/self/live"), "", retain=True)


def test_energy_that_was_published_does_not_fall_also_after_a_kill(house):
    aggregator = house.aggregator()
    atelier = Atelier(house)
    for second, kwh in ((0, 50), (60, 60), (600, 200)):
        atelier.record(second, 1000 * kwh)
    energy(atelier.watcher, 150)
    atelier.record(-60, 55000)  # so 50 kWh was a wrong index
    atelier.booked()
    atelier.watcher.wait(topic("zone/self/day"), lambda day: day["energy_kwh"] == 145)
    assert atelier.watcher.value(topic("zone/self/state"))["energy_kwh"] == 150
    aggregator.kill()
    atelier.watcher.forget()
    house.again(aggregator)
    energy(atelier.watcher, 150)
    atelier.record(660, 206000)
    energy(atelier.watcher, 151)
    assert {state["energy_kwh"] for state in atelier.watcher.values(topic("zone/self/state"))} == {
        150,
        151,
    }
    # A command shows the books.
    answer = atelier.command(t=atelier.begin + 90000, final_wh=60000, initial_wh=199000)
    assert answer["ok"], answer
    energy(atelier.watcher, 12)
