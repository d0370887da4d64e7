"""GPIO chips that are missing, vanish and come back."""

from house import topic

SOURCE = "collector/poste/global"


def pulses(number):
    """A recording, a pulse a second."""
    return "".join(f"{i} global.pulse 1\n{i}.06 global.pulse 0\n" for i in range(1, number + 1))


def start(chip, house):
    watcher = house.watch("collector/#")
    return house.meter("poste", [chip.source()]), watcher


def test_a_chip_that_goes_and_comes_back_leaves_a_gap_that_is_recorded(chip, house):
    collector, watcher = start(chip, house)
    watcher.wait(topic(f"{SOURCE}/status"), "online")
    chip.play(pulses(10))
    watcher.wait(topic(f"{SOURCE}/live"), lambda live: live["pulses"] == 10)

    chip.vanish()
    # Older kernels do not wake a reader then: the program notices at its next check.
    watcher.wait(topic(f"{SOURCE}/status"), "offline", 70)
    stop = watcher.wait(topic(f"{SOURCE}/record"), lambda each: each["mark"] == "stop")
    assert stop["pulses"] == 10
    collector.wait_err("tried again", 10)

    chip.appear()
    watcher.wait(topic(f"{SOURCE}/status"), "online", 10)
    begin = watcher.wait(topic(f"{SOURCE}/record"), lambda each: each["mark"] == "start")
    assert begin["pulses"] == 10
    # Rounded up: the time is in whole milliseconds.
    assert begin["blind_ms"] - (begin["t"] - stop["t"]) in (0, 1)

    chip.play(pulses(7))
    watcher.wait(topic(f"{SOURCE}/live"), lambda live: live["pulses"] == 17)


def test_a_chip_that_is_not_there_yet_is_waited_for(chip, house):
    chip.vanish()
    collector, watcher = start(chip, house)
    collector.wait_err("has no GPIO chip", 10)
    assert watcher.wait(topic(f"{SOURCE}/status")) == "offline"
    chip.appear()
    watcher.wait(topic(f"{SOURCE}/status"), "online", 10)
    chip.play(pulses(3))
    watcher.wait(topic(f"{SOURCE}/live"), lambda live: live["pulses"] == 3)
