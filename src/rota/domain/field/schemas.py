"""Whether answers are as the JSON Schema of their form wants them."""

from typing import Any

import jsonschema_rs
import msgspec

from rota.domain.faults import Path


def faults_of(schema: str, data: Any) -> list[tuple[Path, str]]:
    """What is wrong with the answers: places in them, and sentences."""
    validator = jsonschema_rs.validator_for(msgspec.json.decode(schema))
    return [(tuple(each.instance_path), each.message) for each in validator.iter_errors(data)]
