"""Stands in for the aggregator: takes a collector's records and acknowledges them."""

import json

from house import topic


class Acker:
    """Has the records received since it was made. A contradiction between two of them is an error.
    Subscribes itself, unless it is given a `watcher` that has received nothing yet."""

    def __init__(self, house, collector, watcher=None):
        self._status = topic("status")
        self._ack = topic(f"collector/{collector}/ack")
        self._watcher = watcher or house.watch(f"collector/{collector}/+/record")
        self._taken = 0
        self._following = {}  # (stream, seq) -> the seq after it
        self._keys = {}  # (stream, seq) -> key of its fact
        self._upto = {}  # stream -> every record up to this number came
        self.stream = None  # of the newest record
        self.count = 0  # of records, with repetitions
        self.facts = {}  # (source, t, mark) -> the record

    def announce(self):
        """As the aggregator does."""
        self._watcher.publish(self._status, "online", retain=True)

    def take(self):
        """Books the records that came; returns False if there were none."""
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
        """The number up to which every record came."""
        upto = self._upto.get(self.stream, 0)
        while following := self._following.get((self.stream, upto)):
            upto = following
        self._upto[self.stream] = upto
        return upto

    def acknowledge(self, seq=None):
        """Acknowledges all that came, or up to `seq`."""
        self.take()
        if self.stream:
            payload = {"stream": self.stream, "seq": self.upto() if seq is None else seq}
            self._watcher.publish(self._ack, payload, retain=True)
