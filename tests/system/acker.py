"""Stands in for the aggregator towards a collector: books its records, and acknowledges them."""

import json

from house import topic


class Acker:
    """Knows nothing but what came since it was made. A contradiction in what comes is an error.
    Hears it itself, or by a `watcher` that has heard nothing yet."""

    def __init__(self, house, collector, watcher=None):
        self._status = topic("status")
        self._ack = topic(f"collector/{collector}/ack")
        self._watcher = watcher or house.watch(f"collector/{collector}/+/record")
        self._taken = 0
        self._following = {}  # (stream, seq) -> the seq after it
        self._keys = {}  # (stream, seq) -> key of its fact
        self._upto = {}  # stream -> everything up to it was here
        self.stream = None  # of the newest record
        self.count = 0  # of records, each time they came
        self.facts = {}  # (source, t, mark) -> what a record says

    def announce(self):
        """As the aggregator does."""
        self._watcher.publish(self._status, "online", retain=True)

    def take(self):
        """Books what came; True where that was anything."""
        messages = self._watcher.messages
        fresh = messages[self._taken : len(messages)]
        self._taken += len(fresh)
        for message in fresh:
            self._book(message.topic.split("/")[-2], json.loads(message.payload))
        return bool(fresh)

    def _book(self, source, record):
        self.count += 1
        self.stream, seq, prev = record.pop("stream"), record.pop("seq"), record.pop("prev")
        key = source, record["t"], record.get("mark")
        known = self.facts.setdefault(key, record)
        assert known == record, f"{key} is {known}, and {record}"
        number = self._keys.setdefault((self.stream, seq), key)
        assert number == key, f"{seq} is the number of {number} and of {key}"
        self._following[self.stream, prev] = seq

    def upto(self):
        """Every record up to this number was here."""
        upto = self._upto.get(self.stream, 0)
        while following := self._following.get((self.stream, upto)):
            upto = following
        self._upto[self.stream] = upto
        return upto

    def acknowledge(self, seq=None):
        """All of it, or as far as `seq`."""
        self.take()
        if self.stream:
            payload = {"stream": self.stream, "seq": self.upto() if seq is None else seq}
            self._watcher.publish(self._ack, payload, retain=True)
