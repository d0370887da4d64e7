#!/bin/sh
# A Modbus server that wattzone did not write stands in for a meter: collector-pac reads the same
# values from it, by every built-in profile. PYTHON names an interpreter that has pymodbus.
set -eu

build=${BUILD:-build}
python=${PYTHON:-python3}
here=$(dirname "$0")
work=$(mktemp -d)
meter=

tidy()
{
	[ -z "$meter" ] || kill "$meter" 2>/dev/null || true
	rm -rf "$work"
}
trap tidy EXIT

if ! "$python" -c 'import pymodbus.server' 2>/dev/null; then
	echo 'foreign_meter: skipped, pymodbus is not installed (apt install python3-pymodbus)'
	exit 0
fi

"$python" "$here/foreign_meter.py" --power 48210.5 --energy 812345678.25 \
	>"$work/port" 2>"$work/log" &
meter=$!
while [ ! -s "$work/port" ]; do
	kill -0 "$meter" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
	sleep 0.05
done
port=$(cat "$work/port")

for profile in $("$build/collector-pac" --profiles | cut -d ' ' -f 1); do
	"$build/collector-pac" --probe "127.0.0.1:$port" --profile "$profile" >"$work/values"
	if ! grep -q '^Would be published: power 48210.5 W, index 812345678.25 Wh$' "$work/values"
	then
		cat "$work/values"
		echo "foreign_meter: $profile does not read what pymodbus serves" >&2
		exit 1
	fi
	echo "foreign_meter: $profile reads 48210.5 W and 812345678.25 Wh from pymodbus"
done
