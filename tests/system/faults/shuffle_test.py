"""The books are a function of the set of records: whatever their order, delay and repetition."""

import random
import time

import books
from clock import FastClock
from house import topic
from patience import Stopwatch, until
from stream import Stream
from suite import figure, scaled

ALL_FACTS = {"fact_days": 0}  # recordings are old
MINUTES = 100
DOWNSAMPLED_MINUTES = 220  # the last two hours are not
TIMES = 3


class Delivery:
    """To a house's aggregator, which may be restarted on the way."""

    def __init__(self, house, stream, **aggregator):
        self.house, self.stream = house, stream
        self.watcher = house.watch("status", "set-result", "collector/+/ack")
        self.aggregator = house.aggregator(**aggregator)
        self.starts = 1
        self.wait_online()

    def wait_online(self):
        online = lambda: self.watcher.values(topic("status")).count("online")
        until(lambda: online() >= self.starts, 10, f"{self.starts} starts of the aggregator")

    def publish(self, messages):
        return [self.watcher.publish(*each, retain=each[0].endswith("/about")) for each in messages]

    def commit(self):
        """Commands are in the books at once, with all that came before."""
        answers = lambda: len(self.watcher.values(topic("set-result")))
        before = answers()
        self.watcher.publish(*self.stream.command)
        until(lambda: answers() > before, 10, "answer to a command")

    def restart(self, kill):
        if kill:
            self.aggregator.kill()
        else:
            assert self.aggregator.stop(5) == 0
        self.aggregator = self.house.again(self.aggregator)
        self.starts += 1

    def unacknowledged(self):
        acks = {
            each: (self.watcher.value(topic(f"collector/{each}/ack")) or {"seq": 0})["seq"]
            for each in self.stream.newest
        }
        return [each for each, newest in self.stream.newest.items() if acks[each] < newest]

    def end(self, again):
        """`again`: as collectors do, all is sent until it is acknowledged."""
        watch = Stopwatch()
        self.wait_online()
        while missing := self.unacknowledged():
            assert not watch.over(60), f"no ack for {missing}"
            if again:
                own = [each for each in self.stream.records if each[0].split("/")[3] in missing]
                self.watcher.acknowledged(self.publish(own), 60)
                self.commit()
            time.sleep(0.01)
        self.commit()
        assert self.aggregator.stop(5) == 0


def in_order(house, stream, **aggregator):
    delivery = Delivery(house, stream, **aggregator)
    delivery.publish(stream.abouts + stream.records)
    delivery.end(again=False)
    return books.dump(house.books)


def disorder(stream, dice):
    """Each message so many times, each time later by its own delay: little, or any."""
    messages = stream.abouts + stream.records
    spread = dice.choice([10, 300, len(messages)])
    late = lambda: len(messages) if dice.random() < 0.1 else spread
    order = [(i + dice.uniform(0, late()), i) for i in range(len(messages)) for _ in range(TIMES)]
    return [messages[i] for _, i in sorted(order)]


def in_disorder(house, stream, dice, restarts, **aggregator):
    delivery = Delivery(house, stream, **aggregator)
    messages = disorder(stream, dice)
    stops = sorted(dice.sample(range(len(messages)), 5))
    for begin, end in zip([0, *stops], [*stops, len(messages)]):
        delivery.publish(messages[begin:end])
        if end == len(messages):
            break
        delivery.wait_online()
        if dice.random() < 0.5:
            delivery.commit()
        elif restarts:
            delivery.restart(kill=dice.random() < 0.5)
    delivery.end(again=delivery.starts > 1)
    return delivery.starts - 1


def assert_same(dump, expected, tables):
    for table in tables:
        ours, theirs = set(dump[table]), set(expected[table])
        assert ours == theirs, (
            f"{table} differ: {sorted(map(str, ours - theirs))[:3]} instead of"
            f" {sorted(map(str, theirs - ours))[:3]}"
        )
        assert dump[table] == expected[table]


def test_records_shuffled_delayed_and_tripled_give_the_same_books(houses, seeded):
    stream = Stream(houses, seeded, MINUTES)
    expected = in_order(houses(), stream, store=ALL_FACTS)
    for table in ("facts", "period_signals", "contacts", "gaps", "refused", "swaps", "windows", "events"):
        assert expected[table], f"the stream has no {table}"
    kinds = {event[2] for event in expected["events"]}
    assert kinds >= {"reset", "glitch", "rollover", "swap"}
    seeds = scaled(200, 5)
    restarts = 0
    began = time.monotonic()
    for seed in range(seeds):
        print(f"seed {seed}")
        house = houses()
        # Every other one with restarts.
        restarts += in_disorder(house, stream, random.Random(seed), seed % 2, store=ALL_FACTS)
        assert_same(books.dump(house.books), expected, expected)
        assert not house.close(quiet=True)
    took = (time.monotonic() - began) / seeds
    figure(
        f"{len(stream.records)} records of {len(stream.newest)} collectors, {TIMES} times each, by"
        f" {seeds} seeds with {restarts} restarts: {len(expected['facts'])} facts and"
        f" {len(expected['windows'])} windows, all tables of the books identical;"
        f" {took:.1f} s a seed"
    )


# Of January only P, HPH and HCH matter: they are the ones that hold by default.
PRICES = {"P": 0.18152888, "HPH": 0.09222356, "HCH": 0.05826912, "HPE": 0.0508, "HCE": 0.0317}
RISE = {"prices": [{"from": "2013-01-01", **PRICES}, {"from": "2013-03-01", **PRICES, "P": 1}]}


def facts_of(house):
    return len(books.rows(house.books, "SELECT t FROM facts"))


def age(house, sources):
    """Forty days later: old facts are downsampled. Then all windows are computed anew, since later
    prices change. Returns how many facts are left."""
    house.clock = FastClock(house.folder, "2013-04-01 12:00", rate=100)
    aggregator = house.aggregator()
    began, count = house.clock.ms(), facts_of(house)
    # A day of each source every 5 s; twice, and the commit.
    due = began + 2 * sources * 5000 + 10000
    until(lambda: house.clock.ms() > due and facts_of(house) < count, 60, "thinned facts")
    assert aggregator.stop(5) == 0
    watcher = house.watch("status")
    aggregator = house.aggregator(tariff=RISE)
    watcher.wait(topic("status"), "online", 10)
    assert aggregator.stop(5) == 0
    return facts_of(house)


def test_downsampled_facts_that_came_in_disorder_give_the_same_windows(houses, seeded):
    stream = Stream(houses, seeded, DOWNSAMPLED_MINUTES)
    expected = in_order(houses("2013-01-16 12:00"), stream)
    left = set()
    seeds = scaled(20, 2)
    for seed in range(seeds):
        print(f"seed {seed}")
        house = houses("2013-01-16 12:00")
        in_disorder(house, stream, random.Random(seed), seed % 2)
        assert_same(books.dump(house.books), expected, expected)
        left.add(age(house, len(stream.abouts)))
        assert_same(books.dump(house.books), expected, ["windows", "events", "swaps"])
        assert not house.close(quiet=True)
    figure(
        f"{len(expected['facts'])} facts thinned to {min(left)} to {max(left)}, by {seeds} seeds:"
        f" {len(expected['windows'])} windows computed anew and {len(expected['events'])} events"
        " identical"
    )
