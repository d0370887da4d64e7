"""Payloads, topics and configurations that are wrong: from good ones, by a seeded generator."""

import copy
import json

NOW_LIMIT = 253402300799999  # the last millisecond of the year 9999
TEXT_64 = "é" * 32

WRONG_TIMES = [None, -1, 1.5, "now", True, [], NOW_LIMIT + 1, NOW_LIMIT, 10**30]
WRONG_IDS = [None, "", "Self", "-self", "a/b", "a b", "s" * 33, "été", "#", 7, ["self"]]
WRONG_INDICES = [-1, "5", True, {}, 10**16]
WRONG_STREAMS = [None, "", "9f3c", "9F3C00112233445566"[:16], "z" * 16, "0" * 17, 16]
WRONG_POSITIVES = [0, -80, "80", True, [80]]

STREAM = "9f3c001122334455"

# Good messages of collectors, and for each field wrong values; None is "missing", too.
RECORD = {"t": 1764000000123, "stream": STREAM, "seq": 8812}
WRONG_RECORD = {"t": WRONG_TIMES, "stream": WRONG_STREAMS, "seq": [None, 0, -1, 1.5, "8", 10**30], "prev": [-1, 8812, 0.5, "1", True]}

FACTS = {
    "pulses/record": (
        {**RECORD, "pulses": 1234567, "mark": "minute", "off_peak": False, "peak": True},
        {
            **WRONG_RECORD,
            "pulses": [None, 1.5, *WRONG_INDICES],
            "mark": [None, "", "top", "TOP10", 10],
            "off_peak": [0, "no", []],
            "peak": [1, "yes", {}],
            "blind_ms": [-1, 0.5, "1"],
            "lost": [-1, 0.5, "1"],
            "lost_possible": [0, "yes", {}],
            "index_set": [
                5,
                {},
                {"from": -1, "to": 1234567, "by": "anna"},
                {"from": 5, "to": 6, "by": "anna"},
                {"from": 5, "to": 1234567, "by": ""},
                {"from": 5, "to": 1234567},
            ],
            "wh": [5],
        },
    ),
    "watts/record": (
        {**RECORD, "wh": 812345678.25},
        {
            **WRONG_RECORD,
            "wh": [None, 9.1e12, *WRONG_INDICES],
            "pulses": [5],
            "index_set": [{"from": 5, "to": 6, "by": "anna"}],
        },
    ),
    "pulses/live": (
        {"t": 1764000000123, "pulses": 1234567, "interval_us": 612400},
        {
            "t": WRONG_TIMES,
            "pulses": [None, 1.5, *WRONG_INDICES],
            "interval_us": WRONG_POSITIVES,
            "power_w": [5],
        },
    ),
    "watts/live": (
        {"t": 1764000000123, "power_w": 48210.5, "wh": 812345678.25},
        {
            "t": WRONG_TIMES,
            "power_w": ["1", True, {}],
            "wh": [9.1e12, *WRONG_INDICES],
            "pulses": [5],
        },
    ),
    "pulses/about": (
        {
            "kind": "pulse",
            "medium": "electricity",
            "zone": "global",
            "label": "Global",
            "nominal_w": 480000,
            "role": "main",
            "wh_per_pulse": 80,
        },
        {
            "kind": [*WRONG_IDS, "pac3200"],
            "medium": WRONG_IDS,
            "zone": [*WRONG_IDS, "rest"],
            "label": ["", 5, "a\u0001b", TEXT_64 + "x", {}],
            "nominal_w": WRONG_POSITIVES,
            "role": [None, "", "boss", 1],
            "wh_per_pulse": [None, *WRONG_POSITIVES],
            "m3_per_pulse": [0.1, *WRONG_POSITIVES],
            "kwh_per_m3": [11.2, *WRONG_POSITIVES],
        },
    ),
    "watts/about": (
        {"kind": "pac3200", "medium": "electricity", "zone": "self", "role": "part"},
        {
            "kind": [*WRONG_IDS, "pulse"],
            "medium": WRONG_IDS,
            "zone": [*WRONG_IDS, "rest"],
            "label": ["", 5, "a\u0001b", TEXT_64 + "x", {}],
            "nominal_w": WRONG_POSITIVES,
            "role": [None, "", "main", 1],
            "wh_per_pulse": [80],
            "m3_per_pulse": [0.1],
        },
    ),
}

WRONG_STATUS = [
    b"on",
    b"ONLINE",
    b"online ",
    b'"online"',
    b"1",
    b"\0",
    b"offline\n",
    b"null",
    b"\xff",
]

WRONG_LEVELS = ["", "Pac", "-pac", "p" * 33, "p p", "été", "p_c", "$pac", "p\u2028c", "p.c", "😀"]
WRONG_LEAVES = ["", "lives", "Record", "state", "about ", "set", "status/x", "ack/1/2"]


def without(value, field):
    return {name: each for name, each in value.items() if name != field}


def text_spoilt(random, good):
    """The text of an object, made unreadable; `good` as JSON text."""
    text = good.encode()
    at = random.randrange(1, len(text))
    name = text[1 : text.index(b":") + 1]
    return random.choice(
        [
            lambda: text[:at],
            lambda: text + random.choice([b"}", b"x", b"{}", b"\0", b"\n1"]),
            lambda: b"[" + text + b"]",
            lambda: b"[" * random.choice([1, 100, 5000]),
            lambda: b'{"a":' * 3000,
            lambda: random.choice([b"null", b"1", b'"x"', b"true", b" ", b"\xef\xbb\xbf{}"]),
            lambda: b"{" + name + b"1," + text[1:],  # a member twice
            lambda: text[:-1]
            + b',"x":'
            + random.choice([b"NaN", b"Infinity", b"01", b"1e999"])
            + b"}",
            lambda: text[:-1] + b',"x":"\xc3\x28"}',
            lambda: text[:-1] + b",}",
            lambda: bytes([random.choice(b"\0\x7f\xff<x")])
            + random.randbytes(random.randrange(2000)),
        ]
    )()


def payload_spoilt(random):
    """(topic below the collector, payload): what no consumer may accept."""
    kind = random.choice([*FACTS, "status", "pulses/status", "about"])
    if kind.endswith("status"):
        return kind, random.choice(WRONG_STATUS)
    if kind == "about":
        return kind, text_spoilt(random, '{"program":"other","version":"1"}')
    good, wrong = FACTS[kind]
    if random.random() < 0.3:
        return kind, text_spoilt(random, json.dumps(good))
    field = random.choice([*wrong])
    value = random.choice(wrong[field])
    if value is None and random.random() < 0.5:
        return kind, json.dumps(without(good, field)).encode()
    return kind, json.dumps({**good, field: value}).encode()


def topic_spoilt(random):
    """(topic below the site, payload): good facts where none may be."""
    kind = random.choice([*FACTS])
    source, leaf = kind.split("/")
    levels = ["collector", "other", source, leaf]
    change = random.randrange(4)
    if change < 2:
        levels[change + 1] = random.choice(WRONG_LEVELS)
    elif change == 2:
        levels[3] = random.choice(WRONG_LEAVES)
    else:
        levels.insert(random.randrange(3, 5), random.choice(["extra", "live", ""]))
    return "/".join(levels), json.dumps(FACTS[kind][0])


# -------- configurations --------


def paths(value, path=()):
    """The path of every member and element, outermost first."""
    items = enumerate(value) if isinstance(value, list) else value.items()
    for key, each in items:
        yield (*path, key)
        if isinstance(each, (dict, list)):
            yield from paths(each, (*path, key))


def holder(value, path):
    for key in path[:-1]:
        value = value[key]
    return value


def misspelt(random, word):
    at = random.randrange(len(word))
    return word[:at] + random.choice(["z", "zz", "_Z"]) + word[at:]


def field_spoilt(random, good):
    """A good configuration with one member misspelt, of a wrong type, or too many."""
    bad = copy.deepcopy(good)
    path = random.choice([*paths(bad)])
    inside, key = holder(bad, path), path[-1]
    change = random.choice(["type", "name", "extra"])
    if isinstance(inside, list) or change == "type":
        # No member of any program is an array of arrays.
        inside[key] = 7 if isinstance(inside[key], (dict, list)) else [[]]
    elif change == "name":
        inside[misspelt(random, key)] = inside.pop(key)
    else:
        inside[misspelt(random, key)] = inside[key]
    return json.dumps(bad).encode()


def configuration_spoilt(random, good, wrong, required):
    """`wrong` are (path, value) that are out of range, `required` paths that must not miss."""
    change = random.randrange(4)
    if change == 0:
        return text_spoilt(random, json.dumps(good))
    if change == 1:
        return field_spoilt(random, good)
    bad = copy.deepcopy(good)
    if change == 2:
        path, value = random.choice(wrong)
        holder(bad, path)[path[-1]] = value
    else:
        path = random.choice(required)
        del holder(bad, path)[path[-1]]
    return json.dumps(bad).encode()
