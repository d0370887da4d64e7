"""Meters that misbehave hold up no other."""

import re

from house import topic

COUNTS = re.compile(r"(\S+) \(\S+\): (\d+) polls, (\d+) failed, (\d+) slots missed")
FAULTS = {1: "dead", 2: "slow 400", 3: "refuse", 4: "garbage"}
SLOTS = 16
POLL_S = 0.5


def test_four_faulty_meters_among_ten_cost_the_others_no_poll_slot(house):
    meters = house.meters(10, power=48000)
    for number, fault in FAULTS.items():
        meters.obey(f"{number} {fault}")
    watcher = house.watch("collector/#")
    numbers = range(1, 11)
    healthy = [number for number in numbers if number not in FAULTS]
    collector = house.pac(
        "pac", [{"zone": f"zone-{i}", "port": meters.ports[i - 1]} for i in numbers]
    )
    live = lambda number: watcher.values(topic(f"collector/pac/zone-{number}/live"))
    for number in healthy:
        watcher.wait(
            topic(f"collector/pac/zone-{number}/live"),
            lambda _: len(live(number)) >= SLOTS,
            timeout=SLOTS,
        )
    for number in numbers:
        status = topic(f"collector/pac/zone-{number}/status")
        watcher.wait(status, "offline" if number in (1, 3, 4) else "online", timeout=SLOTS)
    # The machine itself may cost them some.
    lost = int((collector.waited() + meters.program.waited()) / POLL_S)
    print(f"{lost} slots may be lost to other programs")
    assert collector.stop(timeout=5) == 0
    for number in numbers:
        watcher.wait(topic(f"collector/pac/zone-{number}/status"), "offline")

    counts = {name: [int(each) for each in rest] for name, *rest in COUNTS.findall(collector.err)}
    assert len(counts) == 10, collector.err
    for number in healthy:
        polls, failed, missed = counts[f"zone-{number}"]
        assert failed <= lost and missed <= lost
        assert polls >= SLOTS
        times = [each["t"] for each in live(number)]
        slots = round((times[-1] - times[0]) / 1000 / POLL_S)
        assert len(times) - 1 <= slots <= len(times) - 1 + lost, f"meter {number}: {times}"
    for number in (1, 3, 4):
        polls, failed, _ = counts[f"zone-{number}"]
        assert failed == polls and polls >= 3
    polls, failed, missed = counts["zone-2"]
    assert failed <= lost and polls > 0
    assert missed > 0, "a slow meter leaves out slots"
