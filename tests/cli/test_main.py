"""The command as a whole: what it imports, how it ends, and that its page names every command."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.script import Script
from rota.cli.main import SECTIONS, app
from support import trial_environ

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"

HEAVY = (
    "rich",
    "httpx",
    "falcon",
    "psycopg",
    "numpy",
    "argon2",
    "msgspec",
    "structlog",
    "granian",
    "sqlite3",
    "aiosql",
    "dateparser",
    "rota.domain.items",
)


def commands(group: Any, words: tuple[str, ...] = ("rota",)) -> Iterator[tuple[str, Any]]:
    """Every command by its words."""
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            yield from commands(each, (*words, name))
        else:
            yield " ".join((*words, name)), each


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["job", "--help"],
        ["job", "add", "--help"],
        ["token", "create", "-h"],
        ["add", "-h"],
        ["field", "task", "add", "-h"],
    ],
)
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        "from rota.cli.main import main\n"
        f"assert main({words}) == 0\n"
        f"print(sorted(set({HEAVY}) & sys.modules.keys()), file=sys.stderr)\n"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environ, check=True)
    assert done.stderr == "[]\n"
    assert done.stdout.startswith("Usage: rota")


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_a_heading_with_an_example_in_the_docs(words: str) -> None:
    section = re.search(rf"^### `{re.escape(words)}\b[^\n]*\n(.*?)(?=^##|\Z)", DOCS.read_text(), re.M | re.S)
    assert section, f"{DOCS} has no heading for `{words}`"
    assert re.search(rf"^```.*^.*{re.escape(words)}", section[1], re.M | re.S), f"`{words}` has no example"


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_is_in_the_docs(words: str) -> None:
    section = re.search(rf"^### `{re.escape(words)}\b.*?(?=^##|\Z)", DOCS.read_text(), re.M | re.S)
    assert section
    options = {max(each.opts, key=len) for each in COMMANDS[words].params if each.opts[0].startswith("-")}
    shared = {"--json", "--help", "--watch", "--account"}
    assert [each for each in sorted(options - shared) if each not in section[0]] == []


def test_the_docs_name_no_command_that_is_not() -> None:
    named = re.findall(r"^### `(rota [a-z -]+?)(?: [A-Z\[-].*)?`$", DOCS.read_text(), re.M)
    assert set(named) == COMMANDS.keys()


def test_the_help_page_lists_every_command_once() -> None:
    listed = [name for names in SECTIONS.values() for name in names]
    assert sorted(listed) == sorted({words.split()[1] for words in COMMANDS})


def test_every_command_says_what_it_does() -> None:
    assert [words for words, each in COMMANDS.items() if not each.help] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        ([], 2),
        (["nonsense"], 2),
        (["serve", "--port", "x"], 2),
        (["serve", "--port", "65536"], 2),
        (["worker", "--workers", "0"], 2),
        (["user", "add"], 2),
        (["user", "add", "a@x.org", "--role", "king"], 2),
        (["token", "create"], 2),
        (["token", "create", "--email", "a@x.org", "--expires-in", "0"], 2),
        (["job", "add", "skel"], 2),
        (["job", "add", "skel.id1", "not-there.csv"], 2),
        (["job", "add", "skel.id1", "--watch"], 2),
        (["job", "list", "--limit", "0"], 2),
        (["job", "show", ""], 2),
        (["job", "stop", " "], 2),
        (["add"], 2),
        (["add", "x", "-t", "x"], 2),
        (["add", "x", "-p", "nan"], 2),
        (["add", "x", "-d", "-", "-i", "-"], 2),
        (["add", "-b", "not-there.csv"], 2),
        (["add", "-b", ".", "x"], 2),
        (["update"], 2),
        (["update", "1"], 2),
        (["update", "1", "-b", "-"], 2),
        (["delete"], 2),
        (["delete", "1", "-b", "-"], 2),
        (["show", "x"], 2),
        (["list", "-n", "0"], 2),
        (["peek", "-n", "1001"], 2),
        (["done", "perhaps"], 2),
        (["done", "1", "failure"], 2),
        (["login", "--password", "-"], 2),
        (["sudo", "a@x.org"], 2),
        (["sudo", "a@x.org", "serve"], 2),
        (["stats", "nonsense"], 2),
    ],
)
def test_wrong_usage_ends_with_2(rota: Callable[..., Any], words: list[str], code: int) -> None:
    ran = rota(*words)
    assert ran.code == code
    assert "Traceback" not in ran.err
    assert bool(ran.out) == (code == 0)


@pytest.mark.parametrize("words", [["serve"], ["worker"], ["migrate"], ["account", "list"], ["job", "list"]])
def test_bad_settings_are_told_all_at_once(
    rota: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("ROTA_DURABILITY", "maybe")
    monkeypatch.setenv("ROTA_LEASE_S", "soon")
    ran = rota(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "ROTA_DURABILITY is 'maybe'" in ran.err
    assert "ROTA_LEASE_S is 'soon'" in ran.err


def test_serve_hands_its_options_to_the_group(rota: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from rota import group

    handed: list[Any] = []
    monkeypatch.setattr(group, "serve", lambda settings, **words: handed.append((settings.data, words)) or 3)
    monkeypatch.setattr(group, "worker", lambda settings, **words: handed.append((settings.data, words)) or 0)
    assert rota("serve", "--data", "here", "--port", "0", "--workers", "0").code == 3
    assert rota("worker", "--workers", "2").code == 0
    assert rota("serve").code == 3
    cpus = len(os.sched_getaffinity(0))
    data = Path(os.environ["ROTA_DATA"])
    assert handed == [
        (Path("here"), {"host": "127.0.0.1", "port": 0, "workers": 0}),
        (data, {"workers": 2}),
        (data, {"host": "127.0.0.1", "port": 8000, "workers": cpus}),
    ]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_show_is_no_reason_to_break_off(
    script: Script, process: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    title = "\N{PARTY POPPER}"
    script.add("GET", "/tasks", [{"_id": 7, "state": "queued", "title": title}])
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    ran = process("list", "--json")
    assert (ran.code, ran.json[0]["title"]) == (0, title)
    shown = process("list")
    assert (shown.code, shown.err) == (0, "")


def test_a_reader_who_leaves_is_no_error_worth_a_word(begin: Callable[..., Any]) -> None:
    read, write = os.pipe()
    os.close(read)
    running = begin("--help", stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    _, err = running.communicate(timeout=30)
    assert (running.returncode, err) == (1, b"")


@pytest.mark.parametrize("command", [["serve", "--port", "0", "--workers", "0"], ["worker"], ["migrate"]])
def test_a_database_that_is_away_is_a_sentence_and_not_a_traceback(command: list[str], tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://rota:secret@127.0.0.1:{nobody.getsockname()[1]}/rota"
        environ = trial_environ(ROTA_DATABASE_URL=url, ROTA_DATA=str(tmp_path))
        words = [sys.executable, "-c", "from rota.cli.main import run; run()", *command]
        done = subprocess.run(words, env=environ, capture_output=True, text=True, timeout=100, check=False)
    said = "rota: The database of ROTA_DATABASE_URL does not answer: try again once it does.\n"
    assert (done.returncode, done.stdout, done.stderr[-len(said) :]) == (1, "", said)
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr
