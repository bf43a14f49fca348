"""How the processes of a server hang together: what keeps one waiting, and what it does not outlive."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

from rota.engine.lifeline import Gate
from support import wait_until

FORKING = multiprocessing.get_context("fork")


def pass_through(gate: Gate, mouth: int) -> None:
    gate.approach()
    os.write(mouth, b"a")
    gate.wait()
    os.write(mouth, b"b")


def state(pid: int | None) -> str:
    """S for one that waits, Z for one that has ended."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def test_a_gate_is_passed_once_it_is_open() -> None:
    gate = Gate()
    ear, mouth = os.pipe()
    first = FORKING.Process(target=pass_through, args=(gate, mouth))
    first.start()
    assert os.read(ear, 9) == b"a"
    wait_until(lambda: state(first.pid) in "SZ", "the process at the gate")
    assert state(first.pid) == "S"
    gate.open()
    assert os.read(ear, 9) == b"b"
    first.join()
    later = FORKING.Process(target=pass_through, args=(gate, mouth))
    later.start()
    assert os.read(ear, 1) + os.read(ear, 1) == b"ab"
    later.join()


FAILING = """
import time
from rota.engine.embedded import Supervisor

def ready():
    print(supervisor.children[0].process.pid, flush=True)
    raise ZeroDivisionError

supervisor = Supervisor(log=None, freeze_s=60)
with supervisor.killing():
    supervisor.start("idle", lambda *_: time.sleep(1000))
    supervisor.run(ready=ready, announce=lambda: None)
"""


def test_a_supervisor_that_fails_leaves_nobody_behind() -> None:
    done = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, timeout=60, check=False)
    assert "ZeroDivisionError" in done.stderr
    assert not Path(f"/proc/{int(done.stdout)}").exists()
