"""What tests of the store need besides: a disk that is soon full."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with room for one MiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    if run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("no permission to mount a small disk")
    yield folder
    run(["umount", "-l", str(folder)], check=True)
