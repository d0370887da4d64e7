#!/usr/bin/env python3
"""A PAC3200's registers on pymodbus: a Modbus TCP server that wattzone did not write.

    foreign_meter.py [--port N] [--power W] [--energy WH] [--set ADDRESS=WORDS]...

--set: the registers of another model instead, ADDRESS and WORDS in hexadecimal: 28=cfc7,ffff

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


def chosen(settings):
    """The registers that --set names; all others are 0."""
    memory = [0] * 65535
    for setting in settings:
        address, content = setting.split("=")
        content = [int(word, 16) for word in content.split(",")]
        memory[int(address, 16) : int(address, 16) + len(content)] = content
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


async def serve(port, memory):
    task = asyncio.create_task(announce(port))
    await StartAsyncTcpServer(context=context(memory), address=("127.0.0.1", port))
    await task


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--power", type=float, default=48210.5)
    parser.add_argument("--energy", type=float, default=812345678.25)
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    memory = chosen(options.set) if options.set else registers(options.power, options.energy)
    asyncio.run(serve(options.port or free_port(), memory))


if __name__ == "__main__":
    main()
