"""TCP ports of 127.0.0.1."""

import random
import socket
from pathlib import Path

# The kernel gives ports of this range to clients: one that is free now may be taken before a broker
# listens there, or between two.
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST = 10000
DICE = random.SystemRandom()  # other tests that run now throw others


def port_free():
    """A port that is free, and that the kernel will not give to a client."""
    end = int(RANGE.read_text().split()[0]) if RANGE.exists() else 32768
    while True:
        port = DICE.randrange(FIRST, end)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def port_open(port):
    """Whether a server listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
