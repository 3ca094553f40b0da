"""The command as a user runs it, on an embedded database of its own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import main

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `tocsin init` leaves it; made once, copied for every test."""
    folder = tmp_path_factory.mktemp("prepared")
    done = CliRunner().invoke(main, ["init"], env={"TOCSIN_DATA_DIR": str(folder)})
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Run]:
    """Run a command on a machine where nothing is prepared."""
    before = logging.root.handlers[:]

    def run(*words: str, **more: str) -> Result:
        env = {"TOCSIN_DATA_DIR": str(tmp_path / "data"), "TOCSIN_LOG_LEVEL": "ERROR"}
        given = more.pop("stdin", None)
        done = CliRunner().invoke(main, [*words], env=env | more, input=given)
        assert "Traceback" not in done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    yield run
    logging.root.handlers[:] = before


@pytest.fixture
def tocsin(outside: Run, prepared: Path, tmp_path: Path) -> Run:
    """Run a command after `tocsin init`."""
    shutil.copytree(prepared, tmp_path / "data")
    return outside
