"""TCP ports of 127.0.0.1."""

import socket


def port_free():
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def port_open(port):
    """Does somebody listen there?"""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
