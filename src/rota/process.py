"""How a process of a server begins: `python -m rota.process http|runner|courier|scheduler|beacon …`."""

import sys

# structlog imports rich wherever it is installed, to draw tracebacks on terminals: a fifth of what a process without a
# terminal costs until it works.
if __name__ in {"__main__", "__mp_main__"}:
    sys.modules["rich"] = None  # type: ignore[assignment]

if __name__ == "__main__":
    from rota.processes import main

    main(sys.argv[1:])
