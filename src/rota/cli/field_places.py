"""The commands for what tasks of the field refer to: locations, forms, clients, projects; and whole files of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rota.cli import field_words as words
from rota.cli.field_documents import KINDS, Field, field_work
from rota.cli.field_looks import FORMS, LOCATIONS, NAMED, looks, place, rows
from rota.cli.field_options import Search
from rota.cli.field_tasks import show_found
from rota.cli.files import known_length
from rota.cli.options import Count, Json, existing
from rota.cli.output import say, show_json, show_table

location = typer.Typer(help="Places: points with a radius, or shapes.", no_args_is_help=True)
form = typer.Typer(help="What tasks ask: spreadsheets as XLSForm has them, or JSON Schema.", no_args_is_help=True)
imports = typer.Typer()

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Words = Annotated[list[str], typer.Argument(metavar="NAME", help="What people call it.")]
Type = Annotated[str | None, typer.Option("--type", "-t", metavar="TYPE", help="What kind of place, by name or id.")]
Parent = Annotated[str | None, typer.Option("--parent", metavar="LOCATION", help="What it is a part of.")]
Country = Annotated[str | None, typer.Option("--country", metavar="CODE", help="Two letters (ISO 3166), such as KE.")]
File = Annotated[str, typer.Argument(metavar="FILE|-", callback=existing, help="The file; `-`: stdin.")]


@location.command("add")
def add_location(
    name: Words,
    point: Annotated[str | None, typer.Option("--point", metavar="LAT,LON", help="Where it is.")] = None,
    radius: Annotated[float | None, typer.Option("--radius", metavar="METRES", help="How far it reaches.")] = None,
    shape: Annotated[
        str | None, typer.Option("--shape", metavar="FILE|-", callback=existing, help="Its bounds, a GeoJSON file.")
    ] = None,
    type_: Type = None,
    parent: Parent = None,
    country: Country = None,
    description: Annotated[
        str | None, typer.Option("--description", "-d", metavar="TEXT|-", help="The longer text.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a location, and print its id. A --type that is new is added, too."""
    given = {
        "name": " ".join(name),
        "geopoint": words.point("--point")(point) if point else None,
        "radius": radius,
        "shapefile": words.shape(shape) if shape else None,
        "country": country,
        "description": words.text_or_stdin(description) if description else None,
    }
    with field_work() as field:
        given["parent"] = field.id_of("locations", parent) if parent else None
        given["location_type"] = _type_id(field, type_) if type_ else None
        _add(field, "locations", given, as_json)


@location.command("list")
def list_locations(
    search: Search = None,
    type_: Type = None,
    parent: Parent = None,
    country: Country = None,
    number: Count = None,
    as_json: Json = False,
) -> None:
    """List locations by their names."""
    with field_work() as field:
        asked = {
            "search": " ".join(search) if search else None,
            "location_type": field.id_of("locationtypes", type_) if type_ else None,
            "parent": field.id_of("locations", parent) if parent else None,
            "country": country.upper() if country else None,
            "ordering": "name",
        }
        found = field.list("locations", asked, number)
    if as_json:
        return show_json(found.objects)
    for each in found.objects:
        each["attributes"]["where"] = place(each["attributes"])
    return show_table(tuple(LOCATIONS), rows(LOCATIONS, found), looks())


@form.command("add")
def add_form(
    file: File,
    title: Annotated[str | None, typer.Option("--title", "-t", metavar="TEXT", help="What people call it.")] = None,
    as_json: Json = False,
) -> None:
    """Add a form, and print its id: a spreadsheet (.xlsx), a JSON Schema, or a form as the API has it (.json)."""
    with field_work() as field:
        if file.lower().endswith(".xlsx"):
            with known_length(file) as sheet:
                query = {"file_name": Path(file).name}
                made = field.ask("POST", "forms", query=query, file=sheet, content_type=XLSX)["data"]
            if title:
                made = field.change("forms", int(made["id"]), {"title": title})
            return _show_made(made, as_json)
        return _add(field, "forms", _form(file, title), as_json)


@form.command("list")
def list_forms(search: Search = None, number: Count = None, as_json: Json = False) -> None:
    """List forms by their titles."""
    _list("forms", FORMS, search, "title", number, as_json)


def named(kind: str, about: str) -> typer.Typer:
    """The commands of a kind that has nothing but a name."""
    group = typer.Typer(help=about, no_args_is_help=True)

    @group.command("add", help=f"Add a {KINDS[kind].word}, and print its id.")
    def add(name: Words, as_json: Json = False) -> None:
        with field_work() as field:
            _add(field, kind, {"name": " ".join(name)}, as_json)

    @group.command("list", help=f"List {kind} by their names.")
    def list_(search: Search = None, number: Count = None, as_json: Json = False) -> None:
        _list(kind, NAMED, search, "name", number, as_json)

    return group


@imports.command("import")
def import_file(
    what: Annotated[str, typer.Argument(metavar="locations|tasks", help="What each row is.")],
    file: File,
    as_json: Json = False,
) -> None:
    """Add a location or a task for each row of a CSV file, as a bulk job."""
    if what not in {"locations", "tasks"}:
        raise typer.BadParameter(f"{what!r} is neither locations nor tasks")
    from rota.cli import batches

    batches.run(f"import_{what}", file, as_json)


def _form(file: str, title: str | None) -> dict[str, Any]:
    """A form of a JSON file: as the API has it, or the schema alone."""
    with known_length(file) as text:
        found = words.json_of(text.read().decode("utf-8-sig", "replace"), "FILE")
    if not (isinstance(found, dict) and "fields" in found and "properties" not in found):
        named_by = found.get("title") if isinstance(found, dict) else None
        found = {"title": named_by or Path(file).stem, "fields": found}
    return {**found, **({"title": title} if title else {})}


def _type_id(field: Field, text: str) -> int:
    """Of a type that is there, or of a new one, which is said: it could be a slip of the pen."""
    if text.isdigit() or field.ids_of("locationtypes", text):
        return field.id_of("locationtypes", text)
    made = int(field.add("locationtypes", {"name": text})["id"])
    say(f"the location type {text!r} is new: {made}.")
    return made


def _add(field: Field, kind: str, given: Mapping[str, Any], as_json: bool) -> None:
    _show_made(field.add(kind, {name: value for name, value in given.items() if value is not None}), as_json)


def _show_made(made: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(made)
    else:
        print(made["id"])


def _list(
    kind: str, columns: Mapping[str, str], search: list[str] | None, order: str, number: int | None, as_json: bool
) -> None:
    asked = {"search": " ".join(search) if search else None, "ordering": order}
    with field_work() as field:
        show_found(columns, field.list(kind, asked, number), as_json)
