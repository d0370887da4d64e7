"""A collector that was written from the contract alone: what others may put in our place."""

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
        """Of the collector, or of one of its sources."""
        self._publish(f"{source}/status" if source else "status", status, retain=True)

    def about(self, source, **members):
        """Announces a source; without members it is withdrawn."""
        payload = ""
        if members:
            payload = {"medium": "electricity", "role": "part", "nominal_w": None, **members}
            payload.setdefault("label", payload["zone"].title())
        self._publish(f"{source}/about", payload, retain=True)

    def record(self, source, t, number=None, stream=None, **members):
        """Pulse sources: pulses, mark, off_peak, peak; others: wh. Numbered by itself unless
        `number` is given. Returns what was sent."""
        if number is None:
            number = self._number + 1
        self._number = max(self._number, number)
        payload = {"t": t, "stream": stream or self._stream, "seq": number, **members}
        self._publish(f"{source}/record", payload)
        return payload

    def live(self, source, t, **members):
        self._publish(f"{source}/live", {"t": t, **members}, qos=0)

    def flush(self):
        """Waits until the broker has all."""
        self._watcher.acknowledged(self._sent)
        self._sent.clear()
