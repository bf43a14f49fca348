"""A form: what an answer must look like."""

import msgspec


class Form(msgspec.Struct, frozen=True, gc=False):
    """`fields` is the JSON Schema of the answers, as JSON text. `has_task` says that a task is about it."""

    id: int
    title: str
    id_string: str
    version: str
    fields: str
    has_task: bool
    created_at: int
    modified_at: int
