"""The documents keep up: every setting, event, refusal and metric that exists has its place, and none that does not."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from rota.clock import now
from rota.domain.errors import Refusal
from rota.domain.events import Kind
from rota.domain.webhooks import KINDS, headers, new_secret
from rota.settings import Settings
from rota.web.metrics import TOTALS

ROOT = Path(__file__).parent.parent
OPERATE = (ROOT / "docs/operate.md").read_text()


def headings(section: str) -> list[str]:
    body = re.split(r"^## ", OPERATE, flags=re.M)
    (found,) = [part for part in body if part.startswith(section + "\n")]
    return re.findall(r"^### (.+)$", found, flags=re.M)


def test_every_setting_has_a_heading_and_every_heading_a_setting() -> None:
    assert sorted(headings("Settings")) == sorted(f"ROTA_{choice.name.upper()}" for choice in fields(Settings))


def test_every_event_kind_has_a_heading_and_every_heading_a_kind() -> None:
    assert sorted(headings("Events")) == sorted(Kind)


def test_every_refusal_has_a_heading_and_every_heading_a_refusal() -> None:
    assert sorted(headings("Refusals")) == sorted(kind.code for kind in Refusal.__subclasses__())


@pytest.mark.parametrize("name", TOTALS)
def test_every_metric_is_explained(name: str) -> None:
    assert f"rota_{name}_total" in OPERATE


def test_the_verification_that_receivers_are_shown_works() -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/webhooks.md").read_text(), re.M | re.S)
    shown: dict[str, Any] = {}
    exec(program, shown)
    old, mine, other = (new_secret(bytes([each]) * 32) for each in range(3))
    sent, body = dict(headers("msg_1", (mine, old), b"{}", now())), b"{}"
    assert shown["verify"](mine, sent, body)
    assert shown["verify"](old, sent, body)
    assert not shown["verify"](other, sent, body)
    assert not shown["verify"](mine, sent, b"{} ")
    assert not shown["verify"](mine, dict(headers("msg_1", (mine,), body, now() - 301_000_000)), body)


def test_every_type_of_message_is_an_event_with_a_heading() -> None:
    assert set(KINDS) <= set(headings("Events"))


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
