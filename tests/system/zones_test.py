"""Zones come and go with their collectors, and nothing else has to be touched."""

from house import topic
from patience import Stopwatch

SIX_LINES = """{
	"site": "lycee",
	"collector": "atelier",
	"broker": {"host": "127.0.0.1", "port": %d},
	"meters": [{"source": "atelier", "host": "127.0.0.1", "port": %d}]
}
"""


def test_one_more_collector_of_six_lines_shows_its_zone_within_two_seconds(house):
    meters = house.meters(3, power=48000)
    watcher = house.watch("#")
    house.aggregator(publish_ms=500)
    house.pac(
        "pac",
        [{"zone": "self", "port": meters.ports[0]}, {"zone": "cuisine-3", "port": meters.ports[1]}],
    )
    for zone in ("self", "cuisine-3"):
        watcher.wait(topic(f"zone/{zone}/power_w"), 48000)

    file = house.write("atelier.json", SIX_LINES % (house.broker.port, meters.ports[2]))
    watch = Stopwatch()
    house.run("collector-pac", "--config", file)
    watcher.wait(topic("zone/atelier/power_w"), 48000)
    assert not watch.over(2)
    watcher.wait(topic("summary"), lambda summary: summary["zones"] == 3)


def test_powers_of_a_zone_follow_its_meter(house):
    meters = house.meters(1, power=48000)
    watcher = house.watch("zone/#")
    house.aggregator()
    house.pac("pac", [{"zone": "self", "nominal_w": 60000, "port": meters.ports[0]}])
    watcher.wait(topic("zone/self/power_w"), 48000)
    watcher.wait(topic("zone/self/load_pct"), 80)
    meters.obey("power 30000")
    watcher.wait(topic("zone/self/power_w"), 30000)
    watcher.wait(topic("zone/self/load_pct"), 50)
    meters.obey("nan")
    watcher.wait(topic("zone/self/power_w"), None)
    meters.obey("healthy")
    watcher.wait(topic("zone/self/power_w"), 30000)


def test_a_meter_that_stops_answering_is_offline_after_three_failures_and_comes_back(house):
    meters = house.meters(1, power=48000)
    watcher = house.watch("#")
    house.aggregator()
    house.pac("pac", [{"zone": "self", "port": meters.ports[0]}], poll_ms=200, timeout_ms=100)
    watcher.wait(topic("collector/pac/self/status"), "online")
    watcher.wait(topic("zone/self/power_w"), 48000)
    meters.obey("dead")
    watcher.wait(topic("collector/pac/self/status"), "offline")
    watcher.wait(topic("zone/self/status"), "offline")
    watcher.wait(topic("zone/self/power_w"), None)
    assert watcher.value(topic("zone/self/energy_kwh")) is not None
    meters.obey("healthy")
    watcher.wait(topic("zone/self/power_w"), 48000, timeout=20)
    watcher.wait(topic("zone/self/status"), "online")


def test_a_killed_collector_takes_its_zones_offline_and_a_new_one_brings_them_back(house):
    meters = house.meters(2, power=48000)
    watcher = house.watch("#")
    house.aggregator()
    collector = house.pac("pac", [{"zone": "self", "port": meters.ports[0]}], record_s=1)
    house.pac("other", [{"zone": "cuisine-3", "port": meters.ports[1]}])
    for zone in ("self", "cuisine-3"):
        watcher.wait(topic(f"zone/{zone}/power_w"), 48000)
    before = watcher.wait(topic("zone/self/state"), lambda state: state["energy_kwh"] > 0)

    collector.kill()
    watcher.wait(topic("collector/pac/status"), "offline")
    watcher.wait(topic("zone/self/status"), "offline")
    state = watcher.wait(topic("zone/self/state"), lambda state: state["quality"] == "stale")
    assert [state[name] for name in ("power_w", "power_1m_w", "power_10m_w")] == [None] * 3
    assert state["energy_kwh"] >= before["energy_kwh"], "totals stay"
    assert watcher.value(topic("zone/cuisine-3/status")) == "online"

    house.pac("pac", [{"zone": "self", "port": meters.ports[0]}], record_s=1)
    watcher.wait(topic("collector/pac/status"), "online")
    watcher.wait(topic("zone/self/power_w"), 48000)
    after = watcher.wait(
        topic("zone/self/state"), lambda each: each["energy_kwh"] > state["energy_kwh"]
    )
    assert after["quality"] != "stale"


def test_after_a_kill_the_status_of_the_collector_counts_and_its_zones_are_offline(house):
    meters = house.meters(1, power=48000)
    watcher = house.watch("#")
    house.aggregator()
    pac = house.pac("pac", [{"zone": "self", "port": meters.ports[0]}])
    watcher.wait(topic("zone/self/power_w"), 48000)
    pac.kill()
    watcher.wait(topic("collector/pac/status"), "offline")
    watcher.wait(topic("zone/self/status"), "offline")
    watcher.wait(topic("zone/self/power_w"), None)
    assert watcher.value(topic("zone/self/state"))["quality"] == "stale"
    assert watcher.value(topic("collector/pac/self/status")) == "online"
