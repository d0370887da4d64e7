"""An MQTT 5 client that stores all messages that it receives, and publishes those of a test."""

import json
import socket
import threading
from collections import namedtuple

import paho.mqtt.client as mqtt
from paho.mqtt.subscribeoptions import SubscribeOptions

from patience import until

Message = namedtuple("Message", "topic payload qos retained")

NOTHING = object()


def client_new(name):
    """paho-mqtt 1.6 (Debian 12) and 2.1 (Debian 13) alike."""
    versions = getattr(mqtt, "CallbackAPIVersion", None)
    first = (versions.VERSION2,) if versions else ()
    return mqtt.Client(*first, client_id=name, protocol=mqtt.MQTTv5)


def scalar(payload):
    """A payload as a value: JSON, or else a bare word."""
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")


class Watcher:
    """Connected and subscribed to `filters` once it is made. `retained` of a message is the flag
    that its publisher set."""

    count = 0

    def __init__(self, port, *filters, user=None, password=None):
        Watcher.count += 1
        self.messages = []
        self._latest = {}
        self._changed = threading.Condition()
        self._subscribed = False
        self._acknowledged = {}
        self._filters = filters
        self._client = client_new(f"watcher-{Watcher.count}")
        if user:
            self._client.username_pw_set(user, password)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._wait(lambda: self._subscribed, 5, lambda: "subscription")

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()

    # -------- paho's thread --------

    def _on_connect(self, client, _userdata, _flags, reason, _properties=None):
        assert not getattr(reason, "is_failure", reason != 0), f"broker refuses: {reason}"
        # An answer must not wait for the acknowledgement of the one before.
        client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        options = SubscribeOptions(qos=1, retainAsPublished=True)
        if self._filters:
            client.subscribe([(each, options) for each in self._filters])
        else:
            self._on_subscribe()

    def _on_subscribe(self, *_):
        with self._changed:
            self._subscribed = True
            self._changed.notify_all()

    def _on_message(self, _client, _userdata, message):
        with self._changed:
            self.messages.append(
                Message(message.topic, message.payload, message.qos, message.retain)
            )
            self._latest[message.topic] = message.payload
            self._changed.notify_all()

    def _on_publish(self, _client, _userdata, number, *_):
        with self._changed:
            self._acknowledged[number] = True
            self._changed.notify_all()

    # -------- the test's thread --------

    def _wait(self, condition, timeout, what):
        with self._changed:
            until(condition, timeout, what, pause=lambda: self._changed.wait(0.1))

    def payload(self, topic):
        """The newest payload; None before the first."""
        with self._changed:
            return self._latest.get(topic)

    def value(self, topic):
        """The newest payload as a value; None before the first."""
        payload = self.payload(topic)
        return None if payload is None else scalar(payload)

    def topics(self):
        """All topics that were received and are not deleted."""
        with self._changed:
            return {topic for topic, payload in self._latest.items() if payload}

    def values(self, topic):
        """All payloads of a topic as values, in the order they came."""
        with self._changed:
            return [scalar(each.payload) for each in self.messages if each.topic == topic]

    def forget(self):
        """Forgets what was received so far."""
        with self._changed:
            self.messages.clear()
            self._latest.clear()

    def wait(self, topic, condition=lambda value: True, timeout=5):
        """Waits until `condition(value)` is true for the newest value of `topic`; returns that. A
        `condition` that is no function is the value."""
        found = [NOTHING]
        meets = condition if callable(condition) else lambda value: value == condition

        def fits():
            payload = self._latest.get(topic)
            if payload is None:
                return False
            found[0] = scalar(payload)
            return meets(found[0])

        self._wait(fits, timeout, lambda: f"fit value of {topic}, but {self.payload(topic)!r}")
        return found[0]

    def wait_topics(self, condition, timeout=5):
        """Waits until `condition(all topics)` is true."""
        fits = lambda: condition({topic for topic, payload in self._latest.items() if payload})
        self._wait(fits, timeout, lambda: f"fit set of topics, but {sorted(self._latest)}")

    def publish(self, topic, payload, qos=1, retain=False):
        """Publishes text, bytes, or an object as JSON."""
        if not isinstance(payload, (str, bytes)):
            payload = json.dumps(payload)
        return self._client.publish(topic, payload, qos, retain).mid

    def acknowledged(self, numbers, timeout=10):
        """Waits until the broker has acknowledged these publish() calls."""
        missing = lambda: [each for each in numbers if each not in self._acknowledged]
        self._wait(lambda: not missing(), timeout, lambda: f"acknowledgement of {missing()}")
