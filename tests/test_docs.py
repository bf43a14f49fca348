"""The documents keep up: every setting, event, refusal and metric that exists has its place, and none that does not."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from rota.domain.errors import Refusal
from rota.domain.events import Kind
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


@pytest.mark.parametrize("page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target
