"""Meters behind gateways and on serial lines: one connection, fair shares, and what gateways do."""

import pytest

from gateway import Bus, Gateway, SerialLine
from house import topic
from patience import until

POWER, INDEX = 1000, 1000000  # of unit 1; unit u has u times as much


@pytest.fixture
def opened():
    """Ends what is appended."""
    things = []
    yield things
    for each in things:
        each.close()


@pytest.fixture
def gateway(opened):
    def open_gateway(units, answer_s=0.0, **habits):
        opened.append(Gateway(Bus(units, answer_s), **habits))
        return opened[-1]

    return open_gateway


def meters(port, units, **more):
    return [
        {"source": f"u{unit}", "port": port, "unit": unit, "profile": "generic", **more}
        for unit in units
    ]


def live(unit):
    return topic(f"collector/pac/u{unit}/live")


def status(unit):
    return topic(f"collector/pac/u{unit}/status")


def right(unit):
    """Of a live reading."""
    return lambda value: (value["power_w"], value["wh"]) == (unit * POWER, unit * INDEX)


def wait_polls(bus, units, count, timeout=30):
    """Until each of the units was polled so often."""
    fewest = lambda: min(bus.polls(unit) for unit in units)
    until(lambda: fewest() >= count, timeout, lambda: f"{count} polls of each, but {fewest()}")


def all_right(watcher, units):
    """No reading of any unit is another one's, and none went offline."""
    for unit in units:
        values = watcher.values(live(unit))
        assert values and all(map(right(unit), values)), f"unit {unit}: {values}"
        assert watcher.values(status(unit))[-1] == "online"
        assert watcher.values(status(unit)).count("offline") <= 1, "before the first answer"


def test_three_meters_share_the_one_connection_of_their_gateway(house, gateway):
    behind = gateway([1, 2, 3])
    watcher = house.watch("collector/#")
    collector = house.pac("pac", meters(behind.port, [1, 2, 3]), poll_ms=100)
    wait_polls(behind.bus, [1, 2, 3], 5)
    for unit in (1, 2, 3):
        watcher.wait(live(unit), right(unit))
    all_right(watcher, [1, 2, 3])
    assert behind.accepted == 1
    assert collector.stop() == 0
    assert "round" not in collector.err


@pytest.mark.parametrize("gateways", [1, 4])
def test_twenty_meters_on_slow_buses_get_equal_shares(house, gateway, gateways):
    units = range(1, 21)
    each = 20 // gateways
    behind = [gateway(units[i * each : (i + 1) * each], 0.01) for i in range(gateways)]
    watcher = house.watch("collector/#")
    configured = [meter for bus in behind for meter in meters(bus.port, sorted(bus.bus.units))]
    collector = house.pac("pac", configured, poll_ms=50, timeout_ms=5000)
    for bus in behind:
        wait_polls(bus.bus, bus.bus.units, 12)
    polls = {unit: bus.bus.polls(unit) for bus in behind for unit in bus.bus.units}
    for bus in behind:
        shares = [polls[unit] for unit in bus.bus.units]
        assert max(shares) - min(shares) <= 1, shares
        # No unit has two turns in a round.
        turns = [unit for _, unit, address in bus.bus.asked if address == 801]
        assert all(len(set(turns[i : i + each])) == each for i in range(len(turns) - each)), turns
    for unit in units:
        watcher.wait(live(unit), right(unit))
    all_right(watcher, units)
    assert all(bus.accepted == 1 for bus in behind)
    collector.wait_err(f"127.0.0.1:{behind[0].port}: {each} meters take ")
    assert collector.stop() == 0
    # Waiting for one's turn is no failure, and no missed slot.
    assert collector.err.count("polls, 0 failed, 0 slots missed") == 20, collector.err


def test_a_dead_unit_costs_the_others_a_timeout_at_a_time_and_is_left_alone(house, gateway):
    behind = gateway(range(1, 6), 0.01)
    behind.bus.dead.add(3)
    good = [1, 2, 4, 5]
    watcher = house.watch("collector/#")
    house.pac("pac", meters(behind.port, range(1, 6)), poll_ms=100, timeout_ms=300)
    watcher.wait(status(3), "offline", timeout=20)
    wait_polls(behind.bus, good, 40)
    all_right(watcher, good)
    asked = list(behind.bus.asked)
    # Between two requests to the dead one every other one has had its turn.
    turns = [unit for _, unit, address in asked if address in (801,) or unit == 3]
    dead = [i for i, unit in enumerate(turns) if unit == 3]
    assert all(set(turns[a + 1 : b]) == set(good) for a, b in zip(dead, dead[1:])), turns
    # The requests to it become rarer.
    times = [time for time, unit, _ in asked if unit == 3]
    assert times[-1] - times[-2] > 2 * (times[1] - times[0]), times
    assert behind.accepted == 1
    behind.bus.dead.clear()
    watcher.wait(status(3), "online", timeout=40)


def test_answers_that_come_twice_are_dropped(house, gateway):
    behind = gateway([1, 2], twice=True)
    watcher = house.watch("collector/#")
    collector = house.pac("pac", meters(behind.port, [1, 2]), poll_ms=50)
    wait_polls(behind.bus, [1, 2], 20)
    all_right(watcher, [1, 2])
    assert collector.stop() == 0
    assert collector.err.count("dropped an answer") in (1, 2), "once a meter"
    assert collector.err.count(", 0 failed") == 2, collector.err
    assert behind.accepted == 1


def test_a_late_answer_is_not_taken_for_the_next_one(house, gateway):
    behind = gateway([1, 2])
    watcher = house.watch("collector/#")
    collector = house.pac("pac", meters(behind.port, [1, 2]), poll_ms=50, timeout_ms=200)
    wait_polls(behind.bus, [1, 2], 3)
    behind.late = 1
    wait_polls(behind.bus, [1, 2], 20)
    all_right(watcher, [1, 2])
    assert behind.accepted == 1, "one request without answer does not end the connection"
    collector.wait_err("dropped an answer of another request")


def test_a_gateway_that_does_not_return_transactions_needs_a_setting(house, gateway):
    behind = gateway([1, 2], echoes=False)
    watcher = house.watch("collector/#")
    collector = house.pac("pac", meters(behind.port, [1]), timeout_ms=100, poll_ms=50)
    watcher.wait(status(1), "offline", timeout=20)
    collector.wait_err('set "match_transaction": false')
    assert collector.stop() == 0
    watcher.forget()
    house.pac("pac", meters(behind.port, [1, 2], match_transaction=False), poll_ms=50)
    for unit in (1, 2):
        watcher.wait(live(unit), right(unit))


def test_a_device_that_needs_pauses_gets_them(house, gateway):
    behind = gateway([1], connect_s=0.5, gap_s=0.05)
    watcher = house.watch("collector/#")
    pauses = {"connect_delay_ms": 600, "request_delay_ms": 80}
    collector = house.pac("pac", meters(behind.port, [1], **pauses), poll_ms=500)
    wait_polls(behind.bus, [1], 5)
    all_right(watcher, [1])
    assert collector.stop() == 0
    assert ", 0 failed" in collector.err, collector.err


def test_without_the_pauses_it_is_read_in_part_and_the_log_has_the_setting(house, gateway):
    behind = gateway([1], connect_s=0.3, gap_s=0.1)
    watcher = house.watch("collector/#")
    collector = house.pac("pac", meters(behind.port, [1]), poll_ms=500, timeout_ms=200)
    watcher.wait(live(1), lambda value: value["power_w"] == POWER)
    watcher.wait(live(1), lambda value: value["wh"] == INDEX, timeout=10)
    collector.wait_err("request_delay_ms", timeout=20)


def test_a_connection_that_was_closed_while_idle_is_opened_again_without_a_failure(house, gateway):
    behind = gateway([1])
    watcher = house.watch("collector/#")
    collector = house.pac("pac", meters(behind.port, [1]), poll_ms=300)
    for count in (2, 4, 6):
        wait_polls(behind.bus, [1], count)
        behind.hang_up()
    wait_polls(behind.bus, [1], 8)
    all_right(watcher, [1])
    assert collector.stop() == 0
    assert ", 0 failed, 0 slots missed" in collector.err, collector.err


def test_a_device_that_closes_after_each_answer_is_read_without_pauses(house, gateway):
    behind = gateway([1], closes=True, connections=2)
    watcher = house.watch("collector/#")
    collector = house.pac("pac", meters(behind.port, [1]), poll_ms=200)
    wait_polls(behind.bus, [1], 10)
    all_right(watcher, [1])
    collector.wait_err("closes the connection after each answer")
    assert collector.stop() == 0
    assert collector.err.count("closes the connection") == 1
    assert ", 0 failed, 0 slots missed" in collector.err, collector.err


def test_a_refused_block_leaves_the_other_one(house, gateway):
    behind = gateway([1, 2])
    behind.bus.refused.add(65)
    watcher = house.watch("collector/#")
    house.pac("pac", meters(behind.port, [1, 2]), poll_ms=100, record_s=1)
    for unit in (1, 2):
        watcher.wait(live(unit), lambda value, u=unit: value["wh"] == u * INDEX)
        assert watcher.value(live(unit))["power_w"] is None
        watcher.wait(topic(f"collector/pac/u{unit}/record"))
        assert watcher.value(status(unit)) == "online"
    behind.bus.refused = {801}
    watcher.wait(live(1), lambda value: (value["power_w"], value["wh"]) == (POWER, None))


@pytest.mark.parametrize("ignored", [65, 801])
def test_a_block_that_is_never_answered_leaves_the_other_one(house, gateway, ignored):
    behind = gateway([1])
    behind.bus.ignored.add(ignored)
    watcher = house.watch("collector/#")
    house.pac("pac", meters(behind.port, [1]), poll_ms=50, timeout_ms=100)
    answered = "wh" if ignored == 65 else "power_w"
    expected = INDEX if ignored == 65 else POWER
    readings = lambda: [value[answered] for value in watcher.values(live(1))]
    until(lambda: readings().count(expected) >= 5, 20, "five readings")
    assert watcher.value(status(1)) == "online"


REVERSED_L2 = [
    *((at, "f", 0.0) for at in range(1, 43, 2)),
    *((at, "f", 230.0) for at in (1, 3, 5)),  # voltages
    *((at, "f", 10.0) for at in (13, 15, 17)),  # currents
    *((25, "f", 2300.0), (27, "f", -2300.0), (29, "f", 2300.0)),
    *((67, "f", 0.0), (69, "f", 1.0)),
]


def test_a_reversed_transformer_is_logged_once_and_not_looked_for_again(house, gateway):
    device = gateway([1])
    device.bus.more = REVERSED_L2
    collector = house.pac(
        "pac", [{"source": "u1", "port": device.port, "profile": "pac3200"}], poll_ms=100
    )
    text = "wiring: the power is negative on L2 (-2300 W) only"
    until(lambda: text in collector.err, 30, text)
    wait_polls(device.bus, [1], device.bus.polls(1) + 60)  # longer than between two inspections
    inspected = [each for each in device.bus.asked if each[2] == 1]
    assert len(inspected) == 2
    assert collector.err.count("wiring:") == 1


def test_registers_for_the_wiring_that_are_refused_or_ignored_change_nothing(house, gateway):
    device = gateway([1, 2])
    device.bus.more = [(67, "f", 0.0), (69, "f", 1.0)]
    device.bus.ignored = {1}
    watcher = house.watch("collector/#")
    two = [
        {"source": f"u{unit}", "port": device.port, "unit": unit, "profile": "pac3200"}
        for unit in (1, 2)
    ]
    house.pac("pac", two, poll_ms=100, timeout_ms=300)
    wait_polls(device.bus, [1, 2], 20)
    all_right(watcher, [1, 2])


def test_rtu_frames_over_tcp(house, gateway):
    behind = gateway([1, 2, 3], framing="rtu")
    watcher = house.watch("collector/#")
    house.pac("pac", meters(behind.port, [1, 2, 3], framing="rtu"), poll_ms=100)
    wait_polls(behind.bus, [1, 2, 3], 5)
    all_right(watcher, [1, 2, 3])


def test_eight_units_on_a_serial_line_of_9600_baud(house, opened):
    opened.append(SerialLine(Bus(range(1, 9), 0.01)))
    line, units = opened[0], range(1, 9)
    watcher = house.watch("collector/#")
    settings = [
        {"source": f"u{unit}", "serial": {"device": line.device}, "unit": unit, "profile": "generic"}
        for unit in units
    ]
    collector = house.pac("pac", settings, poll_ms=100, record_s=1)
    wait_polls(line.bus, units, 8, timeout=60)
    shares = [line.bus.polls(unit) for unit in units]
    assert max(shares) - min(shares) <= 1, shares
    all_right(watcher, units)
    for unit in units:
        watcher.wait(topic(f"collector/pac/u{unit}/record"), lambda value, u=unit: value["wh"] == u * INDEX)
    collector.wait_err(f"{line.device}: 8 meters take ")
    assert collector.stop() == 0


def test_a_serial_line_that_does_not_exist_is_an_offline_meter(house):
    watcher = house.watch("collector/#")
    settings = [{"source": "u1", "serial": {"device": "/dev/nonexistent"}}]
    collector = house.pac("pac", settings, poll_ms=50)
    collector.wait_err("u1 (/dev/nonexistent, unit 1): cannot be opened: No such file")
    watcher.wait(status(1), "offline")
