"""What schemathesis asks an application that it knows from its description only."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

Check = Callable[[Any], None]


def read(app: Callable[..., Any], document: Mapping[str, Any]) -> Any:
    """What schemathesis makes of the description of a WSGI application."""
    text = json.dumps(document).encode()

    def described(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/openapi.json":
            return app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [text]

    return schemathesis.openapi.from_wsgi("/openapi.json", described)


def edges(schema: Any, operation: Any) -> Iterator[Any]:
    """Questions at every edge of the description, inside it and outside."""
    config = schema.config.generation
    return iter(schema.iter_coverage_cases(operation, generation_modes=list(GenerationMode), generation_config=config))


def invent(operation: Any, check: Check, mode: GenerationMode, examples: int) -> None:
    """Check the answers to so many questions that are as described, or that are not."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(mode))
    def ask(case: Any) -> None:
        check(case)

    ask()
