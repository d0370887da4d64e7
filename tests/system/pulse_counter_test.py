"""The pulse counter of a PAC as a source of its own: gas of the kitchen, with its volume."""

import pytest

from house import topic

GAS = {"zone": "gaz-cuisine", "profile": "pac3200-pulses", "medium": "gas",
       "m3_per_pulse": 0.1, "kwh_per_m3": 11.2}
GAS_KWH = 1.12  # a pulse


@pytest.fixture
def meters(house):
    return house.meters(power=6000)


def start(house, meters, others=()):
    watcher = house.watch("#")
    house.aggregator()
    house.pac("pac", [{**GAS, "port": meters.ports[0]}, *others], record_s=1, poll_ms=100)
    return watcher


def test_a_gas_meter_at_the_digital_input_is_a_zone_with_energy(house, meters):
    meters.obey("pulses 1000")
    watcher = start(house, meters)
    about = watcher.wait(topic("collector/pac/gaz-cuisine/about"))
    assert (about["kind"], about["medium"], about["m3_per_pulse"]) == ("pulse", "gas", 0.1)
    assert about["modulus_pulses"] == 1_000_000_000
    assert about["interval_ms"] == 1000  # of its records
    first = watcher.wait(topic("collector/pac/gaz-cuisine/record"))
    assert (first["pulses"], first["mark"], first["off_peak"]) == (1000, "minute", None)
    before = watcher.wait(topic("zone/gaz-cuisine/state"))
    assert before["medium"] == "gas"

    meters.obey("pulses 1")
    watcher.wait(topic("collector/pac/gaz-cuisine/live"), lambda live: live["pulses"] == 1001)
    meters.obey("pulses 2")
    live = watcher.wait(topic("collector/pac/gaz-cuisine/live"), lambda live: live["pulses"] == 1003)
    assert live["interval_us"] > 0
    state = watcher.wait(
        topic("zone/gaz-cuisine/state"),
        lambda state: abs(state["energy_day_kwh"] - 3 * GAS_KWH) < 0.001,
    )
    assert state["power_w"] > 0
    assert state["cost_day"] is None


def test_gas_and_reactive_energy_of_a_meter_are_not_its_electricity(house, meters):
    """One device, three sources: only active energy is electricity."""
    port = meters.ports[0]
    others = [
        {"zone": "global", "port": port, "role": "main"},
        {"zone": "global-varh", "port": port, "reactive": True},
    ]
    watcher = start(house, meters, others)
    about = watcher.wait(topic("collector/pac/global/about"))
    assert (about["kind"], about["interval_ms"]) == ("pac3200", 100)
    reactive = watcher.wait(topic("collector/pac/global-varh/record"))
    active = watcher.wait(topic("collector/pac/global/record"))
    assert abs(reactive["wh"] - active["wh"] / 4) < 10  # as the simulated meter counts
    meters.obey("step 4000")
    state = watcher.wait(
        topic("zone/global-varh/state"), lambda state: (state["energy_day_kwh"] or 0) >= 1
    )
    assert (state["medium"], state["power_w"], state["cost_day"]) == ("reactive", None, None)
    watcher.wait(topic("summary"), lambda summary: summary["zones"] == 3)
    assert not [m for m in watcher.messages if m.topic.startswith(topic("zone/rest/"))]
