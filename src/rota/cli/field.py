"""`rota field`: the daily things of the field, on the server of ROTA_URL, else on the one on this machine."""

import typer

from rota.cli import field_answers, field_places, field_tasks

field = typer.Typer(
    help="Recurring tasks at places, answered by people in the field.",
    no_args_is_help=True,
)
for _verbs in (field_answers.answers, field_places.imports):
    field.add_typer(_verbs)
field.add_typer(field_tasks.task, name="task")
field.add_typer(field_answers.submission, name="submission")
field.add_typer(field_places.location, name="location")
field.add_typer(field_places.form, name="form")
field.add_typer(field_places.named("clients", "For whom tasks are done."), name="client")
field.add_typer(field_places.named("projects", "Tasks that belong together."), name="project")
