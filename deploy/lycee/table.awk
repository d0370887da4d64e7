# Reads lines "TOPIC JSON" of mosquitto_sub -v and prints a table of the zones. On a terminal it
# overwrites the previous table, which had `drawn` lines.

# The value of a key of a flat JSON object, as text; "" for null.
function field(name,    at) {
	at = index($0, "\"" name "\":")
	if (!at)
		return ""
	rest = substr($0, at + length(name) + 3)
	sub(/^ */, "", rest)
	if (substr(rest, 1, 1) == "\"") {
		rest = substr(rest, 2)
		return substr(rest, 1, index(rest, "\"") - 1)
	}
	sub(/[,}].*/, "", rest)
	return rest == "null" ? "" : rest
}

# `value` times `factor` with `decimals`, or a dash if it is not known.
function shown(value, factor, decimals) {
	return value == "" ? "-" : sprintf("%." decimals "f", value * factor)
}

function line(text) {
	print text (terminal ? "\033[K" : "")
}

{
	topic = $1
	count = split(topic, level, "/")
}

topic ~ /\/zone\/[^\/]*\/status$/ {
	status[level[4]] = $2
}

topic ~ /\/zone\/[^\/]*\/state$/ {
	zone = level[4]
	label[zone] = field("label")
	row[zone] = sprintf("%9s %6s %9s %10s %10s %9s  %s", shown(field("power_w"), 0.001, 2),
		shown(field("load_pct"), 1, 1), shown(field("power_10m_w"), 0.001, 2),
		shown(field("energy_day_kwh"), 1, 2), shown(field("cost_day"), 1, 2),
		shown(field("cost_hour"), 1, 2), field("quality"))
	power[zone] = field("power_w") + 0
	at = field("time")
	sub(/.*T/, "", at)
	if (substr(at, 1, 8) > clock)
		clock = substr(at, 1, 8)
}

topic ~ /\/tariff\/state$/ {
	tariff = sprintf("band %s at %s %s a kWh, by %s, then %s", field("band"),
		field("price_kwh"), field("currency"), field("by"), field("next_band"))
}

topic ~ /\/demand\/state$/ {
	demand = sprintf("10-minute window: projected %s kW of %s kW subscribed%s",
		shown(field("projected_w"), 0.001, 1), shown(field("subscribed_w"), 0.001, 0),
		field("alarm") == "true" ? ", ALARM" : "")
}

# Global first, rest last, the others by name.
function before(a, b) {
	if (a == "global" || b == "rest")
		return a != b
	if (b == "global" || a == "rest")
		return 0
	return a < b
}

END {
	if (terminal && drawn)
		printf "\033[%dA", drawn
	line(sprintf("%-20s %-8s %9s %6s %9s %10s %10s %9s  %s", clock, "", "kW", "load %", "10 min kW",
		"today kWh", "today EUR", "EUR/h", "quality"))
	for (zone in row)
		order[++zones] = zone
	for (i = 2; i <= zones; i++)
		for (j = i; j > 1 && before(order[j], order[j - 1]); j--) {
			swap = order[j]
			order[j] = order[j - 1]
			order[j - 1] = swap
		}
	for (i = 1; i <= zones; i++)
		line(sprintf("%-20s %-8s %s", label[order[i]], status[order[i]], row[order[i]]))
	if (!zones)
		line("no zone yet")
	if (tariff)
		line(tariff)
	if (demand)
		line(demand)
	if (terminal)
		printf "\033[J"
	else
		print ""
}
