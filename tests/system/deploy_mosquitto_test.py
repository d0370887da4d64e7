"""deploy/mosquitto: what the broker of a school does, and what it does not promise."""

import re
import time

import pytest

from broker_test import PULSE_METER, edges  # noqa: F401, a fixture
from clock import FastClock, local
from house import topic
from patience import Stopwatch, until
from port import port_free
from school_broker import SchoolBroker
from security_test import authority, certificate
from watcher import client_new

ROLES = {"poste": "", "pac": "", "panel": "reader", "screen": "reader", "anna": "operator"}
REFUSED = "Not authorized"


@pytest.fixture
def house(houses):
    """A house with the school's broker, and a user of each kind."""
    house = houses(broker=False)
    house.broker = SchoolBroker(house.folder)
    house.broker.open(**ROLES)
    return house


@pytest.fixture
def broker(house):
    return house.broker


def watch(house, name, *filters):
    return house.watch(*filters, **house.broker.account(name))


# -------- who may do what --------


@pytest.mark.parametrize("version", ["5", "311"])
def test_nobody_comes_in_without_a_password(broker, version):
    words = ("-V", version, "-t", topic("status"), "-m", "online")
    anonymous = broker.client("mosquitto_pub", None, *words)
    wrong = broker.client("mosquitto_pub", None, *words, "-u", "poste", "-P", "wrong")
    for done in (anonymous, wrong):
        assert done.returncode != 0 and "not authori" in done.stderr.lower()


ALLOWED = [
    ("poste", "collector/poste/status"),
    ("poste", "collector/poste/global/record"),
    ("panel", "collector/panel/x/record"),
    ("anna", "set/zone/self/nominal_w"),
    ("anna", "get/history"),
    ("aggregator", "status"),
    ("aggregator", "zone/self/state"),
    ("aggregator", "set-result"),
    ("aggregator", "collector/poste/ack"),
]
FORBIDDEN = [
    ("poste", "collector/pac/status"),
    ("poste", "collector"),
    ("poste", "status"),
    ("poste", "zone/self/state"),
    ("poste", "set/zone/self/nominal_w"),
    ("poste", "get/history"),
    ("panel", "zone/self/state"),
    ("panel", "set/zone/self/nominal_w"),
    ("panel", "get/history"),
    ("panel", "collector/poste/global/record"),
    ("anna", "status"),
    ("anna", "tariff/state"),
    ("anna", "collector/poste/ack"),
]


def test_each_user_writes_its_own_topics(house, broker):
    watcher = watch(house, "screen")
    for words in ((), ("-r",)):
        for number, (user, where) in enumerate(ALLOWED):
            payload = f"{len(words) + 1}{number}"
            assert broker.publish(user, topic(where), *words, payload=payload) == "", (user, where)
            watcher.wait(topic(where), int(payload))


def test_each_user_is_refused_what_it_may_not_write(house, broker):
    watcher = watch(house, "screen")
    for words in ((), ("-r",)):
        for user, where in FORBIDDEN:
            assert REFUSED in broker.publish(user, topic(where), *words), (user, where)
    for user in ("poste", "panel", "anna"):
        assert REFUSED in broker.publish(user, "elsewhere/x", "-r"), user
    broker.publish("aggregator", topic("status"), payload="online")
    watcher.wait(topic("status"), "online")
    # Nor did any of it arrive at a subscriber, or later.
    assert [each.topic for each in watcher.messages] == [topic("status")]
    assert broker.client("mosquitto_sub", "screen", "-t", "#", "-W", "1").stdout == ""


def test_a_collector_receives_what_is_meant_for_it_and_nothing_else(house, broker):
    poste = watch(house, "poste", "#")
    panel = watch(house, "panel", "#")
    for where in ("collector/pac/ack", "zone/self/state", "collector/poste/ack", "status"):
        broker.publish("aggregator", topic(where), "-r")
    broker.publish("pac", topic("collector/pac/self/record"))
    broker.publish("aggregator", topic("status"), "-r", payload="2")
    poste.wait(topic("status"), 2)
    panel.wait(topic("status"), 2)
    assert poste.topics() == {topic("status"), topic("collector/poste/ack")}
    assert len(panel.topics()) == 5


def test_home_assistant_announces_itself_and_receives_what_is_announced(house, broker):
    broker.publish("aggregator", "homeassistant/device/wattzone_lycee_self/config", "-r")
    received = broker.client(
        "mosquitto_sub", "anna", "-t", "homeassistant/#", "-v", "-C", "1", "-W", "5"
    )
    assert received.stdout.startswith("homeassistant/device/wattzone_lycee_self/config")
    assert broker.publish("anna", "homeassistant/status", payload="online") == ""
    assert REFUSED in broker.publish("anna", "homeassistant/device/x/config")
    assert REFUSED in broker.publish("poste", "homeassistant/status")


def test_a_refused_message_does_not_end_the_connection(house, broker):
    poste = watch(house, "poste", "collector/poste/ack")
    poste.acknowledged([poste.publish(topic("zone/self/state"), "1") for _ in range(50)])
    poste.acknowledged([poste.publish(topic("collector/poste/status"), "online")])
    assert broker.log.count("as poste ") == 1, broker.log


# -------- sessions --------


def test_nobody_takes_a_session_by_its_client_id(house, broker):
    poste = watch(house, "poste", "collector/poste/ack")
    words = ("-i", "poste", "-t", "#", "-W", "1")
    assert broker.client("mosquitto_sub", "panel", *words, "-V", "311", "-c").stdout == ""
    assert broker.client("mosquitto_sub", "panel", *words, "-V", "5", "-c").stdout == ""
    broker.publish("aggregator", topic("collector/poste/ack"), "-r")
    poste.wait(topic("collector/poste/ack"), 1)
    assert broker.log.count("as poste ") == 1, broker.log


def test_a_listener_with_tls_is_a_file_beside_it_with_the_same_rules(house, broker, tmp_path):
    authority(tmp_path, "ours")
    certificate(tmp_path, "server", "ours", "DNS:localhost")
    port = port_free()
    lines = ("listener {0}", "certfile {1}.crt", "keyfile {1}.key", "use_username_as_clientid true")
    text = "\n".join(lines).format(port, tmp_path / "server")
    (broker.etc / "conf.d" / "wattzone.tls.conf").write_text(text + "\n")
    assert broker.install().returncode == 0
    broker.kill()
    broker.start()
    where = ("--cafile", str(tmp_path / "ours.crt"), "-h", "localhost", "-p", str(port))
    watch(house, "poste", "status")
    words = (*where, "-i", "poste")
    assert broker.publish("anna", topic("get/history"), *words) == ""
    assert REFUSED in broker.publish("anna", topic("status"), *words)
    nobody = broker.client("mosquitto_pub", None, *where, "-t", topic("status"), "-n")
    assert nobody.returncode != 0
    assert "already connected" not in broker.log


def test_two_programs_of_one_user_disconnect_each_other_and_the_log_has_it(house, broker):
    watch(house, "poste", "collector/poste/ack")
    broker.publish("poste", topic("collector/poste/status"), payload="online")
    broker.wait_log("Client poste already connected, closing old connection.")


def test_a_client_receives_the_limits(house, broker):
    limits = {}
    client = client_new("x")
    client.username_pw_set("panel", broker.password("panel"))
    client.on_connect = lambda *words: limits.update(words[4].json())
    client.connect("127.0.0.1", broker.port, keepalive=3600)
    client.loop_start()
    until(lambda: limits, 5, "answer to a connection")
    client.disconnect()
    client.loop_stop()
    assert (limits["ServerKeepAlive"], limits["MaximumPacketSize"]) == (120, 1000000)
    assert limits["ReceiveMaximum"] == 100


def test_clients_of_version_3_1_1_with_the_usual_keepalive_are_welcome(broker):
    words = ("-V", "311", "-k", "60", "-t", topic("collector/poste/status"), "-m", "online")
    assert broker.client("mosquitto_pub", "poste", *words).returncode == 0


def test_acknowledgements_do_not_wait_for_each_other(house, broker):
    """Without TCP_NODELAY each round takes 40 ms."""
    pac = watch(house, "pac", "status")
    stopwatch = Stopwatch()
    for _ in range(25):
        pac.acknowledged([pac.publish(topic("collector/pac/x/record"), "1") for _ in range(3)])
    assert not stopwatch.over(0.5)


def test_a_session_outlives_school_holidays_and_is_forgotten_then(house, broker):
    broker.kill()
    clock = FastClock(house.folder, "2026-02-14 12:00")
    broker.start(clock.environment("/usr/sbin/mosquitto"))
    words = absent(broker, "panel")
    broker.publish("poste", topic("collector/poste/x/record"), payload="queued")
    clock.set(local("2026-02-28 11:00"))
    received = broker.client("mosquitto_sub", "panel", *words, "-C", "1", "-W", "5")
    assert received.stdout == "queued\n"
    gone = r"Client panel (disconnected|closed its connection)"
    until(lambda: len(re.findall(gone, broker.log)) == 2, 5, "end of the connection")
    clock.set(local("2026-03-14 12:00"))
    broker.wait_log("Expiring client panel due to timeout.")


# -------- limits --------


def test_too_large_a_packet_ends_the_session_of_its_sender_only(house, broker):
    others = [watch(house, name, "#") for name in ("poste", "panel")]
    large = "x" * 1000000
    sent = broker.client(
        "mosquitto_pub",
        "anna",
        *("-V", "311", "-q", "1", "-t", topic("get/history"), "-s"),
        text=large,
    )
    assert sent.returncode != 0
    broker.wait_log("Client anna disconnected due to oversize packet.")
    broker.publish("aggregator", topic("status"))
    for each in others:
        each.wait(topic("status"), 1)
    assert broker.log.count("as poste ") == 1 and broker.log.count("as panel ") == 1


def absent(broker, user):
    """`user` asks for everything of the site, and to be kept a queue; and goes."""
    words = ("-V", "311", "-i", "x", "-c", "-q", "1", "-t", topic("#"))
    broker.client("mosquitto_sub", user, *words, "-E")
    return words


def test_a_day_of_records_waits_for_a_client_that_is_away(house, broker):
    words = absent(broker, "panel")
    watcher = watch(house, "pac", "status")
    records = 86400
    for first in range(0, records, 8640):
        sent = broker.client(
            "mosquitto_pub",
            "poste",
            *("-V", "5", "-q", "1", "-t", topic("collector/poste/x/record"), "-l"),
            text="".join(f"{number}\n" for number in range(first, first + 8640)),
        )
        assert sent.returncode == 0, sent.stderr
    received = broker.client("mosquitto_sub", "panel", *words, "-C", str(records), "-W", "60")
    assert sorted(map(int, received.stdout.split())) == list(range(records))
    assert not watcher.messages


def test_beyond_the_limit_messages_are_dropped_with_success_and_the_log_has_it(house, broker):
    """So the broker's acknowledgement is not enough."""
    words = absent(broker, "panel")
    pac = watch(house, "pac", "status")
    large, count = "x" * 900000, 80
    poste = watch(house, "poste", "status")
    where = topic("collector/poste/x/record")
    poste.acknowledged([poste.publish(where, large) for _ in range(count)], 30)
    broker.wait_log("Outgoing messages are being dropped for client panel.")
    received = broker.client("mosquitto_sub", "panel", *words, "-W", "3", "-F", "%l")
    assert len(received.stdout.split()) == 56, "50 MB, and the one that reaches it"
    # Everyone else is as before.
    broker.publish("aggregator", topic("status"))
    pac.wait(topic("status"), 1)
    poste.wait(topic("status"), 1)


# -------- what survives --------


def retained(broker):
    received = broker.client("mosquitto_sub", "panel", "-t", "wattzone/#", "-v", "-W", "1")
    return dict(line.split(" ", 1) for line in received.stdout.splitlines())


def test_what_was_published_before_the_last_save_survives_a_death(house, broker):
    broker.kill()
    assert "\nautosave_interval 60\n" in broker.configuration.read_text()
    broker.change("autosave_interval", 1)
    broker.start()
    words = absent(broker, "panel")
    for where in ("collector/poste/status", "collector/poste/global/about"):
        assert broker.publish("poste", topic(where), "-r", payload="kept") == ""
    assert broker.publish("poste", topic("collector/poste/global/record"), payload="queued") == ""
    broker.wait_saved(time.time())
    broker.kill()
    broker.start()
    received = broker.client("mosquitto_sub", "panel", *words, "-W", "1")
    assert "queued" in received.stdout.split()
    assert retained(broker) == {
        topic("collector/poste/status"): "kept",
        topic("collector/poste/global/about"): "kept",
    }


def test_what_was_published_after_it_is_lost_although_it_was_acknowledged(broker):
    """The reason for the outboxes of collectors, and for the aggregator's own books."""
    assert broker.publish("poste", topic("collector/poste/status"), "-r") == ""
    broker.kill()
    broker.start()
    assert retained(broker) == {}


def test_nothing_is_lost_when_it_is_asked_to_end(broker):
    assert broker.publish("poste", topic("collector/poste/status"), "-r", payload="kept") == ""
    broker.programs[-1].stop(timeout=5)
    broker.start()
    assert retained(broker) == {topic("collector/poste/status"): "kept"}


# -------- our programs --------


def alive(house, name):
    """A watcher that has received a status of all three programs, and a power of both zones."""
    watcher = watch(house, name)
    for each in ("status", "collector/poste/status", "collector/pac/status"):
        watcher.wait(topic(each), "online", 20)
    watcher.wait(topic("zone/self/power_w"), 48000, 10)
    watcher.wait(topic("zone/global/power_w"), lambda power: power and power > 0, 10)
    watcher.wait(topic("collector/pac/self/record"), lambda record: record["wh"] > 0, 15)
    return watcher


def test_our_programs_live_with_it_and_outlive_it(house, broker, edges):
    settings = broker.settings
    port = house.meters(1, power=48000).ports[0]
    programs = [
        house.aggregator(broker=settings("aggregator")),
        house.meter("poste", [PULSE_METER], edges.pipe, broker=settings("poste")),
        house.pac("pac", [{"zone": "self", "port": port}], record_s=1, broker=settings("pac")),
    ]
    passing = ("/live", "/record")
    before = {each for each in alive(house, "screen").topics() if not each.endswith(passing)}
    broker.kill()
    broker.start()
    after = alive(house, "panel")
    after.wait_topics(lambda topics: before <= topics, 20)
    for program in programs:
        assert program.running and "refuses it" not in program.err, program.err
    # Each has one session, whatever client id it asked for.
    assert "already connected" not in broker.log


# -------- deploy/mosquitto/install and user --------


def test_a_user_is_added_and_removed_while_it_runs(house, broker):
    poste = watch(house, "poste", "status")
    broker.user("add", "pac-atelier")
    about = topic("collector/pac-atelier/x/about")
    until(lambda: broker.publish("pac-atelier", about) == "", 5, "entry for the new user")
    broker.user("add", "pac-atelier", "operator")
    command = topic("set/zone/x/label")
    until(lambda: broker.publish("pac-atelier", command) == "", 5, "the new role")
    broker.user("add", "pac-atelier", "reader")
    until(lambda: REFUSED in broker.publish("pac-atelier", command), 5, "the other role")
    password = broker.password("pac-atelier")
    broker.user("remove", "pac-atelier")
    words = ("-u", "pac-atelier", "-P", password, "-V", "5", "-t", about, "-m", "1")
    until(lambda: broker.client("mosquitto_pub", None, *words).returncode, 5, "refusal")
    listed = [line.split() for line in broker.user("list").splitlines()]
    roles = {name: role or "collector" for name, role in ROLES.items()}
    assert dict(listed) == {"aggregator": "aggregator", **roles}
    broker.publish("aggregator", topic("status"))
    poste.wait(topic("status"), 1)
    assert broker.log.count("as poste ") == 1, "whoever was connected stays so"


def test_names_that_would_open_the_subtrees_of_others_are_refused(broker):
    for name in ("+", "#", "a/b", "Poste", "-r", "a:b", "x" * 33, ""):
        done = broker._script("user", "add", name)
        assert done.returncode != 0 and f'"{name}"' in done.stderr
    assert broker._script("user", "add", "aggregator", "reader").returncode != 0
    assert broker._script("user", "remove", "aggregator").returncode != 0


def test_installing_again_keeps_users_roles_and_the_listener(broker):
    files = [broker.etc / "wattzone.users", broker.etc / "wattzone.acl", broker.configuration]
    before = [file.read_text() for file in files]
    by_hand = "\nuser by-hand\ntopic read by/hand\n"
    files[1].write_text(before[1] + by_hand)
    assert broker.install().returncode == 0
    assert [file.read_text() for file in files] == [before[0], before[1] + by_hand, before[2]]
    assert f"\nlistener {broker.port} 127.0.0.1\n" in before[2]


def test_a_role_is_taken_away_and_given_again(broker):
    acl = broker.etc / "wattzone.acl"
    before = acl.read_text()
    broker.user("add", "panel")
    assert "user panel" not in acl.read_text() and "user anna" in acl.read_text()
    broker.user("add", "panel", "operator")
    broker.user("add", "panel", "reader")
    assert sorted(acl.read_text().split("\nuser ")) == sorted(before.split("\nuser "))


def test_files_are_nobody_elses(broker):
    for file in (broker.etc / "wattzone.users", broker.etc / "wattzone.acl"):
        assert file.stat().st_mode & 0o777 == 0o600
    assert (broker.folder / "poste.password").stat().st_mode & 0o777 == 0o600
    hashed = (broker.etc / "wattzone.users").read_text()
    assert hashed.count(":$7$") == 6 and broker.password("poste") not in hashed


@pytest.mark.parametrize("line", ["allow_anonymous true", "per_listener_settings true"])
def test_a_broker_that_has_rules_already_is_not_taken(tmp_path, line):
    broker = SchoolBroker(tmp_path, other=f"# theirs\n{line}\n")
    done = broker.install()
    assert done.returncode != 0 and f"other.conf:2:{line}" in done.stderr
    assert not broker.configuration.exists()


def test_the_log_has_nothing_to_complain_of(broker):
    broker.publish("poste", topic("collector/poste/status"))
    broker.programs[-1].stop(timeout=5)
    logged = broker.log + broker.programs[-1].err
    warned = [line for line in logged.splitlines() if "Warning" in line or "Error" in line]
    known = ("does not contain '%c' or '%u'", "should not be run as root")
    assert [line for line in warned if not any(each in line for each in known)] == []
    for line in broker.log.splitlines():
        assert re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d: ", line), line
