"""Runs a command for a limited time and keeps what it printed, however it ends."""
import json
import os
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass

try:
    from ctypes import CDLL

    PRCTL = getattr(CDLL(None), "prctl", None)
except (ImportError, OSError):  # a Python without ctypes, another system
    PRCTL = None
PR_SET_PDEATHSIG = 1


@dataclass
class Finished:
    """How a command ended. `code`: its exit code; negative: the signal that ended it; None: it hangs in a driver, where no signal reaches it."""

    code: "int | None"
    timed_out: bool
    out: str
    err: str

    def ending(self):
        """In words, with the end of what it wrote to stderr."""
        if self.code is None:
            how = "a command that hangs and cannot be killed"
        elif self.timed_out:
            how = "no end within its time"
        else:
            how = f"signal {-self.code}" if self.code < 0 else f"exit code {self.code}"
        return f"{how} {self.err.strip()[-2000:]}".strip()

    def lines(self):
        """Complete lines that begin as an object of JSON: a last one that was cut off is none."""
        return [line for line in self.out.split("\n")[:-1] if line.startswith("{")]

    def objects(self):
        """Those lines read, and those that are no JSON (a message with quotes, `nan`) as they are."""
        read, unreadable = [], []
        for line in self.lines():
            try:
                read.append(json.loads(line))
            except ValueError:
                unreadable.append(line[:1000])
        return read, unreadable

    def programs(self):
        """Names of programs, one for each line that tells of one, whether it can be read or not."""
        return [found[1] for line in self.lines() if (found := re.match(r'\{"program": *"([^"]+)"', line))]


def run(command, limit, environment=None):
    """
    Runs a command for at most `limit` seconds; then it and all that it started are killed.

    @throws OSError if it cannot be started
    """
    # Files, not pipes: a pipe that a surviving child holds open would keep us waiting.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err}
        variables = {**os.environ, **(environment or {})}
        process = subprocess.Popen(list(map(str, command)), start_new_session=True, preexec_fn=die_with_parent, env=variables, **streams)
        timed_out = False
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            kill_group(process)
        return Finished(process.returncode, timed_out, text_of(out), text_of(err))


def die_with_parent():
    """In the child: where a signal kills us that cannot be caught, the system (Linux) ends it, too."""
    if PRCTL:
        PRCTL(PR_SET_PDEATHSIG, int(signal.SIGKILL))


def kill_group(process):
    """A child that outlives its parent would disturb what is timed next."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # nobody is left
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        pass  # `code` None tells of it


def text_of(file):
    file.seek(0)
    return file.read().decode(errors="replace")
