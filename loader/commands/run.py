"""`loader run`: load, make the models and publish, in one command."""

import argparse
from datetime import UTC, datetime
from typing import Any

from loader.commands import models
from loader.commands.loading import failure, is_any_loaded, load_sources, published
from loader.commands.output import Output
from loader.config import Config
from loader.errors import BusyError, TerminalError, TransientError


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Load what is new in every source, make all models, and replace the published copy once.

    The exit code is the higher one of both steps. If a source fails, the models are still made; if all fail, not.
    """
    from loader.jobs.models import catalog_of, with_as_of
    from loader.models.external import check_files

    # Errors in the models are reported before anything is loaded.
    catalog_of(with_as_of(config, arguments.as_of), datetime.now(UTC))
    check_files(config.models.inputs)
    reports, code = load_sources(config.sources, arguments, config, output)
    result: dict[str, Any] = {"load": {"sources": reports, "exit_code": code}, "models": None}
    output.line()
    if not is_any_loaded(reports):
        output.line("the models were not made: no source could be loaded")
    else:
        result["models"] = _models(arguments, config, output)
        code = max(code, result["models"]["exit_code"])
        if not arguments.dry_run:
            copy, code = published(config, output, code)
            result |= copy
    output.result({**result, "dry_run": arguments.dry_run, "exit_code": code})
    return code


def _models(arguments: argparse.Namespace, config: Config, output: Output) -> dict[str, Any]:
    """The report of the models, or the error that ended them. Either way, what was loaded is then published."""
    try:
        return models.make((), arguments, config, output)
    except (BusyError, TerminalError, TransientError) as error:
        return {**failure(error, output), "exit_code": error.exit_code}
