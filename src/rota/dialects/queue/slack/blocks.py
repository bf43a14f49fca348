"""What Slack shows: answers as messages of Block Kit, within its limits, with buttons for what can be done to a task.

Source: https://docs.slack.dev/reference/block-kit (50 blocks a message, 3000 characters a section)
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.dialects.queue.documents import iso, number
from rota.domain.items import Item, Status

Block = dict[str, Any]

BLOCKS = 50
SECTION = 3_000
TITLE = 150
"""Characters of a title in a list; whole it is shown alone."""

SHOWN = 24
"""Tasks in a message: each is a section and its buttons, below one headline."""

_ESCAPES: Mapping[str, str] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence, lines of text, and tasks; all as people wrote them, for they are escaped here.

    `in_full` shows the tasks with their descriptions. `refused` tells that nothing was done.
    """

    headline: str
    items: tuple[Item, ...] = ()
    lines: tuple[str, ...] = ()
    in_full: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """`line` is what a person would type instead, less the number of the task."""

    action_id: str
    label: str
    line: str


_GRAB = Button("grab", "Grab", "grab")
_FG = Button("fg", "Resume", "fg")
_BG = Button("bg", "Suspend", "bg")
_RELEASE = Button("release", "Release", "release")
_DONE = Button("done", "Done", "done")
_FAILED = Button("done-failure", "Failed", "done failure")

BUTTONS: Mapping[Status, tuple[Button, ...]] = {
    Status.QUEUED: (_GRAB,),
    Status.ACTIVE: (_DONE, _FAILED, _BG, _RELEASE),
    Status.SUSPENDED: (_FG, _DONE, _FAILED, _RELEASE),
    Status.COMPLETED: (),
    Status.DELETED: (),
}

PRESSED: Mapping[str, str] = {each.action_id: each.line for each in (_GRAB, _FG, _BG, _RELEASE, _DONE, _FAILED)}
"""What a press of a button types, by `action_id`."""


def message(answers: Sequence[Answer], viewer_id: int) -> dict[str, Any]:
    """What only the person who asked is shown. The buttons of a task in hand are its holder's alone."""
    said = [line for answer in answers for line in _lines(answer)]
    groups = [group for answer in answers for group in _groups(answer, viewer_id)]
    return {"response_type": "ephemeral", "text": escaped("\n".join(said)), "blocks": _fitting(groups)}


def plain_message(text: str) -> dict[str, Any]:
    """A sentence for whoever asked."""
    return message([Answer(text)], 0)


def escaped(text: str, limit: int = SECTION) -> str:
    """The text without Slack's markup for links and mentions; what is too long ends in an ellipsis.

    >>> escaped("<!channel> & more"), escaped("<<<<", 9)
    ('&lt;!channel&gt; &amp; more', '&lt;&lt;…')
    """
    whole = "".join(_ESCAPES.get(char, char) for char in text)
    if _length(whole) <= limit:
        return whole
    kept, size = [], 1
    for char in text:
        piece = _ESCAPES.get(char, char)
        size += _length(piece)
        if size > limit:
            break
        kept.append(piece)
    return f"{''.join(kept)}…"


def _length(text: str) -> int:
    """In UTF-16, the larger of the two ways in which characters may be counted."""
    return len(text) + sum(char > "\uffff" for char in text)


def _lines(answer: Answer) -> Iterator[str]:
    yield answer.headline
    yield from answer.lines
    for item in answer.items:
        yield f"#{item.id} {_shortened(item.title)} ({item.work_status or item.state})"


def _groups(answer: Answer, viewer_id: int) -> Iterator[list[Block]]:
    """Blocks that are shown together or not at all."""
    yield [_section(escaped(answer.headline))]
    for text in _packed(answer.lines):
        yield [_section(text)]
    for item in answer.items:
        yield [*_task(item, in_full=answer.in_full), *_actions(item, viewer_id)]


def _fitting(groups: Iterable[list[Block]]) -> list[Block]:
    blocks: list[Block] = []
    for group in groups:
        if len(blocks) + len(group) > BLOCKS:
            break
        blocks += group
    return blocks


def _packed(lines: Iterable[str]) -> Iterator[str]:
    """The lines, escaped, in as few texts as can hold them."""
    text = ""
    for line in map(escaped, lines):
        joined = f"{text}\n{line}" if text else line
        if _length(joined) > SECTION:
            yield text
            joined = line
        text = joined
    if text:
        yield text


def _section(text: str) -> Block:
    """`text` is escaped. Verbatim: Slack is not to look for people and channels in what somebody wrote."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _task(item: Item, *, in_full: bool) -> Iterator[Block]:
    title = escaped(item.title if in_full else _shortened(item.title), SECTION // 2)
    yield _section(f"*#{item.id}* {title}\n{escaped(' · '.join(_facts(item)), SECTION // 3)}")
    for text in (item.description, item.instructions) if in_full else ():
        if text.strip():
            yield _section(escaped(text))


def _facts(item: Item) -> Iterator[str]:
    yield item.work_status or item.state
    if item.holder:
        yield f"by {item.holder}"
    yield f"for {item.owner}"
    yield f"due {iso(item.deadline)}"
    if item.priority:
        yield f"priority {number(item.priority)}"
    yield from item.tags


def _actions(item: Item, viewer_id: int) -> Iterator[Block]:
    buttons = BUTTONS[item.status] if not item.is_held or item.held_by(viewer_id) else ()
    if buttons:
        yield {"type": "actions", "elements": [_button(each, item) for each in buttons]}


def _button(button: Button, item: Item) -> Block:
    label = {"type": "plain_text", "text": button.label}
    return {"type": "button", "action_id": button.action_id, "text": label, "value": str(item.id)}


def _shortened(title: str) -> str:
    return title if len(title) <= TITLE else f"{title[: TITLE - 1]}…"
