"""The commands of the models: run, list, docs and export-dbt."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from loader.commands.loading import published
from loader.commands.output import Output, shortened
from loader.commands.progress import Progress
from loader.config import Config
from loader.core.plurals import counted
from loader.jobs.textfiles import write_texts

_MOST_NAMES: Final = 4
"""Names of a list that are shown; `loader models docs` shows all of them."""


def run(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Make the models again and check them. Readers see all new tables at once, or the old ones."""
    result = make(arguments.select or (), arguments, config, output)
    code = int(result["exit_code"])
    if not code and not arguments.dry_run:
        copy, code = published(config, output, code)
        result |= {**copy, "exit_code": code}
    output.result(result)
    return code


def make(select: Sequence[str], arguments: argparse.Namespace, config: Config, output: Output) -> dict[str, Any]:
    """Make the selected models (all by default) and print the result."""
    from loader.jobs.models import dry_run_models, run_models, with_as_of

    config, is_dry = with_as_of(config, arguments.as_of), arguments.dry_run
    with Progress(output.as_json, "reading the models") as progress:
        job = dry_run_models if is_dry else run_models
        report = job(config, datetime.now(UTC), select, progress=lambda name: progress(f"making {name}"))
    result = report.as_dict()
    for name in result["overridden"]:
        output.line(f"{name}: yours, in {config.models.folder}, replaces ours")
    title = f"models as of {report.as_of:%Y-%m-%d %H:%M} UTC"
    if is_dry:
        output.line(f"{title} (dry run): all models and checks fit the tables there are; nothing was written")
        if missing := shortened(result["never_made"], _MOST_NAMES):
            output.line(
                f"a run would stop: it needs {missing}, never made so far; put + before a name to make what it needs"
            )
        else:
            output.line(f"a run would make {shortened([made['name'] for made in result['models']], _MOST_NAMES)}")
        return result
    rows = [
        (
            made["name"],
            f"{made['rows']:,}",
            "all" if (n := made["keys_recomputed"]) is None else counted(n, "value"),
            f"{made['seconds']:.2f}",
        )
        for made in result["models"]
    ]
    output.table(("model", "rows", "computed", "seconds"), rows, title)
    for reason in dict.fromkeys(made["full_because"] for made in result["models"] if made["full_because"]):
        names = [made["name"] for made in result["models"] if made["full_because"] == reason]
        output.line(
            f"made in full: {', '.join(names[:_MOST_NAMES])}{', …' if len(names) > _MOST_NAMES else ''}: {reason}"
        )
    for made in result["models"]:
        if made["facts"]:
            said = ", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in made["facts"].items())
            output.line(f"{made['name']}: {said}")
    for check in result["checks"]:
        _print_failures(check, output)
    if left := result["left_over"]:
        output.line(f"left of models that exist no longer; drop those that nobody reads: {', '.join(left)}")
    passed = sum(check["passed"] for check in result["checks"])
    output.line(f"{passed} of {counted(len(result['checks']), 'check')} passed")
    if report.exit_code:
        output.line("the tables were not replaced: readers see the ones of the last run that passed")
    return result


def _print_failures(check: dict[str, Any], output: Output) -> None:
    if check["not_run_without"]:
        where = f"{check['model']}.{check['check']}"
        output.line(f"not asked: {where}, because {check['not_run_without']} has never been made")
    if check["passed"]:
        return
    word = "failed" if check["severity"] == "fail" else "warning"
    title = f"{word}: {check['model']}.{check['check']}: {counted(check['failures'], 'row')}"
    columns = list(check["rows"][0])
    shown = f", the first {len(check['rows'])}" if check["failures"] > len(check["rows"]) else ""
    output.table(columns, [tuple(row.values()) for row in check["rows"]], f"{title}{shown}")


def list_models(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """List every model, in the order in which they are made, and every input."""
    from loader.jobs.models import catalog_of

    catalog = catalog_of(config, datetime.now(UTC))
    models: list[dict[str, Any]] = [
        {
            "name": table,
            "made_by": catalog.models[table].made_by or "sql",
            "grain": catalog.models[table].grain,
            "reads": list(step.reads),
            "description": catalog.models[table].description,
            "file": str(catalog.models[table].path),
            "yours": catalog.models[table].path.is_relative_to(config.models.folder),
        }
        for step in catalog.steps
        for table in step.tables
    ]
    inputs = [
        {"name": given.name, "description": given.description, "external": given.is_external, "file": str(given.path)}
        for given in catalog.inputs.values()
    ]
    rows = [
        (m["name"], m["made_by"], m["grain"], shortened(m["reads"], _MOST_NAMES), "yes" if m["yours"] else "")
        for m in models
    ]
    output.table(("model", "made by", "grain", "reads", "yours"), rows)
    output.line()
    output.table(("input", "holds"), [(given["name"], given["description"]) for given in inputs])
    output.result({"models": models, "inputs": inputs})
    return 0


def docs(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Print the graph, columns, checks and lineage as Markdown, or write them into a folder of pages."""
    from loader.jobs.models import catalog_of
    from loader.models.docs import INDEX, pages

    catalog = catalog_of(config, datetime.now(UTC))
    written = pages(catalog)
    if arguments.name is not None:
        wanted = f"{arguments.name}.md"
        if wanted not in written:
            catalog.step_of(arguments.name)  # raises an error that suggests the nearest name
        written = (
            {wanted: written[wanted]}
            if wanted in written
            else {f"{table}.md": written[f"{table}.md"] for table in catalog.step_of(arguments.name).tables}
        )
    if arguments.output is None:
        shown = list(written.values()) if arguments.name else [written[INDEX]]
        output.line("\n".join(shown))
        output.result({"pages": written})
        return 0
    folder = Path(arguments.output)
    write_texts(folder, written, "the pages")
    output.line(f"wrote {counted(len(written), 'page')} to {folder}")
    output.result({"written": [str(folder / name) for name in written]})
    return 0


def export_dbt(arguments: argparse.Namespace, config: Config, output: Output) -> int:
    """Write the models as a dbt project, for teams that run dbt."""
    from loader.jobs.models_export import export_dbt as export_job

    written = export_job(config, datetime.now(UTC), Path(arguments.folder), arguments.dialect)
    output.line(f"wrote {counted(len(written), 'file')} to {arguments.folder}")
    output.line(f"next: dbt build --project-dir {arguments.folder} --profiles-dir {arguments.folder}")
    output.result({"folder": arguments.folder, "dialect": arguments.dialect, "written": written})
    return 0
