"""docs/write-an-action.md: its examples run, and its table of declarations is complete."""

import dataclasses
import re
from pathlib import Path
from types import ModuleType

from actions.world import NOW, Silent, answers, errors
from rota.actions.registry import Action, Catalogue, Context, Form, Refused, declared_in

TEXT = (Path(__file__).parents[2] / "docs" / "write-an-action.md").read_text()
CONTEXT = Context("job1", "a", "a", 1, NOW, Silent(), {})


def module() -> ModuleType:
    made = ModuleType("greetings")
    for block in re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL):
        exec(block, vars(made))
    return made


def test_the_first_example_has_15_lines() -> None:
    block = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]
    assert len([line for line in block.splitlines() if line]) <= 15


def test_the_examples_stand_in_the_catalogue() -> None:
    found = Catalogue(declared_in(module())).find("greetings", None)["greetings"]
    assert [(name, each.form) for name, each in found.items()] == [
        ("hello", Form.ROW),
        ("hello_all", Form.BATCH),
        ("guests", Form.GENERATOR),
    ]
    assert found["hello"].doc == "Says hello to `name`."
    assert found["hello"].out_header(("name",)) == ("name", "greeting", "error")


def test_the_examples_do_what_is_said_of_them() -> None:
    made = module()
    assert made.hello(CONTEXT, {"name": "Ada"}) == {"greeting": "Hello Ada"}
    try:
        made.hello(CONTEXT, {"name": "nobody"})
    except Refused as refusal:
        assert str(refusal) == "nobody to greet"
    said = answers(made.hello_all, CONTEXT, [{"name": "Ada"}, {"name": "nobody"}])
    assert (said[0], errors(said)) == ({"greeting": "Hello"}, ["", "nobody to greet"])
    assert [len(page) for page in made.guests(CONTEXT)] == [2, 1]


def test_every_declaration_and_its_default_is_documented() -> None:
    rows = dict(re.findall(r"^\| (`.*?`) \| (.*?) \|", TEXT.split("## Declarations")[1], re.MULTILINE))
    told = {name: default for names, default in rows.items() for name in re.findall(r"`(\w+)`", names)}
    fields = {each.name: each.default for each in dataclasses.fields(Action)}
    assert set(told) == set(fields) - {"category", "name", "call"}
    for name in ("ordered", "writes", "any_fields", "crash_ends_job", "parallel", "chunk_rows", "batch_rows"):
        assert told[name] == str(fields[name])


def test_everything_in_the_context_is_documented() -> None:
    part = TEXT.split("## The context")[1].split("## ")[0]
    public = {each.name for each in dataclasses.fields(Context)} - {"rows"} | {"key"}
    assert set(re.findall(r"`(\w+)(?:\(index\))?`", "".join(re.findall(r"^\| (.*?) \|", part, re.MULTILINE)))) == public
