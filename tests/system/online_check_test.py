"""--check --online: what a technician reads about a configuration that does not fit broker and network."""

import json

import pytest

from house import run_to_end, topic
from port import port_free
from school_broker import DEPLOY

USERS = {"aggregator": "dipole", "pac": "triac", "viewer": "diode"}
ACCESS = [(DEPLOY / "wattzone.acl").read_text(), "user viewer", "topic read wattzone/#"]


@pytest.fixture
def site(houses):
    """A house with users and an aggregator, and a meter that answers."""
    house = houses(users=USERS, access=ACCESS)
    for name, password in USERS.items():
        house.write(f"{name}.password", password + "\n").chmod(0o600)
    house.meter_port = house.meters(1).ports[0]
    house.watcher = house.watch("#", user="viewer", password="diode")
    house.aggregator(broker=account(house, "aggregator"))
    house.watcher.wait(topic("status"), "online")
    return house


def account(house, user, password_of=None):
    return {"user": user, "password_file": str(house.folder / f"{password_of or user}.password")}


def configured(house, name="pac", site=None, meters=None, **broker):
    """The configuration file of a collector-pac."""
    meters = meters or [{"source": "self", "host": "127.0.0.1", "port": house.meter_port}]
    meters = [{"max_w": 90000, **each} for each in meters]
    outbox = {"file": str(house.outbox(name))}
    broker = {**account(house, "pac"), **broker}
    file = house.configuration(
        "check", collector=name, meters=meters, outbox=outbox, broker=broker
    )
    if site:
        file.write_text(json.dumps({**json.loads(file.read_text()), "site": site}))
    return file


def check(program, file):
    done = run_to_end(program, "--config", file, "--check", "--online")
    return done.returncode, done.stderr.splitlines(), done.stdout


def expect(house, *reasons, **settings):
    """Exactly these findings, in this order."""
    code, lines, _ = check("collector-pac", configured(house, **settings))
    assert len(lines) == len(reasons) and code == (1 if reasons else 0), lines
    for line, reason in zip(lines, reasons):
        assert reason in line


def test_a_right_configuration_is_valid_and_leaves_nothing_retained(site):
    code, lines, out = check("collector-pac", configured(site))
    assert (code, lines) == (0, []) and "valid, online too" in out
    site.watcher.wait(topic("collector/pac/check/lines"), {})
    seen = [m for m in site.watcher.messages if "/collector/" in m.topic]
    assert len(seen) == 1 and not seen[0].retained


def test_a_port_where_nobody_listens(site):
    expect(site, "is closed", port=port_free())


def test_a_password_that_is_wrong(site):
    file = str(site.folder / "viewer.password")
    expect(site, 'refuses user "pac"', password_file=file)


def test_a_password_file_that_is_missing_is_found_without_a_broker_too(site):
    file = configured(site, password_file=str(site.folder / "none"))
    for words in (["--check"], ["--check", "--online"]):
        done = run_to_end("collector-pac", "--config", file, *words)
        assert done.returncode == 78 and "password_file" in done.stderr


def test_a_collector_of_another_name_than_its_user(site):
    expect(site, '"collector" and broker.user have to be the same name', name="self")
    # MQTT 3.1.1 does not report it, but this broker knows version 5, too.
    expect(site, '"collector" and broker.user have to be the same name', name="self", protocol="3.1.1")


def test_a_site_without_aggregator(site):
    code, lines, _ = check("collector-pac", configured(site, site="licee"))
    assert code == 1 and len(lines) == 1
    assert 'nobody answers as aggregator of site "licee"' in lines[0]
    assert lines[0].endswith('sites with an aggregator: "lycee"')


def test_meters_that_do_not_answer(site):
    meters = [
        {"source": "good", "host": "127.0.0.1", "port": site.meter_port},
        {"source": "bad", "host": "127.0.0.1", "port": port_free()},
        {"source": "lost", "host": "meter.invalid", "port": 502},
    ]
    code, lines, _ = check("collector-pac", configured(site, meters=meters))
    assert code == 1 and len(lines) == 2, lines
    assert any('meters[1] "bad"' in line and "closed" in line for line in lines)
    assert any('meters[2] "lost"' in line and "name is unknown" in line for line in lines)


def test_a_running_collector_is_not_disturbed(site):
    meters = [{"zone": "self", "port": site.meter_port}]
    running = site.pac("pac", meters, broker=account(site, "pac"))
    site.watcher.wait(topic("collector/pac/self/status"), "online")
    code, lines, _ = check("collector-pac", configured(site))
    assert code == 0 and len(lines) == 1 and "runs here already" in lines[0]
    seen = [m.payload for m in site.watcher.messages if m.topic == topic("collector/pac/status")]
    assert seen == [b"online"] and "connection lost" not in running.err


def test_a_second_aggregator_of_a_site(site):
    store = {"file": str(site.folder / "other.db")}
    file = site.configuration("second", broker=account(site, "aggregator"), store=store)
    code, lines, _ = check("aggregator", file)
    assert code == 1 and "is online already" in lines[-1]


def test_online_is_an_option_of_check(site):
    assert run_to_end("aggregator", "--online").returncode == 64
