"""Turns the report of a load into metadata of assets."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from loader.inventory import Table

# Counts of the whole run, shown on each of its assets. Dagster plots numbers.
RUN_COUNTS = ("objects", "lines", "messages", "duplicates", "conflicts", "bytes_read", "seconds")
MOST_ROWS = 100

Metadata = dict[str, Any]


def run_metadata(report: Mapping[str, Any]) -> Metadata:
    """The counts of one load, and what it set aside, by reason."""
    metadata: Metadata = {name: report[name] for name in RUN_COUNTS if report.get(name) is not None}
    for name, heading in (("quarantined", "quarantined_by_reason"), ("discards", "discards_by_reason")):
        counts = dict(report.get(name) or {})
        metadata[name] = sum(counts.values())
        if counts:
            metadata[heading] = _two_columns(counts, "reason", "count")
    if report.get("warning_counts"):
        metadata["warning_counts"] = _two_columns(report["warning_counts"], "warning", "count")
    for name in ("warnings", "failed_objects"):
        if report.get(name):
            metadata[name] = dg.MetadataValue.md("\n".join(f"- {_words(item)}" for item in report[name][:MOST_ROWS]))
    return metadata


def table_metadata(table: Table | None, rows: int, report: Mapping[str, Any]) -> Metadata:
    """The metadata of one table: rows, rows added by this load, columns, and new columns."""
    if table is None:
        return {"dagster/row_count": 0, "rows_loaded": 0, "exists": False}
    columns = [dg.TableColumn(name, kind) for name, kind in table.columns]
    metadata: Metadata = {
        "dagster/row_count": rows,
        "rows_loaded": int(dict(report.get("rows") or {}).get(table.name, 0)),
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "is_new_table": table.name in (report.get("new_tables") or ()),
    }
    new = [column for name, column in _new_columns(report) if name == table.name]
    if new:
        metadata["new_columns"] = dg.MetadataValue.md(", ".join(f"`{column}`" for column in new[:MOST_ROWS]))
    return metadata


def events_metadata(tables: Mapping[str, tuple[Table, int]], report: Mapping[str, Any]) -> Metadata:
    """The metadata of all event tables together: their number, rows, and new ones."""
    loaded = dict(report.get("rows") or {})
    new = [name for name in report.get("new_tables") or () if name in tables]
    largest = sorted(tables.items(), key=lambda item: (-item[1][1], item[0]))[:MOST_ROWS]
    metadata: Metadata = {
        "dagster/row_count": sum(rows for _, rows in tables.values()),
        "rows_loaded": sum(int(loaded.get(name, 0)) for name in tables),
        "event_tables": len(tables),
    }
    if largest:
        metadata["tables"] = dg.MetadataValue.table(
            [
                dg.TableRecord({"table": name, "rows": rows, "loaded": int(loaded.get(name, 0)), "columns": width})
                for name, rows, width in ((name, rows, len(table.columns)) for name, (table, rows) in largest)
            ]
        )
    if new:
        metadata["new_tables"] = dg.MetadataValue.md(", ".join(f"`{name}`" for name in new[:MOST_ROWS]))
    changed = [f"`{name}.{column}`" for name, column in _new_columns(report) if name in tables]
    if changed:
        metadata["new_columns"] = dg.MetadataValue.md(", ".join(changed[:MOST_ROWS]))
    return metadata


def _new_columns(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Pairs of table and column, from `table.column`."""
    pairs = (str(name).partition(".") for name in report.get("new_columns") or ())
    return [(table, column) for table, _, column in pairs]


def _two_columns(counts: Mapping[str, int], first: str, second: str) -> dg.TableMetadataValue:
    largest = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_ROWS]
    return dg.MetadataValue.table([dg.TableRecord({first: name, second: int(count)}) for name, count in largest])


def _words(item: object) -> str:
    if isinstance(item, Mapping):
        return ", ".join(f"{key} {value}" for key, value in item.items())
    return str(item)
