"""A private mosquitto."""

import subprocess

from patience import until
from port import port_free, port_open
from program import Program

# As root, mosquitto would become another user, who cannot read the test's files.
CONFIGURATION = """\
user root
listener {port} 127.0.0.1
max_queued_messages 100000
set_tcp_nodelay true
log_dest stderr
"""


class Broker:
    """`users` (name -> password) and `access` (lines of an ACL file) restrict it; its state is in the
    folder `persistence`, if that is given; `lines` are added to its configuration."""

    def __init__(self, folder, users=None, access=None, persistence=None, lines=()):
        self.folder = folder
        self.port = port_free()
        self.programs = []
        lines = [CONFIGURATION.format(port=self.port), *lines]
        if persistence:
            lines += ["persistence true", f"persistence_location {persistence}/"]
        if users is None:
            lines.append("allow_anonymous true")
        else:
            lines.append(f"password_file {self._passwords(users)}")
        if access:
            (folder / "access").write_text("\n".join(access) + "\n")
            lines.append(f"acl_file {folder / 'access'}")
        self.file = folder / "mosquitto.conf"
        self.file.write_text("\n".join(lines) + "\n")
        self.start()

    def _passwords(self, users):
        file = self.folder / "passwords"
        file.touch(mode=0o600)
        for name, password in users.items():
            subprocess.run(["mosquitto_passwd", "-b", file, name, password], check=True)
        return file

    def start(self, environment=None):
        argv = ["/usr/sbin/mosquitto", "-c", self.file]
        program = Program(self.folder, argv, environment)
        self.programs.append(program)
        until(lambda: port_open(self.port) or not program.running, 20, "open port of mosquitto")
        assert program.running, program.err

    def kill(self):
        self.programs[-1].kill()
