"""How the programs are called, how they end, and what gets installed."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from house import BUILD, run_to_end
from port import port_free

PROGRAMS = ["collector-meter", "collector-pac", "aggregator"]
OPTIONS = ["--help", "--version", "--check", "--config", "--verbose"]
ROOT = Path(__file__).parents[2]

every_program = pytest.mark.parametrize("name", PROGRAMS)


@every_program
def test_help_names_every_option_and_the_manual_page(name):
    ended = run_to_end(name, "--help")
    assert (ended.returncode, ended.stderr) == (0, "")
    for option in OPTIONS:
        assert re.search(rf"^  {option}\b", ended.stdout, re.MULTILINE), option
    assert f"{name}(8)" in ended.stdout
    page = (ROOT / name / f"{name}.8").read_text()
    for option in re.findall(r"^  --([a-z]+)", ended.stdout, re.MULTILINE):
        assert f"-{option}" in page.replace("\\-", "-"), f"{option} is not in the manual page"


@every_program
def test_version_is_that_of_the_repository(name):
    version = re.search(r"^VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    ended = run_to_end(name, "--version")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{name} {version[1]}\n", "")


@every_program
@pytest.mark.parametrize("words", [["--chekc"], ["stray"], ["--config"], ["--check=yes"], ["-x"]])
def test_a_wrong_option_is_reported_in_one_line(name, words):
    ended = run_to_end(name, *words)
    assert (ended.returncode, ended.stdout) == (64, "")
    assert ended.stderr.startswith(f"{name}: ") and ended.stderr.count("\n") == 1, ended.stderr
    assert "--help" in ended.stderr


@every_program
def test_the_example_configuration_is_valid(name, tmp_path):
    """Where the files that it names are there."""
    example = json.loads((ROOT / name / "example.json").read_text())
    for field in set(example["broker"]) & {"password_file", "ca_file"}:
        example["broker"][field] = str(tmp_path / field)
        (tmp_path / field).write_text("dipole\n")
    file = tmp_path / "example.json"
    file.write_text(json.dumps(example))
    ended = run_to_end(name, "--check", "--config", file)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{file}: valid\n", "")


SIX_LINES = {
    "collector-meter": {
        "collector": "compteur",
        "sources": [{"source": "global", "wh_per_pulse": 80, "pulse": {}}],
    },
    "collector-pac": {"collector": "pac", "meters": [{"source": "self", "host": "127.0.0.1"}]},
    "aggregator": {},
}


@every_program
def test_without_a_broker_a_program_waits_and_ends_within_a_second_of_sigterm(house, name):
    settings = SIX_LINES[name]
    if name == "collector-meter":
        os.mkfifo(house.folder / "edges")
        settings = {**settings, "replay": str(house.folder / "edges")}
    broker = {"port": port_free()}
    file = house.configuration(name, broker=broker, **settings)
    program = house.run(name, "--verbose", "--config", file)
    program.wait_err(str(broker["port"]))
    assert program.stop(timeout=1) == 0


def test_what_cannot_go_on_ends_with_1_and_the_reason(house):
    edges = house.write("edges", "1358204400.5 global.pulse 1\n1358204400.6 global.pulse on\n")
    program = house.meter("compteur", SIX_LINES["collector-meter"]["sources"], edges)
    assert program.wait() == 1
    assert f"{edges}:2: " in program.err


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Where `make install` put what was built."""
    folder = tmp_path_factory.mktemp("installed")
    argv = [
        "make",
        "-C",
        ROOT,
        "install",
        f"DESTDIR={folder}",
        f"BUILD={os.path.relpath(BUILD, ROOT)}",
    ]
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    subprocess.run(argv, check=True, env=environment, capture_output=True)
    return folder / "usr/local"


def test_install_puts_programs_manual_pages_and_examples_in_place(installed):
    for name in PROGRAMS:
        assert os.access(installed / "bin" / name, os.X_OK)
        assert (installed / f"share/man/man8/{name}.8").is_file()
        json.loads((installed / f"share/doc/wattzone/{name}.json").read_text())
    for page in ("wattzone", "wattzone-topics", "wattzone-guarantees"):
        assert (installed / f"share/man/man7/{page}.7").is_file()
    subprocess.run([installed / "bin/aggregator", "--version"], check=True)
