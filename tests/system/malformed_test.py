"""Five hundred wrong payloads, topics and configurations: no crash, a reason for each."""

import json

import pytest

import malformed
from house import run_to_end, topic

PAYLOADS, TOPICS, CONFIGURATIONS = 240, 80, 60  # configurations: of each of three programs


def announce(house):
    """Two healthy sources of a foreign collector, and something in their books."""
    collector = house.collector("other")
    collector.about("pulses", **malformed.FACTS["pulses/about"][0])
    collector.about("watts", **malformed.FACTS["watts/about"][0])
    now = house.clock.ms()
    for i in range(3):
        t = now - 120000 + i * 60000
        collector.record(
            "pulses", t, pulses=1234500 + i * 60, mark="minute", off_peak=None, peak=None
        )
        collector.record("watts", t, wh=812345000 + i * 400)
    collector.flush()


def test_each_malformed_message_is_refused_with_a_reason_and_counted(house, seeded):
    watcher = house.watch("health", "zone/+/energy_kwh", "status")
    aggregator = house.aggregator(publish_ms=0)
    watcher.wait(topic("status"), "online")
    announce(house)
    energies = {"global": 9.6, "self": 0.8}
    for zone, energy in energies.items():
        watcher.wait(topic(f"zone/{zone}/energy_kwh"), energy)

    wrong = [malformed.payload_spoilt(seeded) for _ in range(PAYLOADS)]
    wrong = [(f"collector/other/{rest}", payload) for rest, payload in wrong]
    wrong += [malformed.topic_spoilt(seeded) for _ in range(TOPICS)]
    seeded.shuffle(wrong)
    for count, (rest, payload) in enumerate(wrong, 1):
        print(count, rest, payload[:200])
        watcher.publish(topic(rest), payload, qos=0)
        health = watcher.wait(topic("health"), lambda health: health["rejected"] >= count)
        assert health["rejected"] == count
        shown = "".join(
            each if " " <= each <= "~" else "?" * len(each.encode()) for each in topic(rest)
        )
        assert health["last_rejected"]["topic"] == shown
        assert health["last_rejected"]["reason"]
    assert aggregator.running
    assert watcher.value(topic("health"))["accepted"] == 6
    for zone, energy in energies.items():
        assert watcher.value(topic(f"zone/{zone}/energy_kwh")) == energy


METER = {
    "site": "lycee",
    "collector": "compteur",
    "broker": {"host": "localhost", "port": 1883, "user": "compteur", "keepalive_s": 30},
    "sources": [
        {
            "source": "global",
            "zone": "global",
            "label": "Global",
            "medium": "electricity",
            "role": "main",
            "nominal_w": 480000,
            "wh_per_pulse": 80,
            "min_on_ms": 20,
            "pulse": {"chip": "pinctrl-bcm2711", "offset": 17, "bias": "pull-up"},
            "top": {"line": "GPIO27", "active_low": True},
        }
    ],
}

PAC = {
    "site": "lycee",
    "collector": "pac",
    "broker": {"host": "localhost", "port": 1883, "tls": False},
    "poll_ms": 500,
    "record_s": 10,
    "timeout_ms": 1000,
    "meters": [
        {"source": "self", "host": "10.0.0.11", "port": 502, "unit": 1, "label": "Self", "max_w": 90000},
        {"source": "sti-nord", "host": "10.0.0.12", "profile": "pac4200", "role": "part", "max_w": 90000},
    ],
}

AGGREGATOR = {
    "site": "lycee",
    "broker": {"host": "localhost", "protocol": "5"},
    "timezone": "Europe/Paris",
    "currency": "EUR",
    "vat_included": True,
    "rest_label": "Reste",
    "leaves": True,
    "publish_ms": 500,
    "stale_s": {"pulse": 150, "pac": 5},
    "tariff": {
        "calendars": [{"from": "2013-01-01", "off_peak": ["22:00-06:00"], "peak": ["08:00-10:00"]}],
        "prices": [
            {"from": "2013-01-01", "P": 0.18, "HPH": 0.09, "HCH": 0.05, "HPE": 0.05, "HCE": 0.03},
            {"from": "2014-01-01", "P": 0.19, "HPH": 0.1, "HCH": 0.06, "HPE": 0.05, "HCE": 0.03},
        ],
    },
}

OF_ALL = [
    (("site",), "Lycée"),
    (("site",), ""),
    (("site",), "s" * 33),
    (("broker", "port"), 0),
    (("broker", "port"), 70000),
    (("broker", "port"), 1883.5),
    (("broker", "host"), ""),
    (("broker", "base"), "/wattzone"),
    (("broker", "base"), "watt#zone"),
    (("broker", "protocol"), "4"),
    (("broker", "keepalive_s"), -5),
    (("broker", "password_file"), "/nonexistent/password"),
    (("broker", "certificate_file"), "/nonexistent/certificate"),
    (("broker", "insecure"), True),
]

PROGRAMS = {
    "collector-meter": (
        METER,
        [
            (("collector",), "Compteur"),
            (("sources",), []),
            (("sources", 0, "source"), "a/b"),
            (("sources", 0, "wh_per_pulse"), 0),
            (("sources", 0, "wh_per_pulse"), -80),
            (("sources", 0, "m3_per_pulse"), 0.1),
            (("sources", 0, "nominal_w"), -1),
            (("sources", 0, "role"), "boss"),
            (("sources", 0, "min_on_ms"), -1),
            (("sources", 0, "pulse", "bias"), "up"),
            (("sources", 0, "pulse", "offset"), -2),
            (("sources", 0, "pulse", "line"), "GPIO17"),
        ],
        [
            ("site",),
            ("collector",),
            ("sources",),
            ("sources", 0, "source"),
            ("sources", 0, "pulse"),
            ("sources", 0, "wh_per_pulse"),
            ("sources", 0, "pulse", "chip"),
            ("sources", 0, "top", "line"),
        ],
    ),
    "collector-pac": (
        PAC,
        [
            (("collector",), "PAC"),
            (("meters",), []),
            (("meters", 1, "source"), "self"),
            (("meters", 0, "host"), ""),
            (("meters", 0, "port"), 0),
            (("meters", 0, "unit"), 256),
            (("meters", 0, "profile"), "pac3201"),
            (("meters", 0, "profile"), "/nonexistent.json"),
            (("meters", 0, "nominal_w"), 0),
            (("meters", 0, "label"), "x" * 65),
            (("meters", 0, "role"), "whole"),
            (("poll_ms",), 1),
            (("record_s",), 0),
            (("timeout_ms",), 10**9),
        ],
        [("site",), ("collector",), ("meters",), ("meters", 0, "source"), ("meters", 1, "host")],
    ),
    "aggregator": (
        AGGREGATOR,
        [
            (("timezone",), "Europe/Pariss"),
            (("timezone",), "../../etc/passwd"),
            (("currency",), "euro"),
            (("rest_label",), ""),
            (("publish_ms",), -1),
            (("stale_s", "pac"), 0),
            (("tariff", "calendars"), []),
            (("tariff", "calendars", 0, "from"), "2013-13-01"),
            (("tariff", "calendars", 0, "off_peak"), ["22:00-24:30"]),
            (("tariff", "calendars", 0, "peak"), ["05:00-07:00"]),
            (("tariff", "prices", 1, "from"), "2012-01-01"),
            (("tariff", "prices", 0, "P"), 1.123456789),
            (("tariff", "prices", 0, "P"), 10**6),
            (("tariff", "prices", 0, "HPH"), "0.09"),
        ],
        [("site",), ("tariff", "calendars", 0, "peak"), ("tariff", "prices", 0, "HCE")],
    ),
}


def refuses(name, file, *options):
    """The reason, in one line that names the file."""
    ended = run_to_end(name, *options, "--config", file)
    assert (ended.returncode, ended.stdout) == (78, ""), ended.stderr
    assert ended.stderr.count("\n") == 1 and str(file) in ended.stderr, ended.stderr
    return ended.stderr


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_malformed_configuration_is_refused_in_one_line_that_names_the_file(
    name, seeded, tmp_path
):
    good, wrong, required = PROGRAMS[name]
    file = tmp_path / "good.json"
    file.write_text(json.dumps(good))
    ended = run_to_end(name, "--check", "--config", file)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{file}: valid\n", "")

    for i in range(CONFIGURATIONS):
        file = tmp_path / f"bad-{i}.json"
        file.write_bytes(malformed.configuration_spoilt(seeded, good, wrong + OF_ALL, required))
        print(file.name, file.read_bytes()[:2000])
        assert refuses(name, file) == refuses(name, file, "--check")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_configuration_that_cannot_be_read_is_refused_likewise(name, tmp_path):
    empty = tmp_path / "empty.json"
    empty.touch()
    for file in (tmp_path / "nothing.json", tmp_path, empty):
        refuses(name, file)
