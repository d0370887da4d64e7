"""Profiles of models of many kinds, read from a Modbus server that is not ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from house import BUILD
from program import Program

# The registers of power and index, as the tests of tests/unit/collector-pac/profiles have them.
MODELS = {
    "sdm630": (["34=c52b,e800", "48=47c0,e6c0"], "power -2750.5 W, index 98765500 Wh"),
    "em340": (["28=cfc7,ffff", "34=d687,0012"], "power -1234.5 W, index 123456700 Wh"),
    "b23": (["5b14=ffe1,4b42", "5000=0,0,306b,694e"], "power -20123.5 W, index 8123456780 Wh"),
    "iem3155": (["bf3=4240,d78d", "c83=0,0,306b,694e"], "index 812345678 Wh"),
    "countis-e34": (["c568=ffff,ed2b", "c702=4d7,8a87"], "power -48210 W, index 812345670 Wh"),
    "sunspec-inverter": (["9c93=12d5,1", "9c9d=4d7,8a87,1"], "power 48210 W, index 812345670 Wh"),
    "shelly-pro-3em": (["3f5=ac00,c596", "48a=e880,4af7"], "power -4821.5 W, index 8123456 Wh"),
}


@pytest.mark.parametrize("profile", MODELS)
def test_power_and_index_of_a_model_are_read_with_its_profile(tmp_path, profile):
    registers, expected = MODELS[profile]
    server = Path(__file__).with_name("foreign_meter.py")
    meter = Program(tmp_path, [sys.executable, server] + [f"--set={each}" for each in registers])
    meter.wait_out(lambda text: text.strip() or not meter.running)
    argv = [BUILD / "collector-pac", "--probe", f"127.0.0.1:{int(meter.out)}", "--profile", profile]
    read = subprocess.run(argv, capture_output=True, text=True)
    meter.kill()
    assert expected in read.stdout, read.stdout + read.stderr
    assert read.returncode == 0
