#!/usr/bin/env python3
"""A PAC3200's registers on pymodbus: a Modbus TCP server that wattzone did not write.

    foreign_meter.py [--port N] [--power W] [--energy WH]

Prints its port once it listens on 127.0.0.1, and serves until a signal ends it. Works with pymodbus
3.0 (Debian 12) and later.
"""

import argparse
import asyncio
import socket
import struct
import sys

try:
    from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext
    from pymodbus.server import StartAsyncTcpServer
except ImportError as error:
    sys.exit(f"foreign_meter.py: {error} (apt install python3-pymodbus)")

UNIT = 1


def words(kind, value):
    """The registers of one value, high word first."""
    data = struct.pack(">" + kind, value)
    return struct.unpack(">%dH" % (len(data) // 2), data)


def registers(power_w, wh):
    """All registers from offset 0 on."""
    memory = [0] * 900
    tariff2 = wh // 4
    values = [(1 + 2 * i, "f", 230.0) for i in range(3)]
    values += [(7 + 2 * i, "f", 400.0) for i in range(3)]
    values += [(55, "f", 50.0), (65, "f", power_w), (69, "f", 0.95), (205, "I", 0), (209, "I", 3)]
    values += [(801, "d", wh - tariff2), (805, "d", tariff2)]
    for offset, kind, value in values:
        content = words(kind, value)
        memory[offset : offset + len(content)] = content
    return memory


def context(memory):
    """pymodbus' data store; its blocks count from 1, the wire from 0."""
    blocks = {"hr": ModbusSequentialDataBlock(1, memory), "ir": ModbusSequentialDataBlock(1, memory)}
    try:
        from pymodbus.datastore import ModbusDeviceContext as Unit

        return ModbusServerContext(devices={UNIT: Unit(**blocks)}, single=False)
    except ImportError:
        from pymodbus.datastore import ModbusSlaveContext as Unit

        return ModbusServerContext(slaves={UNIT: Unit(**blocks)}, single=False)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def announce(port):
    """Says the port as soon as a connection to it succeeds."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            print(port, flush=True)
            return


async def serve(port, power_w, wh):
    task = asyncio.create_task(announce(port))
    await StartAsyncTcpServer(context=context(registers(power_w, wh)), address=("127.0.0.1", port))
    await task


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--power", type=float, default=48210.5)
    parser.add_argument("--energy", type=float, default=812345678.25)
    options = parser.parse_args()
    asyncio.run(serve(options.port or free_port(), options.power, options.energy))


if __name__ == "__main__":
    main()
