"""Kills and pauses, of every program of a site, at random moments."""

import time

from known_site import KnownSite
from suite import figure, scaled

PROGRAMS = ["pac", "meter", "aggregator", "broker"]
# Six of ten events are kills. Shortened, each kind comes as often as the others.
KINDS = [(name, what) for name in PROGRAMS for what in ["killed"] * 3 + ["paused"] * 2]


class Disturber:
    def __init__(self, site, dice):
        self.site, self.dice = site, dice
        self.done = {}
        self.in_recordings = 0  # kills of a collector that was replaying one

    def disturb(self, name, what):
        """One program, for a moment."""
        site = self.site
        broker = site.house.broker
        program = broker.programs[-1] if name == "broker" else getattr(site, name)
        if name == "meter":
            self._wait_in_recording()
            program = site.meter
            self.in_recordings += what == "killed"
        program.kill() if what == "killed" else program.suspend()
        time.sleep(self.dice.uniform(0, 0.4))
        if what == "paused":
            program.resume()
        elif name == "broker":
            broker.start()
        else:
            site.again(name)
        kind = f"{name} {what}"
        self.done[kind] = self.done.get(kind, 0) + 1

    def _wait_in_recording(self):
        site = self.site
        begun = lambda: site.meter.running and site.booked(site.collectors[-1])
        site.run_until(begun, 30, "recording that has begun")


def test_programs_killed_and_paused_at_random(houses, seeded):
    house = houses()
    site = KnownSite(house, seeded)
    disturber = Disturber(site, seeded)
    events, pause = scaled((150, 0.5), (10, 0.25))  # an event takes 0.3 s by itself
    began = time.monotonic()
    kinds = []
    for _ in range(events):
        if not kinds:
            kinds = scaled(KINDS, sorted(set(KINDS)))[:]
            seeded.shuffle(kinds)
        site.run(seeded.uniform(0, 2 * pause))
        disturber.disturb(*kinds.pop())
    took = time.monotonic() - began
    site.rest()
    done = ", ".join(f"{count} {kind}" for kind, count in sorted(disturber.done.items()))
    assert len(disturber.done) == 8 and disturber.in_recordings
    figure(
        f"{events} events in {took:.0f} s ({done}; {len(site.recordings)} recordings,"
        f" {disturber.in_recordings} kills within): {site.assert_exact(houses)}"
    )
