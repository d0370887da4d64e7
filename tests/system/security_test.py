"""Accounts, the access list of one line, and TLS."""

import subprocess

import pytest

from house import topic
from patience import PATIENCE
from port import port_free
from school_broker import DEPLOY

USERS = {"aggregator": "dipole", "pac": "triac", "viewer": "diode"}
ACCESS = [
    (DEPLOY / "wattzone.acl").read_text(),
    "user viewer",
    "topic read wattzone/#",
]


@pytest.fixture
def closed(houses):
    """A house whose broker has users, and a file with the password of each."""
    house = houses(users=USERS, access=ACCESS)
    for name, password in USERS.items():
        house.write(f"{name}.password", password + "\n").chmod(0o600)
    return house


def account(house, user, password_of=None):
    return {"user": user, "password_file": str(house.folder / f"{password_of or user}.password")}


def test_one_pattern_of_the_access_list_fits_every_collector(closed):
    meters = closed.meters(1, power=48000)
    watcher = closed.watch("#", user="viewer", password="diode")
    closed.aggregator(broker=account(closed, "aggregator"))
    closed.pac("pac", [{"zone": "self", "port": meters.ports[0]}], broker=account(closed, "pac"))
    watcher.wait(topic("zone/self/power_w"), 48000)


def test_a_collector_cannot_write_what_belongs_to_another(closed):
    meters = closed.meters(1, power=48000)
    watcher = closed.watch("#", user="viewer", password="diode")
    meters = [{"zone": "self", "port": meters.ports[0]}]
    stranger = closed.pac("other", meters, record_s=1, broker=account(closed, "pac"))
    stranger.wait_err(topic("collector/other/self/about") + ": the broker refuses it", 10)
    stranger.stop()
    # Its own subtree is open to it, so what came before this is all that there is.
    owner = closed.pac("pac", meters, broker=account(closed, "pac"))
    watcher.wait(topic("collector/pac/self/status"), "online")
    owner.stop()
    assert not [each for each in watcher.messages if "/collector/other/" in each.topic]


def test_a_wrong_password_is_logged_and_tried_again(closed):
    aggregator = closed.aggregator(broker=account(closed, "aggregator", password_of="viewer"))
    aggregator.wait_err("aggregator", 10)
    aggregator.wait_err("password", 10)
    assert aggregator.running


# -------- TLS --------


def openssl(folder, *words):
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def authority(folder, name):
    """A certification authority: NAME.crt, NAME.key."""
    openssl(
        folder,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={name}",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.crt",
    )


def certificate(folder, name, signer, subject):
    """NAME.crt and NAME.key for a host, signed."""
    openssl(
        folder,
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=broker",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.csr",
    )
    (folder / "extensions").write_text(f"subjectAltName={subject}\n")
    openssl(
        folder,
        "x509",
        "-req",
        "-in",
        f"{name}.csr",
        "-CA",
        f"{signer}.crt",
        "-CAkey",
        f"{signer}.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "extensions",
        "-out",
        f"{name}.crt",
    )


@pytest.fixture
def tls(houses, tmp_path):
    """A house whose broker listens with TLS, too: on `tls_port`, as localhost."""
    authority(tmp_path, "ours")
    authority(tmp_path, "theirs")
    certificate(tmp_path, "server", "ours", "DNS:localhost")
    port = port_free()
    lines = [
        f"listener {port} 127.0.0.1",
        f"certfile {tmp_path / 'server.crt'}",
        f"keyfile {tmp_path / 'server.key'}",
    ]
    house = houses(lines=lines)
    house.tls_port = port
    house.certificates = tmp_path
    return house


def encrypted(house, authority):
    return {
        "host": "localhost",
        "port": house.tls_port,
        "tls": True,
        "ca_file": str(house.certificates / f"{authority}.crt"),
    }


def test_programs_connect_with_tls_to_a_broker_that_our_authority_signed(tls):
    meters = tls.meters(1, power=48000)
    watcher = tls.watch("#")
    tls.aggregator(broker=encrypted(tls, "ours"))
    tls.pac("pac", [{"zone": "self", "port": meters.ports[0]}], broker=encrypted(tls, "ours"))
    watcher.wait(topic("zone/self/power_w"), 48000, 10)


def test_a_broker_that_another_authority_signed_is_refused_with_a_reason(tls):
    watcher = tls.watch("status")
    aggregator = tls.aggregator(broker=encrypted(tls, "theirs"))
    aggregator.wait_err("certificate", 10 * PATIENCE)
    assert aggregator.running and watcher.value(topic("status")) is None


def test_a_broker_of_another_name_is_refused_unless_the_name_is_not_checked(tls):
    broker = {**encrypted(tls, "ours"), "host": "127.0.0.1"}
    watcher = tls.watch("status")
    aggregator = tls.aggregator(broker=broker)
    aggregator.wait_err("certificate", 10 * PATIENCE)
    assert aggregator.running and watcher.value(topic("status")) is None
    aggregator.stop(5)
    tls.aggregator(broker={**broker, "insecure": True})
    watcher.wait(topic("status"), "online", 10)
