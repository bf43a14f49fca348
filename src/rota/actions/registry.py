"""Declares actions, and collects them into the catalogue through the `rota.actions` entry point.

An action is one function with a declaration:

    @action("greetings", "hello", description="Say hello", mandatory=("name",), output=("greeting", "error"))
    def hello(context, row):
        return {"greeting": f"Hello {row['name']}"}
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, Protocol, TypeVar

from rota.domain.errors import ActionNotFound, CategoryNotFound, NothingInCatalogue
from rota.store.port import Tx

ERROR = "error"
GROUP = "rota.actions"


class Form(StrEnum):
    """How an action is called: once per row, once per batch of rows, or once without input."""

    ROW = "row"
    BATCH = "batch"
    GENERATOR = "generator"


Line = Mapping[str, Any]
"""Values by output column; a column that is left out is empty."""


class Refused(Exception):
    """Raised, or returned in a batch, by an action that will not do a row; `reason` becomes the row's `error`.

    `line` fills the action's other columns.
    """

    def __init__(self, reason: str, line: Line | None = None) -> None:
        super().__init__(reason)
        self.line = line


Answer = None | Line | Sequence[Line] | Refused
"""What became of a row: done without columns of its own, done with one line or several, or refused."""

Verifier = Callable[[str], bool]


class Log(Protocol):
    def info(self, event: str, **facts: Any) -> None: ...

    def warning(self, event: str, **facts: Any) -> None: ...

    def exception(self, event: str, **facts: Any) -> None:
        """Log with the traceback of the exception in hand."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Who a job acts for, and what its action may use.

    `tx` is the settling transaction of an action declared `writes=True` (or None): its effects and the rows' outcome
    are committed together or not at all. A generator may read through `tx` too. `now` is microseconds since 1970.
    `rows` are the numbers, in the input, of the rows of this call.
    """

    job_id: str
    account_id: str
    auth_account_id: str
    user_id: int
    now: int
    log: Log
    options: Mapping[str, Any]
    tx: Tx | None = None
    rows: Sequence[int] = (0,)

    def key(self, index: int = 0) -> str:
        """The idempotency key of a row: the same however often the row is run. `index` counts within a batch."""
        return f"{self.job_id}-{self.rows[index]}"


@dataclass(frozen=True)
class Batch:
    """Rows that are worked together. `cells` are as they stand in the file, in the order of `header`."""

    header: tuple[str, ...]
    cells: Sequence[Sequence[str]]
    fields: tuple[str, ...]

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """Cells by field; a declared field that has no column is empty."""
        absent = dict.fromkeys(self.fields, "")
        return [{**absent, **dict(zip(self.header, cells, strict=True))} for cells in self.cells]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[dict[str, str]]:
        return iter(self.rows)


@dataclass(frozen=True, slots=True)
class Action:
    """A declared action. What the catalogue shows of it is in the kazoo contract under META."""

    category: str
    name: str
    description: str
    doc: str
    call: Callable[..., Any]
    form: Form
    mandatory: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    verifiers: Mapping[str, Verifier] = field(default_factory=dict)
    output: tuple[str, ...] = (ERROR,)
    ordered: bool = False
    writes: bool = False
    any_fields: bool = False
    crash_ends_job: bool = False
    parallel: int = 1
    chunk_rows: int = 1_000
    batch_rows: int = 1_000
    priority: int = 0

    @property
    def title(self) -> str:
        """Both names in one, as settings call it."""
        return f"{self.category}.{self.name}"

    @property
    def rows_at_once(self) -> int:
        """How many rows are inside the action together."""
        return self.batch_rows if self.form is Form.BATCH else self.parallel

    @property
    def takes_input(self) -> bool:
        return self.form is not Form.GENERATOR

    @property
    def fields(self) -> tuple[str, ...]:
        return (*self.mandatory, *self.optional)

    def out_header(self, header: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of the output: the input's, then the action's own; rows of an input always end in `error`."""
        if not self.takes_input:
            return self.output
        own = [column for column in self.output if column not in header and column != ERROR]
        return (*header, *own) if ERROR in header else (*header, *own, ERROR)


F = TypeVar("F", bound=Callable[..., Any])


def action(category: str, name: str, *, description: str, form: Form = Form.ROW, **declared: Any) -> Callable[[F], F]:
    """Declare the function below as an action.

    A row action is called as `(context, row)` and answers for that row; a batch action as `(context, batch)` and
    returns one Answer per row, or None when all are done without columns of their own; a generator as `(context)` and
    yields lists of Lines. Declared are further: `doc` (else the docstring), `mandatory`, `optional`, `verifiers`,
    `output`, `ordered` (chunks run one after the other), `writes` (runs inside the settling transaction), `any_fields`
    (any further column passes), `crash_ends_job`, `parallel` (a row action that waits for others: so many rows at once,
    each in a thread), `chunk_rows`, `batch_rows`, `priority` (jobs of a higher one come first, else it is 0).
    """

    def declare(function: F) -> F:
        doc = declared.pop("doc", None) or inspect.getdoc(function) or description
        function.__action__ = Action(  # type: ignore[attr-defined]
            category, name, description, doc, call=function, form=form, **declared
        )
        return function

    return declare


def declared_in(module: ModuleType) -> Iterator[Action]:
    """The actions of a module, in the order of its text."""
    for value in vars(module).values():
        found = getattr(value, "__action__", None)
        if isinstance(found, Action):
            yield found


class Catalogue:
    """All actions that are installed, by category and name."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self._actions: dict[str, dict[str, Action]] = {}
        for each in actions:
            self._actions.setdefault(each.category, {})[each.name] = each

    def get(self, category: str, name: str) -> Action:
        """Raises CategoryNotFound or ActionNotFound."""
        if category not in self._actions:
            raise CategoryNotFound(category)
        if name not in self._actions[category]:
            raise ActionNotFound(name)
        return self._actions[category][name]

    def find(self, category: str | None, name: str | None) -> dict[str, dict[str, Action]]:
        """What matches, by category. Raises NothingInCatalogue when a filter was given and nothing does."""
        found = {
            each: {key: value for key, value in actions.items() if name in {None, key}}
            for each, actions in sorted(self._actions.items())
            if category in {None, each}
        }
        found = {each: actions for each, actions in found.items() if actions}
        if not found and (category is not None or name is not None):
            raise NothingInCatalogue
        return found

    def __iter__(self) -> Iterator[Action]:
        for actions in self._actions.values():
            yield from actions.values()


def installed() -> Catalogue:
    """The actions of every module that is named under the `rota.actions` entry point."""
    modules = (point.load() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name))
    return Catalogue(each for module in modules for each in declared_in(module))
