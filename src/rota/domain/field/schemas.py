"""Whether answers are as the JSON Schema of their form wants them."""

from typing import Any

import jsonschema_rs
import msgspec

from rota.domain.faults import Fault


def faults_of(schema: str, data: Any) -> list[Fault]:
    """What is wrong with the answers, each fault with its place in them."""
    validator = jsonschema_rs.validator_for(msgspec.json.decode(schema))
    return [Fault(tuple(each.instance_path), each.message) for each in validator.iter_errors(data)]
