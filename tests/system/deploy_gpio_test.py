"""deploy/gpio: what it does to a machine, by programs that write down what they are asked."""

import os
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy/gpio"
RULES = "60-wattzone-gpio.rules"

# A machine in a folder: its users and groups are lines of files.
PROGRAMS = {
    "getent": 'grep "^$2\\b" "$MACHINE/$1"',
    "groupadd": 'echo "groupadd $*" >>"$MACHINE/asked"; echo "$2" >>"$MACHINE/group"',
    "id": 'cat "$MACHINE/groups-of-$2"',
    "usermod": 'echo "usermod $*" >>"$MACHINE/asked"; echo " $3" >>"$MACHINE/groups-of-$4"',
    "udevadm": 'echo "udevadm $*" >>"$MACHINE/asked"; [ ! -e "$MACHINE/no-udev" ]',
    "find": 'case $* in */dev*-maxdepth*) cat "$MACHINE/chips" ;; *) cat "$MACHINE/wrong" ;; esac',
}


class Machine:
    def __init__(self, folder):
        self.folder = folder
        self.rules = folder / "rules.d"
        self.rules.mkdir()
        (folder / "bin").mkdir()
        for name, text in PROGRAMS.items():
            program = folder / "bin" / name
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
        self.write(passwd="poste\nroot\n", group="root\n", chips="", wrong="", asked="")
        self.write(**{"groups-of-poste": "poste", "groups-of-root": "root"})

    def write(self, **files):
        for name, text in files.items():
            (self.folder / name).write_text(text)

    @property
    def asked(self):
        return (self.folder / "asked").read_text().splitlines()

    def install(self, *words):
        environment = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "MACHINE": str(self.folder),
            "UDEV": str(self.rules),
        }
        argv = [DEPLOY / "install", *words]
        return subprocess.run(argv, env=environment, capture_output=True, text=True)


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


CHANGES = ("groupadd", "usermod")


def test_the_group_the_rule_and_the_user_are_made_and_udev_reloads(machine):
    machine.write(chips="/dev/gpiochip0\n/dev/gpiochip1\n")
    done = machine.install("poste")
    assert done.returncode == 0, done.stderr
    assert machine.asked == [
        "groupadd --system gpio",
        "usermod --append --groups gpio poste",
        "udevadm control --ping --timeout=10",
        "udevadm control --reload",
        "udevadm trigger --subsystem-match=gpio --settle",
    ]
    assert (machine.rules / RULES).read_text() == (DEPLOY / RULES).read_text()
    assert (machine.rules / RULES).stat().st_mode & 0o777 == 0o644
    assert os.listdir(machine.rules) == [RULES]
    assert "the group gpio may use /dev/gpiochip0 /dev/gpiochip1" in done.stdout


def test_a_second_time_it_changes_nothing(machine):
    machine.install("poste")
    before = (machine.rules / RULES).stat().st_mtime_ns
    machine.write(asked="")
    done = machine.install("poste")
    assert done.returncode == 0
    assert not [line for line in machine.asked if line.startswith(CHANGES)]
    assert (machine.rules / RULES).stat().st_mtime_ns == before
    assert done.stdout == "install: this machine has no GPIO chip at present; the rule applies to the next one\n"


def test_an_older_rule_is_replaced_and_a_group_that_is_there_stays(machine):
    machine.write(group="root\ngpio\n")
    (machine.rules / RULES).write_text("# older\n")
    assert machine.install().returncode == 0
    assert (machine.rules / RULES).read_text() == (DEPLOY / RULES).read_text()
    assert not [line for line in machine.asked if line.startswith(CHANGES)]


def test_without_udev_the_rule_waits_for_the_next_start(machine):
    (machine.folder / "no-udev").touch()
    done = machine.install()
    assert done.returncode == 0 and "at the next start of the machine" in done.stdout
    assert machine.asked[-1].startswith("udevadm control --ping")


def test_a_rule_that_undoes_it_is_found(machine):
    machine.write(chips="/dev/gpiochip0\n", wrong="/dev/gpiochip0\n")
    done = machine.install()
    assert done.returncode == 1
    assert "/dev/gpiochip0: not in the group gpio; another rule" in done.stderr


@pytest.mark.parametrize(
    "word, reason",
    [("--help", "usage: deploy/gpio/install [USER]..."), ("anna", 'there is no user "anna"')],
)
def test_wrong_words_change_nothing(machine, word, reason):
    done = machine.install("poste", word)
    assert done.returncode == 1 and reason in done.stderr
    assert machine.asked == [] and os.listdir(machine.rules) == []


def test_without_permission_or_udev_nothing_is_done(machine):
    machine.rules.rmdir()
    done = machine.install()
    assert done.returncode == 1 and "this machine has no udev" in done.stderr
    assert machine.asked == []


def test_the_rule_is_one_that_udev_understands():
    """Nothing but matches and assignments, the group that Raspberry Pi OS has."""
    lines = [each for each in (DEPLOY / RULES).read_text().splitlines() if each[0] != "#"]
    assert lines == [
        'SUBSYSTEM=="gpio", KERNEL=="gpiochip[0-9]*", GROUP="gpio", MODE="0660"'
    ]
