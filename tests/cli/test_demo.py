"""The demo, against a real server: its commands in this process, so that they are quick."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from cli.conftest import Ran
from cli.crew import Person
from web.serving import Server

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"

AWFUL_TASK = (
    '{"data":{"type":"Task","id":null,"attributes":{"name":"Awful Task","estimated_time":"3 2:20:10","description":'
    '"This is awesome, as tasks go.","start":"2018-06-12T17:48:34+03:00","end":"2018-12-12T17:48:34+03:00",'
    '"timing_rule":"RRULE:FREQ=DAILY;INTERVAL=10;COUNT=50","total_submission_target":1000,"user_submission_target":5,'
    '"status":"d","target_id":1,"target_content_type":15,"client":{"type":"Client","id":"1"},'
    '"locations":[{"type":"Location","id":"1"}]}}}'
)


@dataclass
class Demo:
    """The demo, and how its commands ended."""

    module: ModuleType
    codes: list[int] = field(default_factory=list)
    out: str = ""
    err: str = ""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"ROTA_DURABILITY": "normal"}
    if request.param == "postgres":
        settings["ROTA_DATABASE_URL"] = request.getfixturevalue("lasting_postgres_url")
    server = Server(tmp_path_factory.mktemp("demo") / "data", workers=1, **settings)
    yield server
    server.kill()


@pytest.fixture
def demo(rota: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> Demo:
    spec = importlib.util.spec_from_file_location("demo", DEMO)
    assert spec and spec.loader
    demo = Demo(importlib.util.module_from_spec(spec))
    spec.loader.exec_module(demo.module)

    def run(*words: str, environ: dict[str, str]) -> str:
        monkeypatch.setenv("ROTA_TOKEN", environ["ROTA_TOKEN"])
        ran = rota(*words)
        demo.codes.append(ran.code)
        demo.out += ran.out
        demo.err += ran.err
        return ran.out

    monkeypatch.setattr(demo.module, "rota", run)
    return demo


def test_the_demo_of_the_desk(demo: Demo, hire: Callable[..., Person], sit_down: Callable[[Person], None]) -> None:
    sit_down(hire())
    demo.module.run_desk(dict(os.environ))
    assert [code for code in demo.codes if code] == [1]  # the batch, of which one row is wrong
    assert "Task completed. Task" in demo.err


def test_the_demo_of_bulk_jobs(demo: Demo, server: Server, sit_down: Callable[[Person], None]) -> None:
    sit_down(Person("admin@localhost", server.account, server.token))
    demo.module.run_bulk_job(dict(os.environ))
    assert demo.codes == [0, 1, 0, 0, 0]  # the job has rows that fail
    assert "success" in demo.out


def test_the_demo_of_the_field(demo: Demo, server: Server, sit_down: Callable[[Person], None]) -> None:
    assert demo.module.AWFUL_TASK == AWFUL_TASK
    sit_down(Person("admin@localhost", server.account, server.token))
    demo.module.run_field(dict(os.environ))
    assert [code for code in demo.codes if code] == [1]  # the answer from elsewhere
    assert "submission 2 is rejected: Submitted from wrong location." in demo.err
    assert "submission 1 is approved, for 400000.00 KES." in demo.err
    told = dict(line.split(maxsplit=1) for line in demo.out.splitlines() if line.startswith(("total_", "approved_")))
    assert (told["total_bounty_payout"], told["approved_submissions_count"]) == ("400000.00 KES", "1")
    people = [line.split("\t") for line in demo.out.splitlines() if line.startswith("wanjiru@example.org\t")]
    assert [(cells[4], cells[5], cells[6], cells[8]) for cells in people] == [("2", "1", "1", "400000.00 KES")]
