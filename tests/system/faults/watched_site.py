"""A known site without recordings, and what it publishes about itself while it is disturbed."""

import json

from house import topic
from known_site import KnownSite
from suite import outbox_records


class WatchedSite(KnownSite):
    def __init__(self, house, dice):
        super().__init__(house, dice, minutes=0, sync_ms=0)
        self.watcher = house.watch("status", "health", "collector/pac/#")

    def value(self, name):
        return self.watcher.value(topic(name))

    def wait(self, condition, timeout, what):
        """Energy flows until the condition is met."""
        self.run_until(
            condition, timeout, lambda: f"{what()}: {self.pac.err}{self.aggregator.err}"
        )

    def acked(self):
        return (self.value("collector/pac/ack") or {"seq": 0})["seq"]

    def acks(self, count):
        """So many records more are acknowledged."""
        upto = self.acked() + count
        self.wait(lambda: self.acked() >= upto, 60, lambda: f"acknowledgement of {upto}")

    def waiting(self):
        return self.value("collector/pac/about")["outbox"]["waiting"]

    def waits(self, count):
        """So many records wait."""
        self.wait(lambda: self.waiting() >= count, 120, lambda: f"{count} records that wait")

    def collector_trouble(self):
        return self.value("collector/pac/about")["outbox"]["trouble"]

    def books_trouble(self):
        return (self.value("health") or {"store_trouble": None})["store_trouble"]

    def received(self):
        """The seq of the newest record that was received."""
        messages = [each for each in list(self.watcher.messages) if each.topic.endswith("/record")]
        return max(json.loads(each.payload)["seq"] for each in messages)

    def assert_exact(self, houses):
        figures = super().assert_exact(houses)
        numbers = [record["seq"] for _, record in outbox_records(self.house, "pac")]
        assert numbers == list(range(1, len(numbers) + 1)), "a record is missing"
        return figures
