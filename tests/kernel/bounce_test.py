"""Pulses among bounces and spikes, all of which the kernel reports."""

from house import topic

PULSES, BOUNCES, SPIKES, GAPS = 1000, 4, 40, 40


def dirty_pulses(dice):
    """A recording of PULSES pulses of 60 to 90 ms. The contact bounces BOUNCES times before each
    pulse; there are SPIKES of 2 ms between pulses, and GAPS of 2 ms within."""
    lines = []

    def level(t, width, on=1):
        lines.append((t, on))
        lines.append((t + width, 1 - on))

    spiked = dice.sample(range(PULSES), SPIKES)
    broken = dice.sample(range(PULSES), GAPS)
    for pulse in range(PULSES):
        t = 10 + pulse * 0.6 + dice.uniform(0, 0.1)
        for _ in range(BOUNCES):
            on, off = dice.uniform(0.0003, 0.004), dice.uniform(0.0003, 0.004)
            level(t, on)
            t += on + off
        width = dice.uniform(0.06, 0.09)
        level(t, width)
        # A gap does not matter once the contact was closed for 30 ms.
        if pulse in broken:
            level(t + dice.uniform(0.031, width - 0.004), 0.002, on=0)
        if pulse in spiked:
            level(t + width + dice.uniform(0.1, 0.25), 0.002)
    return "".join(f"{t:.6f} global.pulse {on}\n" for t, on in sorted(lines))


def count(chip, house, dice, **settings):
    """Returns the number of pulses that a collector counted."""
    watcher = house.watch("collector/#")
    house.meter("poste", [chip.source(**settings)])
    watcher.wait(topic("collector/poste/global/status"), "online")

    edges = chip.play(dirty_pulses(dice))
    assert edges == 2 * (PULSES * (1 + BOUNCES) + SPIKES + GAPS)

    def minutes():
        records = watcher.values(topic("collector/poste/global/record"))
        return {each["t"]: each["pulses"] for each in records if each["mark"] == "minute"}

    # The second full minute after the last edge has no new pulse.
    before = len(minutes())
    watcher.wait(topic("collector/poste/global/record"), lambda _: len(minutes()) > before + 1, 180)
    return max(minutes().values())


def test_a_thousand_pulses_among_bounces_and_spikes_are_a_thousand(chip, house, seeded):
    assert count(chip, house, seeded) == PULSES


def test_without_a_minimum_width_every_level_is_counted(chip, house, seeded):
    levels = PULSES * (1 + BOUNCES) + SPIKES + GAPS
    assert count(chip, house, seeded, min_on_ms=0, min_off_ms=0) == levels
