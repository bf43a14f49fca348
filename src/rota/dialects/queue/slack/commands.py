"""What can be typed after the slash command: one table from a verb to what it does and how it is used."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.dialects.queue import errors
from rota.dialects.queue.documents import DONE, event, iso
from rota.dialects.queue.slack import words
from rota.dialects.queue.slack.blocks import SHOWN, Answer
from rota.dialects.queue.slack.words import Misuse
from rota.dialects.queue.workers import MOVES
from rota.domain.accounts import Actor
from rota.domain.errors import Refusal, StorageFull, StoreUnavailable
from rota.domain.items import Item, Line, Status, Turn, Verb, Worker
from rota.operations import holding, items, log, shifts, slack
from rota.store.port import Tx

LOGGED_IN = "You are now logged in! You can start working."
LOGGED_OUT = "You have just logged out! See you again"
CAN_DO = "What you can do here:"
LISTED = 10
MOST = 1_000
MOST_LINES = 100


@dataclass(frozen=True, slots=True)
class Call:
    """A command that somebody gave: `words` are those after the verb. `now` is microseconds since 1970; `new_id(n)`
    gives n hexadecimal characters."""

    tx: Tx
    actor: Actor
    words: Sequence[str]
    now: int
    new_id: Callable[[int], str]

    def first(self, most: int = 1) -> str | None:
        """The first word, or None. Raises Misuse when there are more than `most`."""
        if len(self.words) > most:
            raise Misuse(f"“{self.words[most]}” is more than this command takes.")
        return self.words[0] if self.words else None

    def id(self) -> int | None:
        """The number of a task, the only word, or None."""
        word = self.first()
        return None if word is None else words.read_id(word)


@dataclass(frozen=True, slots=True)
class Command:
    """`run` raises Misuse and the refusals of what it does. One that writes is done once, however often it is sent."""

    usage: str
    purpose: str
    run: Callable[[Call], Answer]
    writes: bool = False


def parse(line: str) -> tuple[Command, list[str]]:
    """The command and the words after its verb; `help` for what is none."""
    verb, *rest = words.split(line) or ["help"]
    command = COMMANDS.get(verb.lower())
    return (command, rest) if command else (_UNKNOWN, [verb])


def run(command: Command, call: Call) -> Answer:
    """What the person is told, a refusal among it; of what is refused nothing is kept.

    Raises what is no answer but trouble of the server's: StorageFull, StoreUnavailable.
    """
    try:
        with call.tx.savepoint():
            return command.run(call)
    except Misuse as misuse:
        return Answer(str(misuse), lines=(f"Usage: {command.usage}",), refused=True)
    except (StorageFull, StoreUnavailable):
        raise
    except Refusal as refusal:
        return Answer(errors.of_refusal(refusal).document["text"], refused=True)


def _add(call: Call) -> Answer:
    given = _fields(call, call.words)
    if not given:
        raise Misuse("What is to be done?")
    item = items.add(call.tx, call.actor, given, now=call.now)
    return Answer(f"Task {item.id} added", (item,))


def _update(call: Call) -> Answer:
    item_id, given = _one_id(call.words[:1]), _fields(call, call.words[1:])
    if "tags" in given:
        raise Misuse("The tags of a task cannot be changed.")
    if not given:
        raise Misuse("What is to be changed?")
    item = items.amend(call.tx, call.actor, item_id, given, now=call.now)
    return Answer(f"Task {item.id} updated", (item,))


def _delete(call: Call) -> Answer:
    call.first()
    item = items.delete(call.tx, call.actor, _one_id(call.words), now=call.now)
    return Answer(f"Task {item.id} deleted", (item,))


def _list(call: Call) -> Answer:
    call.first(most=2)
    status, wanted = None, LISTED
    for word in call.words:
        if word.lower() in set(Status):
            status = Status(word.lower())
        elif word[:1].isdigit():
            wanted = words.read_count(word, MOST)
        else:
            raise Misuse(f"“{word}” is neither a number nor one of {', '.join(Status)}.")
    # One more than are shown tells whether there are more.
    found = items.page(call.tx, call.actor, status=status, limit=min(wanted, SHOWN + 1))
    return _listed(found, "There are no such tasks.")


def _show(call: Call) -> Answer:
    item_id = call.id()
    item = items.by_id(call.tx, call.actor, item_id) if item_id is not None else _active(call)
    return Answer(f"Task {item.id}", (item,), in_full=True)


def _peek(call: Call) -> Answer:
    word = call.first()
    wanted = 1 if word is None else words.read_count(word, MOST)
    found = items.available(call.tx, call.actor, min(wanted, SHOWN), now=call.now)
    return _listed(found, "There are no tasks in the queue.")


def _grab(call: Call) -> Answer:
    taken = holding.grab(call.tx, call.actor, call.id(), now=call.now)
    return _turned(f"Task {taken.item.id} grabbed", taken)


def _done(call: Call) -> Answer:
    call.first(most=2)
    failed = any(word.lower() == "failure" for word in call.words)
    left = [word for word in call.words if word.lower() not in {"failure", "success"}]
    if len(left) == 2 or (len(call.words) == 2 and not left):
        raise Misuse("One task at a time, and it either failed or did not.")
    verb = Verb.COMPLETE_FAILURE if failed else Verb.COMPLETE_SUCCESS
    return _moved(call, verb, words.read_id(left[0]) if left else None)


def _mover(verb: Verb) -> Callable[[Call], Answer]:
    return lambda call: _moved(call, verb, call.id())


def _login(call: Call) -> Answer:
    call.first(most=0)
    # The token of a shift that begins here is nobody's: from Slack, a person proves who they are by being there.
    shifts.login(call.tx, call.actor, token=call.new_id(64), token_id=call.new_id(16), now=call.now)
    return Answer(LOGGED_IN)


def _logout(call: Call) -> Answer:
    call.first(most=0)
    shifts.logout(call.tx, call.actor, now=call.now)
    return Answer(LOGGED_OUT)


def _who(call: Call) -> Answer:
    call.first(most=0)
    found = shifts.who(call.tx, call.actor, on_shift=True)
    if not found:
        return Answer("Nobody is logged in.")
    return Answer(f"{len(found)} logged in", lines=tuple(map(_presence, found)))


def _whoami(call: Call) -> Answer:
    call.first(most=0)
    return _reported(shifts.report(call.tx, call.actor))


def _finger(call: Call) -> Answer:
    word = call.first()
    if word is None:
        raise Misuse("Who?")
    return _reported(shifts.report(call.tx, call.actor, _email(call, word)))


def _jobs(call: Call) -> Answer:
    call.first(most=0)
    return _listed(holding.held(call.tx, call.actor), "You have no tasks in hand.")


def _last(call: Call) -> Answer:
    word = call.first()
    wanted = LISTED if word is None else words.read_count(word, MOST_LINES)
    told = log.recent(call.tx, call.actor, limit=wanted)
    if not told:
        return Answer("Nothing has happened yet.")
    return Answer("What happened last, the newest at the end", lines=tuple(map(_event, told)))


def _help(call: Call) -> Answer:
    wanted = (call.first() or "").lower()
    if wanted and wanted not in COMMANDS:
        raise Misuse(f"There is no command “{wanted}”.")
    return Answer(CAN_DO, lines=_usages(wanted))


def _unknown(call: Call) -> Answer:
    return Answer(f"There is no command “{call.words[0]}”. {CAN_DO}", lines=_usages(), refused=True)


def _usages(only: str = "") -> tuple[str, ...]:
    return tuple(f"{each.usage}: {each.purpose}" for verb, each in COMMANDS.items() if only in {"", verb})


_UNKNOWN = Command("help", "", _unknown)

COMMANDS: Mapping[str, Command] = {
    "add": Command(
        "add TITLE [-d DESCRIPTION] [-f DEADLINE] [-e ESTIMATE] [-o OWNER] [-p PRIORITY] [-g TAGS] [-i INSTRUCTIONS]",
        "add a task to the queue; a deadline is an ISO time, asap, tomorrow or 2h, an estimate 300 (seconds) or 5m",
        _add,
        writes=True,
    ),
    "update": Command(
        "update ID [TITLE] [-d DESCRIPTION] [-f DEADLINE] [-e ESTIMATE] [-o OWNER] [-p PRIORITY] [-i INSTRUCTIONS]",
        "change a queued task; what you leave out stays as it is",
        _update,
        writes=True,
    ),
    "delete": Command("delete ID", "take a task out of the queue for good", _delete, writes=True),
    "list": Command("list [STATUS] [N]", f"tasks by priority, then urgency; {', '.join(Status)}", _list),
    "show": Command("show [ID]", "a task in full; without ID, the one you work on", _show),
    "peek": Command("peek [N]", "the most urgent tasks of the queue", _peek, writes=True),
    "grab": Command("grab [ID]", "work on a task; without ID, on the most urgent", _grab, writes=True),
    "done": Command("done [failure] [ID]", "complete a task; without ID, the one you work on", _done, writes=True),
    "release": Command("release [ID]", "give a task back to the queue", _mover(Verb.RELEASE), writes=True),
    "fg": Command("fg [ID]", "go on with a task that you put aside, the last one", _mover(Verb.ACTIVATE), writes=True),
    "bg": Command("bg [ID]", "put aside the task that you work on", _mover(Verb.SUSPEND), writes=True),
    "login": Command("login", "begin your shift", _login, writes=True),
    "logout": Command("logout", "end your shift", _logout, writes=True),
    "who": Command("who", "who is logged in", _who),
    "whoami": Command("whoami", "what rota knows of you", _whoami),
    "finger": Command("finger EMAIL", "what somebody is doing", _finger),
    "jobs": Command("jobs", "the tasks that you have in hand", _jobs),
    "last": Command("last [N]", "what happened last", _last),
    "help": Command("help [COMMAND]", "this text", _help),
}

_OPTIONS: Mapping[str, str] = {
    spelling: name
    for short, name in (
        ("t", "title"),
        ("d", "description"),
        ("f", "deadline"),
        ("e", "estimate"),
        ("o", "owner"),
        ("p", "priority"),
        ("g", "tags"),
        ("i", "instructions"),
    )
    for spelling in (f"-{short}", f"--{name}")
}

_READERS: Mapping[str, Callable[[Call, str], Any]] = {
    "deadline": lambda call, text: words.read_deadline(text, call.now),
    "estimate": lambda call, text: words.read_duration(text),
    "priority": lambda call, text: words.read_number(text),
    "owner": lambda call, text: _email(call, text),
}
"""What the fields take that are no texts."""


def _fields(call: Call, given: Sequence[str]) -> dict[str, Any]:
    named, rest = words.read_options(given, _OPTIONS)
    if rest and "title" in named:
        raise Misuse(f"“{rest[0]}” belongs to nothing: put quotes around words that belong together.")
    if rest:
        named["title"] = " ".join(rest)
    return {name: _READERS[name](call, text) if name in _READERS else text for name, text in named.items()}


def _email(call: Call, word: str) -> str:
    """Whom a person means by an e-mail, or by `@` and somebody's Slack id, which Slack makes of a name."""
    found = slack.find(call.tx, word.removeprefix("@")) if word.startswith("@") else None
    return found.user.email if found else word


def _one_id(given: Sequence[str]) -> int:
    if not given:
        raise Misuse("Which task?")
    return words.read_id(given[0])


def _moved(call: Call, verb: Verb, item_id: int | None) -> Answer:
    if item_id is None:
        # Locked before it is looked at: what is active must not change before it is moved.
        shifts.lock(call.tx, call.actor)
        item_id = (_last_suspended(call) if verb is Verb.ACTIVATE else _active(call)).id
    return _turned(DONE[verb], MOVES[verb](call.tx, call.actor, item_id, now=call.now))


def _active(call: Call) -> Item:
    active = shifts.current(call.tx, call.actor.user.id)
    if active is None:
        raise Misuse("You work on no task just now: say which.")
    return active


def _last_suspended(call: Call) -> Item:
    suspended = shifts.suspended(call.tx, call.actor.user.id)
    if not suspended:
        raise Misuse("You have put no task aside.")
    return suspended[0]


def _turned(headline: str, turn: Turn) -> Answer:
    aside, resumed = turn.put_aside, turn.resumed
    said = [
        headline,
        *([f"Task {aside.id} suspended"] if aside else []),
        *([f"Task {resumed.id} resumed"] if resumed else []),
    ]
    return Answer(". ".join(said), tuple(item for item in (turn.item, resumed, aside) if item))


def _listed(found: Sequence[Item], nothing: str) -> Answer:
    if not found:
        return Answer(nothing)
    shown = tuple(found[:SHOWN])
    more = "; there are more" if len(found) > SHOWN else ""
    return Answer(f"{len(shown)} task{'s' if len(shown) > 1 else ''}{more}", shown)


def _reported(found: shifts.Report) -> Answer:
    in_hand = [*([found.current] if found.current else []), *found.suspended]
    return Answer(_presence(found.worker), tuple(in_hand[:SHOWN]))


def _presence(found: Worker) -> str:
    if found.logged_in_at is None:
        return f"{found.email}: never logged in"
    return f"{found.email}: logged {'in since' if found.on_shift else 'out; last login'} {iso(found.logged_in_at)}"


def _event(line: Line) -> str:
    told = event(line)
    about = f" #{told['task_id']}" if "task_id" in told else ""
    return f"{told['date']} {told['user']} {told['action']}{about}"
