"""A broker that keeps nothing and dies all the time."""

import time

from known_site import KnownSite
from suite import figure, scaled


def wait_flow(site):
    """What is recorded from now on arrives in the books, from both kinds of collectors."""
    pac, meters = site.booked("pac"), site.booked("meters-%")
    flows = lambda: site.booked("pac") > pac and site.booked("meters-%") > meters
    site.run_until(flows, 60, "new facts in the books")


def test_a_broker_without_persistence_that_is_killed_and_started_again_and_again(houses, seeded):
    house = houses()
    site = KnownSite(house, seeded)
    deaths = scaled(50, 6)
    began = time.monotonic()
    for number in range(deaths):
        # Every third time it dies while they are still coming back.
        if number % 3:
            wait_flow(site)
        site.run(seeded.uniform(0, 0.3))
        house.broker.kill()
        site.run(seeded.choice([0, 0.2]))
        house.broker.start()
    took = time.monotonic() - began
    site.rest()
    figure(f"{deaths} deaths of the broker in {took:.0f} s: {site.assert_exact(houses)}")
