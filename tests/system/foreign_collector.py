"""A collector that was written from the contract alone, as by somebody else."""

import secrets


class ForeignCollector:
    """Publishes facts below `base` (wattzone/<site>/collector/<collector>) with a watcher's
    connection. Times `t` are milliseconds."""

    def __init__(self, watcher, base):
        self._watcher = watcher
        self._base = base
        self._stream = secrets.token_hex(8)
        self._number = 0
        self._sent = []

    def _publish(self, topic, payload, qos=1, retain=False):
        number = self._watcher.publish(f"{self._base}/{topic}", payload, qos, retain)
        if qos:
            self._sent.append(number)

    def status(self, status, source=None):
        """Publishes the status of the collector, or of one of its sources."""
        self._publish(f"{source}/status" if source else "status", status, retain=True)

    def about(self, source, **fields):
        """Announces a source; without fields it is withdrawn."""
        payload = ""
        if fields:
            payload = {"medium": "electricity", "role": "part", "nominal_w": None, **fields}
            payload.setdefault("label", payload["zone"].title())
        self._publish(f"{source}/about", payload, retain=True)

    def record(self, source, t, number=None, stream=None, **fields):
        """Pulse sources: pulses, mark, off_peak, peak; others: wh. Numbered by itself unless
        `number` is given. Returns what was sent."""
        if number is None:
            number = self._number + 1
        self._number = max(self._number, number)
        payload = {"t": t, "stream": stream or self._stream, "seq": number, **fields}
        self._publish(f"{source}/record", payload)
        return payload

    def live(self, source, t, **fields):
        self._publish(f"{source}/live", {"t": t, **fields}, qos=0)

    def flush(self):
        """Waits until the broker has all."""
        self._watcher.acknowledged(self._sent)
        self._sent.clear()
