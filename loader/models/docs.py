"""Writes pages about the models from their headers and SQL, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from loader.models.catalog import Catalog
from loader.models.header import Column
from loader.models.lineage import column_lineage

INDEX = "index.md"


def pages(catalog: Catalog) -> dict[str, str]:
    """All pages by file name: the index with the graph, one page per model, one per input."""
    return {
        INDEX: index_page(catalog),
        **{f"{name}.md": model_page(catalog, name) for name in sorted(catalog.models)},
        **{f"{name}.md": input_page(catalog, name) for name in sorted(catalog.inputs)},
    }


def index_page(catalog: Catalog) -> str:
    """The index: all models and inputs, with a graph that GitHub and most editors can draw."""
    lines = ["# Models", "", "| Model | One row per | What it answers |", "|---|---|---|"]
    for step in catalog.steps:
        for table in step.tables:
            model = catalog.models[table]
            lines.append(f"| [{table}]({table}.md) | {_cell(model.grain)} | {_cell(model.description)} |")
    lines += ["", "## Inputs", "", "| Input | What it holds |", "|---|---|"]
    lines += [f"| [{name}]({name}.md) | {_cell(catalog.inputs[name].description)} |" for name in sorted(catalog.inputs)]
    return "\n".join([*lines, "", "## Graph", "", *graph(catalog), ""])


def graph(catalog: Catalog) -> Iterator[str]:
    """The graph as a Mermaid block, with an arrow from each table to the tables made from it."""
    yield "```mermaid"
    yield "graph LR"
    for step in catalog.steps:
        for table in step.tables:
            for read in step.reads:
                yield f"  {read} --> {table}"
    yield "```"


def model_page(catalog: Catalog, name: str) -> str:
    """The page of a model: columns and their origin, parameters, checks, neighbours in the graph."""
    model, step = catalog.models[name], catalog.step_of(name)
    used_by = sorted(table for other in catalog.steps if name in other.reads for table in other.tables)
    lines = [f"# {name}", "", model.description, "", f"- Grain: {model.grain}"]
    lines.append(f"- Keys: {_codes(model.keys) or 'none'}")
    lines.append(f"- Made from: {_links(step.reads) or 'nothing'}")
    lines.append(f"- Read by: {_links(used_by) or 'no model'}")
    parameters = model.parameters or (catalog.python[model.made_by].parameters if model.made_by else ())
    lines.append(f"- Parameters: {_codes(parameters) or 'none'}")
    lines.append(f"- Made by: {'Python, ' + model.made_by if model.made_by else 'SQL'}")
    origins = column_lineage(catalog, name)
    lines += ["", "## Columns", "", "| Column | Type | Meaning | Computed from |", "|---|---|---|---|"]
    for column in model.columns:
        computed = ", ".join(f"`{o.table}.{o.column}`" for o in origins.get(column.name, ()))
        lines.append(f"| `{column.name}` | {column.type} | {_cell(column.description)} | {computed} |")
    if model.further_columns:
        lines += ["", f"Further columns: {model.further_columns}"]
    if model.keys or model.checks:
        lines += ["", "## Checks", "", "| Check | Rows that are wrong | On failure |", "|---|---|---|"]
    if model.keys:
        lines.append(f"| `keys_are_unique` | {_codes(model.keys)} occurs twice | the run fails |")
        lines.append(f"| `keys_are_not_null` | one of {_codes(model.keys)} is null | the run fails |")
    for check in model.checks:
        reaction = "the run fails" if check.severity == "fail" else "a warning"
        lines.append(f"| `{check.name}` | `{_cell(check.sql)}` | {reaction} |")
    return "\n".join([*lines, ""])


def input_page(catalog: Catalog, name: str) -> str:
    """The page of an input: its origin and its columns."""
    given = catalog.inputs[name]
    if given.is_external:
        origin = f"`models.inputs.{given.bare_name}` of the configuration; empty when it is not set"
    elif given.call is not None:
        origin = f"{given.call} calls of all sources"
    else:
        origin = f"the events {', '.join(f'`{event}`' for event in given.events)} of all sources"
    taken = {column.name: column.taken_from for column in given.declared}
    lines = [f"# {name}", "", given.description, "", f"- From: {origin}", f"- Keys: {_codes(given.keys) or 'none'}"]
    lines += ["", "## Columns", "", "| Column | Type | Meaning | Taken from |", "|---|---|---|---|"]
    lines += [_input_row(column, taken.get(column.name, (column.name,))) for column in given.columns]
    return "\n".join([*lines, ""])


def _input_row(column: Column, taken: tuple[str, ...]) -> str:
    return f"| `{column.name}` | {column.type} | {_cell(column.description)} | {_codes(taken)} |"


def _codes(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _links(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"[{name}]({name}.md)" for name in names)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
