"""The statement files: each name in both databases, used, and introduced by what it is for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rota
from rota.store import filters, finding, lookups
from rota.store.columns import COLUMNS
from rota.store.port import Store
from rota.store.statements import load

SOURCE = Path(rota.__file__).parent
SQL = SOURCE / "store" / "sql"
FILES = sorted(SQL.glob("*/*.sql"))
DIALECTS = {"sqlite": load("sqlite", "sqlite3"), "postgres": load("postgres", "psycopg")}
TICKETS = set(load("postgres", "psycopg", "tickets")) - set(DIALECTS["postgres"])
ASKED_BY_TESTS = {"events_of_subject", "chunks_of_job"}
LISTS = {f"{collection}_{verb}" for collection in lookups.COLLECTIONS for verb in ("find", "count")}
LONG_LISTS = {f"{collection}_{verb}" for collection in finding.LONG for verb in ("gather", "among")} | {"tasks_passing"}
COUNTED = {each.counted for each in lookups.RELATIONS.values() if each.counted}
EXPORTED = {"submissions_table", "submissions_answers"}
_CALLS = {"one", "all", "value", "run", "batch", "page"}


def called(tree: ast.AST) -> Iterator[str]:
    """The names of statements that a module runs through a `tx`, or pairs with their rows."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant):
            yield from {str(node.elts[0].value)} & set(DIALECTS["sqlite"])
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
            continue
        owner = node.func.value
        if node.func.attr in _CALLS and "tx" in {getattr(owner, "id", None), getattr(owner, "attr", None)}:
            texts = (each.value for each in ast.walk(node.args[0]) if isinstance(each, ast.Constant))
            yield from (text for text in texts if isinstance(text, str))


@pytest.fixture(scope="module")
def used() -> set[str]:
    return {name for path in SOURCE.rglob("*.py") for name in called(ast.parse(path.read_text()))}


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Those whose names stand anywhere in the code; and those that `find` makes of the name of a collection."""
    trees = [ast.parse(path.read_text()) for path in SOURCE.rglob("*.py")]
    texts = {node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str)} | LISTS | LONG_LISTS


def blocks(path: Path) -> dict[str, tuple[list[str], str]]:
    """Comment lines and SQL of each statement in a file."""
    found = {}
    for block in re.split(r"^-- name: ", path.read_text(), flags=re.MULTILINE)[1:]:
        name, *lines = block.splitlines()
        ahead = next(index for index, line in enumerate(lines) if not line.startswith("--"))
        found[name.rstrip("!")] = (lines[:ahead], "\n".join(lines[ahead:]))
    return found


def test_both_databases_have_the_same_names() -> None:
    assert set(DIALECTS["sqlite"]) == set(DIALECTS["postgres"])


def test_every_statement_that_is_asked_for_exists(used: set[str]) -> None:
    assert len(used) > 30
    assert used - set(DIALECTS["sqlite"]) - TICKETS == set()


def test_every_statement_is_asked_for(named: set[str]) -> None:
    assert set(DIALECTS["sqlite"]) - named == ASKED_BY_TESTS
    assert set() == TICKETS - named


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_statement_says_what_it_is_for(path: Path) -> None:
    for name, (comments, _) in blocks(path).items():
        assert comments, f"{name} has no purpose line"
        assert re.match(r"-- [A-Z].*[.,?;:]|-- [A-Z]", comments[0]), name


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_statement_says_why_it_differs_exactly_when_it_does(path: Path) -> None:
    for name, (comments, _) in blocks(path).items():
        says = any(re.search(r"\bDiffers because\b", line) for line in comments)
        assert says == (path.parent.name in DIALECTS), name


def test_statements_that_differ_do_so() -> None:
    for path in (SQL / "postgres").glob("*.sql"):
        mine, theirs = blocks(path), blocks(SQL / "sqlite" / path.name)
        for name, (_, sql) in mine.items():
            assert sql != theirs[name][1], f"{name} is the same in both: it belongs to common"


def test_a_name_in_both_folders_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in ("common", "sqlite"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.sql").write_text("-- name: twice\n-- Two of a kind.\nSELECT 1;\n")
    monkeypatch.setattr("rota.store.statements._SQL", tmp_path)
    with pytest.raises(ValueError, match="twice"):
        load.__wrapped__("sqlite", "sqlite3")


def test_open_statements_are_those_that_have_filters_or_lookups() -> None:
    open_ones = {name for name, sql in DIALECTS["sqlite"].items() if "{where}" in sql}
    lists = LISTS | {name for name in LONG_LISTS if "{where}" in DIALECTS["sqlite"][name]}
    assert open_ones == set(filters.TESTS) | lists | COUNTED | EXPORTED


def test_a_filter_is_chosen_by_name_and_its_value_stays_out_of_the_text() -> None:
    tests = {"action": "'; DROP TABLE jobs", "status": "x", "unheard_of": "y", "before_id": "z"}
    sql = filters.fill("jobs_page", "SELECT 1{where}", tests)
    assert sql == "SELECT 1 AND status = :status AND action = :action"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_statement_reads_whatever_columns_there_are(dialect: str) -> None:
    """Another column, which a newer version adds, must be nothing to it."""
    stars = re.compile(r"SELECT \*|\.\*|RETURNING \*")
    assert [name for name, sql in DIALECTS[dialect].items() if stars.search(sql)] == []


def test_tables_that_are_read_whole_have_just_these_columns(store: Store) -> None:
    with store.read() as tx:
        for table, columns in COLUMNS.items():
            found = tx._connection.execute(f"SELECT * FROM {table} LIMIT 0")  # type: ignore[attr-defined]
            assert [each[0] for each in found.description] == columns.split(), table
