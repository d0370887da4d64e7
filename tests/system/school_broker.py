"""A mosquitto with the configuration of a school: Debian's own file, and what deploy/mosquitto
puts beside it. Only paths, the port and the user it runs as are other ones."""

import os
import re
import subprocess
from pathlib import Path

from broker import Broker
from patience import PATIENCE, until
from port import port_free

DEPLOY = Path(__file__).parents[2] / "deploy" / "mosquitto"
DEBIAN = Path("/etc/mosquitto/mosquitto.conf")


class SchoolBroker(Broker):
    """`other` are lines of another file in conf.d."""

    def __init__(self, folder, other=None):
        self.folder = folder
        self.port = port_free()
        self.programs = []
        self.etc = folder / "etc"
        self.database = folder / "lib" / "mosquitto.db"
        self.configuration = self.etc / "conf.d" / "wattzone.conf"
        for each in (self.etc / "conf.d", folder / "lib", folder / "log", folder / "run"):
            each.mkdir(parents=True)
        main = DEBIAN.read_text()
        main = main.replace("/etc/mosquitto", str(self.etc))
        main = re.sub(r"/var/(lib|log)/mosquitto/", rf"{folder}/\1/", main)
        main = re.sub(r"/run/mosquitto/", f"{folder}/run/", main)
        # Debian 13 leaves that to systemd, which is not here.
        main = main.replace("#pid_file", "pid_file")
        # As root, mosquitto would become another user, who cannot read the test's files.
        self.file = self.etc / "mosquitto.conf"
        self.file.write_text(f"user root\n{main}")
        if other:
            (self.etc / "conf.d" / "other.conf").write_text(other)

    # -------- deploy/mosquitto --------

    def _script(self, name, *words):
        environment = {**os.environ, "MOSQUITTO": str(self.etc), "WATTZONE": str(self.folder)}
        return subprocess.run(
            [DEPLOY / name, *words], env=environment, capture_output=True, text=True
        )

    def install(self, *words):
        return self._script("install", *words)

    def user(self, *words):
        """The output of a command, which must succeed."""
        done = self._script("user", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def password(self, name):
        return (self.folder / f"{name}.password").read_text()

    def account(self, name):
        """For a watcher."""
        return {"user": name, "password": self.password(name)}

    def settings(self, name):
        """For the configuration of a program."""
        return {"user": name, "password_file": str(self.folder / f"{name}.password")}

    def open(self, **roles):
        """Installs, adds users (name=role, a collector has "") and starts."""
        done = self.install("--listen", f"{self.port} 127.0.0.1")
        assert done.returncode == 0, done.stderr
        for name, role in roles.items():
            self.user("add", name, *role.split())
        self.start()

    def change(self, option, value):
        """One line of the configuration is another one from the next start on."""
        text = self.configuration.read_text()
        assert f"\n{option} " in text
        self.configuration.write_text(re.sub(rf"(?m)^{option} .*", f"{option} {value}", text))

    # -------- what it does --------

    @property
    def log(self):
        return (self.folder / "log" / "mosquitto.log").read_text()

    def wait_log(self, text):
        until(lambda: text in self.log, 5, lambda: f"{text!r} in the log: {self.log}")

    def wait_saved(self, since):
        """Waits until the database was saved after that."""
        fits = lambda: self.database.exists() and self.database.stat().st_mtime > since
        until(fits, 10, "saved database")

    # -------- what people type --------

    def client(self, name, user, *words, text=None):
        """mosquitto_pub or mosquitto_sub as a user (None: anonymous)."""
        who = ["-u", user, "-P", self.password(user)] if user else []
        return subprocess.run(
            [name, "-h", "127.0.0.1", "-p", str(self.port), *who, *words],
            input=text,
            capture_output=True,
            text=True,
            timeout=60 * PATIENCE,
        )

    def publish(self, user, topic, *words, payload="1"):
        """The reason in MQTT 5's acknowledgement if it is a refusal, else empty."""
        return self.client(
            "mosquitto_pub", user, "-V", "5", "-q", "1", "-t", topic, "-m", payload, *words
        ).stderr
