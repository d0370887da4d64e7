"""A line to a server of 127.0.0.1 that can be spoiled: TCP connections go through it."""

import os
import select
import socket
import struct
import threading
import time

ROOM = 65536  # bytes that are on their way in one direction
RESET = struct.pack("ii", 1, 0)  # for SO_LINGER: close() sends RST


class Direction:
    """What goes from one socket to the other."""

    def __init__(self, source, sink):
        self.source, self.sink = source, sink
        self._waiting = b""
        self._ended = False  # the source has sent all
        self.over = False  # and the sink has it
        self.left = None  # bytes until the connection is cut; None: it is not
        self.due = 0  # time of the next byte, if they go one by one

    @property
    def reads(self):
        return not self._ended and len(self._waiting) < ROOM

    @property
    def writes(self):
        return self._waiting or (self._ended and not self.over)

    def read(self):
        chunk = self.source.recv(ROOM)
        self._waiting += chunk
        self._ended = not chunk

    def write(self, most):
        if self._waiting:
            if self.left is not None:
                most = min(most, self.left)
            sent = self.sink.send(self._waiting[:most])
            self._waiting = self._waiting[sent:]
            self.due = time.monotonic() + 1
            if self.left is not None:
                self.left -= sent
        if self._ended and not self._waiting:
            self.sink.shutdown(socket.SHUT_WR)
            self.over = True


class Connection:
    def __init__(self, client, server, slow):
        for each in (client, server):
            each.setblocking(False)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.to_server, self.to_client = Direction(client, server), Direction(server, client)
        self.slow = slow
        self.silent = False

    @property
    def directions(self):
        return self.to_server, self.to_client

    def serve(self, readable, writable):
        """Returns False at its end; an OSError is the sockets'."""
        for each in self.directions:
            if each.source in readable:
                each.read()
            if each.sink in writable:
                each.write(1 if self.slow else ROOM)
        return not all(each.over for each in self.directions)

    def close(self, reset=False):
        for each in self.directions:
            if reset:
                each.source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            each.source.close()


class Proxy:
    """Listens on `port`, and connects to `server`, a port. One thread works, the test's spoils."""

    def __init__(self, server):
        self._server = server
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.opened = 0  # connections so far
        self.cuts = 0
        self._slow = False
        self._cut = None  # the direction and the bytes until then
        self._connections = []
        self._lock = threading.Lock()
        self._woken, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run)
        self._running = True
        self._thread.start()

    # -------- the test's thread --------

    def _change(self, change):
        with self._lock:
            change()
        os.write(self._wake, b"!")

    def silence(self):
        """Existing connections carry nothing any more, and neither side is informed: the other one
        has vanished. New ones work."""

        def change():
            for each in self._connections:
                each.silent = True

        self._change(change)

    def slow(self):
        """Existing connections carry one byte a second in each direction from now on, as do new ones
        until heal()."""

        def change():
            self._slow = True
            for each in self._connections:
                each.slow = True

        self._change(change)

    def heal(self):
        """New connections are sound."""
        self._change(lambda: setattr(self, "_slow", False))

    def cut(self, to_server, after):
        """The newest connection, or the next one, is cut after so many bytes more."""
        self._change(lambda: setattr(self, "_cut", (to_server, after)))

    def close(self):
        self._change(lambda: setattr(self, "_running", False))
        self._thread.join()
        self._listener.close()
        for each in self._connections:
            each.close()
        for end in (self._woken, self._wake):
            os.close(end)

    # -------- the thread that works --------

    def _run(self):
        while self._running:
            with self._lock:
                wanted = self._wanted()
            readable, writable, _ = select.select(*wanted)
            with self._lock:
                if self._woken in readable:
                    os.read(self._woken, ROOM)
                if self._listener in readable:
                    self._accept()
                for each in self._connections[:]:
                    if not each.silent:
                        self._serve(each, readable, writable)

    def _wanted(self):
        """The arguments of select()."""
        readers, writers, wait = [self._woken, self._listener], [], None
        now = time.monotonic()
        for connection in self._connections:
            for each in () if connection.silent else connection.directions:
                if each.reads:
                    readers.append(each.source)
                if each.writes and connection.slow and each.due > now:
                    wait = min(wait or 1, each.due - now)
                elif each.writes:
                    writers.append(each.sink)
            if not connection.silent and self._cut:
                to_server, after = self._cut
                direction = connection.to_server if to_server else connection.to_client
                direction.left = after
                self._cut = None
        return readers, writers, [], wait

    def _accept(self):
        client, _ = self._listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self._server))
        except ConnectionRefusedError:
            client.close()
            return
        self._connections.append(Connection(client, server, self._slow))
        self.opened += 1

    def _serve(self, connection, readable, writable):
        reset = False
        try:
            goes_on = connection.serve(readable, writable)
        except OSError:
            goes_on, reset = False, True
        if any(each.left == 0 for each in connection.directions):
            self.cuts += 1
            goes_on, reset = False, True
        if not goes_on:
            connection.close(reset)
            self._connections.remove(connection)
