"""What an electrician and an operator do with a pulse meter."""

from house import topic
from recording import BEGIN, SOURCES


def pulses(count, bounces=0, spikes=0, begin=BEGIN):
    """A recording of a pulse of 60 ms a second, each with bounces of 1 ms before it, and of spikes
    of 2 ms half a second after the first pulses."""
    lines = [f"{begin}"]
    for i in range(1, count + 1):
        for bounce in range(bounces, 0, -1):
            lines.append(f"{begin + i - 0.002 * bounce:.4f} global.pulse 1")
            lines.append(f"{begin + i - 0.002 * bounce + 0.001:.4f} global.pulse 0")
        lines.append(f"{begin + i} global.pulse 1")
        lines.append(f"{begin + i}.06 global.pulse 0")
        if i <= spikes:
            lines.append(f"{begin + i}.5 global.pulse 1")
            lines.append(f"{begin + i}.502 global.pulse 0")
    return "\n".join([*lines, f"{begin + count + 1}", ""])


# -------- what was seen on the lines --------


def test_an_operator_sees_how_the_lines_are_without_stopping_anything(house):
    recording = house.write("edges", pulses(100, bounces=4, spikes=40))
    watcher = house.watch("#")
    house.aggregator()
    collector = house.meter("poste", SOURCES, recording)
    assert collector.wait(20) == 0
    seen = watcher.wait(topic("collector/poste/global/lines"), lambda lines: lines["pulse"]["edges"])
    assert seen["pulse"] == {
        "edges": 100 * 10 + 40 * 2,
        "too_short": 440,
        "bounces": 400,
        "spikes": 40,
        "longest_too_short_ms": 2,
        "repeated": 0,
        "lost": 0,
        "lost_possible": 0,
        "late": 0,
    }
    assert seen["peak"]["edges"] == 0
    assert watcher.value(topic("collector/poste/gaz/lines"))["top"] is None
    # It is known to the aggregator, which has no use for it.
    assert watcher.wait(topic("health"), lambda health: health["accepted"] > 0)["rejected"] == 0
    told = [each for each in watcher.messages if each.topic.endswith("/global/lines")]
    assert all(each.retained and each.qos == 1 for each in told) and len(told) == 1


def test_a_recorded_loss_is_in_the_record_that_follows_it_and_in_health(house):
    text = pulses(3) + f"{BEGIN + 10} global.pulse 1\n{BEGIN + 11} global.pulse 1\n{BEGIN + 90}\n"
    watcher = house.watch("#")
    house.aggregator()
    assert house.meter("poste", SOURCES, house.write("edges", text)).wait(20) == 0
    watcher.wait(topic("health"), lambda health: health["lost_possible"] == 1)
    records = watcher.values(topic("collector/poste/global/record"))
    doubts = {record["mark"]: record.get("lost_possible") for record in records}
    assert doubts == {"start": None, "minute": True, "stop": None}
