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


def certificate(folder, name, signer, subject, days=2):
    """NAME.crt and NAME.key for a host, signed; expired if `days` is negative."""
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
        str(days),
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
    certificate(tmp_path, "expired", "ours", "DNS:localhost", days=-1)
    house = houses(lines=[])
    house.certificates = tmp_path
    house.tls_port = listener(house, "server")
    return house


def listener(house, name, *lines):
    """Another listener of the broker, with that certificate; returns its port."""
    port = port_free()
    lines = [
        f"listener {port} 127.0.0.1",
        f"certfile {house.certificates / name}.crt",
        f"keyfile {house.certificates / name}.key",
        *lines,
    ]
    house.broker.kill()
    with house.broker.file.open("a") as file:
        file.write("\n".join(lines) + "\n")
    house.broker.start()
    return port


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
    aggregator.wait_err("unknown authority (/CN=ours): broker.ca_file", 10 * PATIENCE)
    assert aggregator.running and watcher.value(topic("status")) is None


def test_a_broker_of_another_name_is_refused_unless_the_name_is_not_checked(tls):
    broker = {**encrypted(tls, "ours"), "host": "127.0.0.1"}
    watcher = tls.watch("status")
    aggregator = tls.aggregator(broker=broker)
    aggregator.wait_err('certificate is for "localhost", not for "127.0.0.1"', 10 * PATIENCE)
    assert aggregator.running and watcher.value(topic("status")) is None
    aggregator.stop(5)
    tls.aggregator(broker={**broker, "insecure": True})
    watcher.wait(topic("status"), "online", 10)


def test_an_expired_certificate_is_named_as_such(tls):
    broker = {**encrypted(tls, "ours"), "port": listener(tls, "expired")}
    aggregator = tls.aggregator(broker=broker)
    aggregator.wait_err("the broker's certificate has expired", 10 * PATIENCE)
    assert "unknown authority" not in aggregator.err and aggregator.running


def test_a_port_without_tls_is_named_as_such(tls):
    broker = {**encrypted(tls, "ours"), "port": tls.broker.port}
    aggregator = tls.aggregator(broker=broker)
    aggregator.wait_err(f"port {tls.broker.port} does not speak TLS", 10 * PATIENCE)


def test_a_certificate_that_the_broker_requires_is_named_as_missing(tls):
    file = tls.certificates / "ours.crt"
    port = listener(tls, "server", "require_certificate true", f"cafile {file}")
    broker = {**encrypted(tls, "ours"), "port": port}
    aggregator = tls.aggregator(broker=broker)
    aggregator.wait_err("requires a certificate of its clients", 10 * PATIENCE)
    assert aggregator.running


def test_a_closed_port_and_an_unknown_name_have_different_messages(tls):
    closed = tls.aggregator(broker={"port": port_free()})
    closed.wait_err("is closed", 10 * PATIENCE)
    unknown = tls.aggregator(broker={"host": "broker.invalid"}, store={"file": str(tls.folder / "b.db")})
    unknown.wait_err("the name is unknown", 30 * PATIENCE)
