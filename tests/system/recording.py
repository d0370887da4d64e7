"""A recording of two pulse meters with a 10-minute signal and tariff contacts, made by dice."""

SOURCES = [
    {
        "source": "global",
        "role": "main",
        "wh_per_pulse": 80,
        "initial_pulses": 1000,
        "pulse": {},
        "top": {},
        "off_peak": {},
        "peak": {},
    },
    {"source": "gaz", "medium": "gas", "m3_per_pulse": 0.1, "pulse": {}},
]
BEGIN = 1358204400  # 2013-01-15 at midnight in Paris; seconds since 1970


def edges(minutes, dice, begin=BEGIN):
    """A recording: pulses that bounce, 10-minute signals, and contacts that change with
    a signal or by themselves; and how many pulses each meter has."""
    lines, counts = [], {"global": 0, "gaz": 0}

    def level(t, line, width, bounces=0):
        for bounce in range(bounces, 0, -1):
            lines.append((t - 0.008 * bounce, f"{line} 1"))
            lines.append((t - 0.008 * bounce + 0.003, f"{line} 0"))
        lines.append((t, f"{line} 1"))
        lines.append((t + width, f"{line} 0"))

    end = begin + 60 * minutes
    for source, longest in (("global", 2.5), ("gaz", 20)):
        t = begin + 0.5
        while (t := t + dice.uniform(0.4, longest)) < end - 1:
            level(t, f"{source}.pulse", 0.06, dice.randrange(3))
            counts[source] += 1
    for signal in range(begin + 30, end, 600):
        level(signal, "global.top", 0.1)
        level(signal if dice.random() < 0.5 else signal + 7, "global.peak", 300)
        level(signal + dice.uniform(20, 200), "global.off-peak", 100)
    lines = sorted((round(t, 3), line) for t, line in lines)
    text = "".join(f"{t:.3f} {line}\n" for t, line in [(begin, ""), *lines, (end, "")])
    return text, counts
