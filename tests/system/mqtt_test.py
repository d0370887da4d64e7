"""MQTT sessions of common/mqtt with a real broker: the tests of the C programs in mqtt/, one by one."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from patience import PATIENCE

SOURCES = sorted((Path(__file__).parent / "mqtt").glob("*_test.c"))
TESTS = [(source.stem, name) for source in SOURCES
         for name in re.findall(r"\bsession_test\((\w+)\)", source.read_text())]


@pytest.mark.parametrize("program, name", TESTS, ids=[name for _, name in TESTS])
def test_mqtt(program, name):
    file = Path(os.environ["BUILD"]) / "system" / "mqtt" / program
    done = subprocess.run([file, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300 * PATIENCE, check=False)
    print(done.stdout)
    assert done.returncode == 0 and re.search(rf"OK \] {name}$", done.stdout, re.MULTILINE)
