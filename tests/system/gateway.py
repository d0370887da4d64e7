"""Gateways and serial lines with several meters behind them, framed by hand, and their misdeeds."""

import os
import socket
import struct
import threading
import time
import tty

POWER_AT, TARIFF1_AT, TARIFF2_AT = 65, 801, 805


def words(kind, value):
    data = struct.pack(">" + kind, value)
    return list(struct.unpack(">%dH" % (len(data) // 2), data))


def checksum(data):
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class Bus:
    """Meters by unit with the registers of a PAC. One request at a time, `answer_s` each. Unit u has
    u x 1000 W and u x 1e6 Wh. Units in `dead` never answer; `refused` holds addresses that give an
    exception, `ignored` those that give no answer; `more`: further registers of all units, (address,
    kind, value)."""

    def __init__(self, units, answer_s=0.0):
        self.answer_s = answer_s
        self.units = set(units)
        self.dead, self.refused, self.ignored = set(), set(), set()
        self.more = []
        self.asked = []  # (monotonic time, unit, address)
        self._lock = threading.Lock()

    def answer(self, unit, function, address, count):
        """Unit, function and what follows of an answer, or None."""
        with self._lock:
            self.asked.append((time.monotonic(), unit, address))
            if unit not in self.units or unit in self.dead or address in self.ignored:
                return None
            time.sleep(self.answer_s)
        memory = {}
        for at, kind, value in (
            (POWER_AT, "f", unit * 1000.0),
            (TARIFF1_AT, "d", unit * 1e6),
            (TARIFF2_AT, "d", 0.0),
            *self.more,
        ):
            memory.update(enumerate(words(kind, value), at))
        asked = range(address, address + count)
        if address in self.refused or not set(asked) <= set(memory):
            return struct.pack(">BBB", unit, function | 0x80, 2)
        registers = b"".join(struct.pack(">H", memory[at]) for at in asked)
        return struct.pack(">BBB", unit, function, len(registers)) + registers

    def polls(self, unit):
        """Requests for the index of a unit so far."""
        return sum(1 for _, each, address in list(self.asked) if (each, address) == (unit, TARIFF1_AT))


class Gateway:
    """A TCP server for a bus. `connections`: how many it takes at a time. `framing`: tcp or rtu.
    `echoes`: it returns transaction numbers. `closes`: after each answer. `twice`: sends each
    answer twice. `connect_s`, `gap_s`: requests so soon after connecting or after an answer are
    ignored. `late`: the number of answers that are to be held back until the next request."""

    def __init__(self, bus, connections=1, framing="tcp", **habits):
        self.bus = bus
        self.framing = framing
        self.connections = connections
        self.echoes, self.closes, self.twice = True, False, False
        self.connect_s, self.gap_s, self.late = 0.0, 0.0, 0
        self.__dict__.update(habits)
        self.accepted, self._open = 0, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()
        self.hang_up()

    def hang_up(self):
        """Closes all connections."""
        for each in list(self._open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            if len(self._open) >= self.connections:
                connection.close()
                continue
            self.accepted += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        ready, pending = time.monotonic() + self.connect_s, b""
        size = 12 if self.framing == "tcp" else 8
        try:
            while request := connection.recv(size, socket.MSG_WAITALL):
                if time.monotonic() < ready:
                    continue
                answer = self._framed(request)
                if answer and self.late > 0:
                    self.late -= 1
                    pending += answer
                    continue
                connection.sendall(pending + answer * (2 if self.twice else 1))
                pending = b""
                ready = time.monotonic() + self.gap_s
                if self.closes and answer:
                    break
        except OSError:
            pass
        finally:
            self._open.remove(connection)
            connection.close()

    def _framed(self, request):
        if self.framing == "rtu":
            return rtu_answer(self.bus, request)
        transaction, _, _, *question = struct.unpack(">HHHBBHH", request)
        body = self.bus.answer(*question)
        if body is None:
            return b""
        return struct.pack(">HHH", transaction if self.echoes else 0, 0, len(body)) + body


def rtu_answer(bus, request):
    assert checksum(request[:-2]) == request[-2:], f"a wrong checksum: {request.hex()}"
    body = bus.answer(*struct.unpack(">BBHH", request[:-2]))
    return body + checksum(body) if body else b""


class SerialLine:
    """A serial line with a bus on it: `device` is the name of the other end. Every byte takes as
    long as at `baud`, in both directions; answers come in two pieces, after a byte of noise."""

    def __init__(self, bus, baud=9600):
        self.bus = bus
        self._byte_s = 11 / baud
        self._fd, self._other = os.openpty()
        tty.setraw(self._fd)
        tty.setraw(self._other)
        self.device = os.ttyname(self._other)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        os.close(self._other)

    def _serve(self):
        request = b""
        while True:
            try:
                request += os.read(self._fd, 64)
            except OSError:
                return
            if len(request) < 8:
                continue
            answer, request = rtu_answer(self.bus, request[:8]), request[8:]
            time.sleep((8 + len(answer)) * self._byte_s)
            if answer:
                os.write(self._fd, b"\xff" + answer[:4])
                time.sleep(self._byte_s)
                os.write(self._fd, answer[4:])
