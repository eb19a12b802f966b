"""Divides the messages of a batch into tables, and counts the values of each column by kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from loader.core.columns import Kind
from loader.core.dialect import literal
from loader.core.messages import Leaf, table_excluded
from loader.core.naming import column_name, event_slug, table_name
from loader.core.samples import KeyPath
from loader.core.tables import CALLS, Target, call_target, event_target
from loader.normalize.columns.leaves import LeafReader
from loader.normalize.columns.tally import Messages, Seen, Tally
from loader.normalize.columns.values import ColumnBatch
from loader.normalize.messages.discover import Discovery
from loader.normalize.messages.stage import Stage

_SPAN: Final = "epoch_us(min(received_at)), epoch_us(max(received_at))"
_ABSORBED: Final[dict[KeyPath, str]] = {("properties", "name"): "name", ("properties", "category"): "category"}
"""Payload keys of pages and screens that are no column of their own where they repeat the top-level key."""

_PAYLOADS: Final = frozenset({"properties", "traits"})
_TRAITS_OF_TRACKS: Final = {"traits": "coalesce(json_type(text, '/properties'), 'NULL') = 'NULL'"}
"""The traits of a track call are its payload only where it has no properties."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How the messages of a source become rows: the resolved `load` section of the configuration."""

    excluded: frozenset[str]
    reserved: frozenset[str]
    null_traits: str
    takes_days: bool
    """Whether a day without a time is a timestamp."""
    users_from_context_traits: bool
    on_conflict: str
    column_cap: int
    table_cap: int
    raw_events: bool
    identifier_bytes: int

    @property
    def timestamp(self) -> str:
        """The name of the engine's macro for strings that are timestamps."""
        return "timestamp_or_day_of" if self.takes_days else "timestamp_of"


@dataclass(slots=True)
class TableBatch:
    """The rows of one batch for one table."""

    target: Target
    condition: str
    """Which rows of the stage: SQL over its columns."""
    event_hashes: Sequence[int] | None = None
    """The `event_hash` of its messages; None for all of the call."""
    columns: dict[str, ColumnBatch] = field(default_factory=dict)
    overflow: dict[str, ColumnBatch] = field(default_factory=dict)
    """Columns beyond the cap: their values become one discard per row."""
    objects: set[KeyPath] = field(default_factory=set)
    """Paths that hold an object to take apart in some message: there they are no value."""
    text_objects: set[KeyPath] = field(default_factory=set)
    """Paths that hold an object kept as text in some message: where it is empty it is no value."""
    rows: int = 0
    source_names: dict[str, str] = field(default_factory=dict)
    """Event names that this table has, with the slug of each."""

    @property
    def absorbed(self) -> Mapping[KeyPath, str]:
        """Payload keys that fill a top-level key, and only become a column if they differ from it."""
        return _ABSORBED if self.target.call in ("page", "screen") else {}

    def reader(self, types: Mapping[KeyPath, str], told: Mapping[KeyPath, str] | None = None) -> LeafReader:
        """A reader of the leaves of these rows. `told`: the SQL of leaves that need no reading."""
        guards = _TRAITS_OF_TRACKS if self.target.call == "track" else {}
        return LeafReader(types, self.absorbed, self.objects, self.text_objects, guards, told)

    def column(self, name: str) -> ColumnBatch:
        """The column of that name, new or known."""
        if name not in self.columns:
            self.columns[name] = ColumnBatch(name, len(self.columns))
        return self.columns[name]


@dataclass(frozen=True, slots=True)
class _Group:
    """Messages of one call, event and signature."""

    call: str
    event: str | None
    event_hash: int
    signature: int
    messages: Messages


def table_batches(stage: Stage, discovery: Discovery, rules: Rules) -> tuple[dict[str, TableBatch], dict[int, str]]:
    """The tables of a batch, by name, and the slug of the event of each `event_hash`."""
    rows = stage.engine.execute(
        f"select call, any_value(event), event_hash, signature, count(*), {_SPAN} "
        f"from {stage.name} group by call, event_hash, signature"
    ).fetchall()
    groups = [
        _Group(call, event, event_hash, signature, Messages(count, first, last, signature))
        for call, event, event_hash, signature, count, first, last in rows
    ]
    batches: dict[str, TableBatch] = {}
    event_hashes: dict[str, list[int]] = {}
    slugs: dict[int, str] = {}
    table_of: dict[int, str] = {}
    for group in groups:
        if group.call == "track" and group.event_hash not in table_of:
            name = table_of[group.event_hash] = table_name(group.event, rules.identifier_bytes)
            event_hashes.setdefault(name, []).append(group.event_hash)
            if group.event is not None:
                slugs[group.event_hash] = event_slug(group.event, rules.identifier_bytes)
            batch = batches.setdefault(name, TableBatch(event_target(name), ""))
            batch.source_names[group.event or ""] = slugs.get(group.event_hash, "")
    for name, chosen in event_hashes.items():
        batches[name].condition = f"event_hash in ({', '.join(map(str, sorted(chosen)))})"
        batches[name].event_hashes = chosen
    for call in CALLS:
        if any(group.call == call for group in groups):
            target = call_target(call)
            batches[target.name] = TableBatch(target, f"call = {literal(call)}")
    _add_leaves(groups, batches, table_of, discovery, rules)
    _add_specials(stage, batches, table_of, rules)
    for batch in batches.values():
        for column in batch.columns.values():
            # The address in the context takes precedence over that of the request.
            column.paths = dict.fromkeys(sorted(column.paths, key=lambda path: (path[0] != "context", path)))
    return batches, slugs


def combined(batches: Sequence[TableBatch]) -> TableBatch:
    """The payloads of several events as one batch. A column has all paths that it has in any of them."""
    event_hashes = [event_hash for batch in batches for event_hash in batch.event_hashes or ()]
    whole = TableBatch(event_target(""), f"event_hash in ({', '.join(map(str, sorted(event_hashes)))})", event_hashes)
    for batch in batches:
        whole.objects |= batch.objects
        whole.text_objects |= batch.text_objects
        for name, given in batch.columns.items():
            paths = {path: None for path in given.paths if path[0] in _PAYLOADS}
            special_paths = {path: None for path in given.special_paths if path[0] in _PAYLOADS}
            if paths or special_paths:
                column = whole.column(name)
                column.paths |= paths
                column.special_paths |= special_paths
                for kind, signatures in given.signatures.items():
                    column.signatures.setdefault(kind, []).extend(signatures)
    return whole


def _add_leaves(
    groups: Iterable[_Group],
    batches: Mapping[str, TableBatch],
    table_of: Mapping[int, str],
    discovery: Discovery,
    rules: Rules,
) -> None:
    tallies: dict[str, Tally] = {}
    for group in groups:
        columns = discovery.columns(group.call, group.signature)
        numbers = discovery.leaf_numbers(group.call, group.signature)
        for batch in _targets(group.call, group.event_hash, batches, table_of):
            batch.rows += group.messages.count
            batch.objects |= columns.objects
            batch.text_objects |= columns.text_objects
            tallies.setdefault(batch.target.name, Tally()).add(group.messages, numbers)
    leaves = discovery.leaves
    for name, tally in tallies.items():
        batch, excluded = batches[name], table_excluded(rules.excluded, name)
        for number, seen in tally.seen():
            leaf = leaves[number]
            if leaf.column not in excluded and (leaf.is_context or batch.target.has_payload):
                is_timestamp = leaf.is_timestamp or (leaf.is_day and rules.takes_days)
                _count(batch.column(leaf.column), leaf, seen, is_timestamp)


def _targets(
    call: str, event_hash: int, batches: Mapping[str, TableBatch], table_of: Mapping[int, str]
) -> Iterable[TableBatch]:
    yield batches[call_target(call).name]
    if call == "track":
        yield batches[table_of[event_hash]]


def _count(column: ColumnBatch, leaf: Leaf, seen: Seen, is_timestamp: bool = False) -> None:
    column.paths[leaf.path] = None
    counts = column.evidence.counts
    counts[leaf.kind] = counts.get(leaf.kind, 0) + seen.count
    column.evidence.timestamps += seen.count * is_timestamp
    column.signatures.setdefault(leaf.kind, []).append(seen.signatures)
    column.first_seen = seen.first if column.first_seen is None else min(column.first_seen, seen.first)
    column.last_seen = seen.last if column.last_seen is None else max(column.last_seen, seen.last)


def _add_specials(stage: Stage, batches: Mapping[str, TableBatch], table_of: Mapping[int, str], rules: Rules) -> None:
    """Add values beside the message, from the exact parser."""
    rows = stage.engine.execute(
        f"select call, event_hash, entry.key, entry.value[1], signature, count(*), {_SPAN} from "
        f"(select call, event_hash, signature, received_at, unnest(map_entries(specials)) as entry from {stage.name} "
        f"where specials is not null) group by all"
    ).fetchall()
    for call, event_hash, pointer, tag, signature, count, first, last in rows:
        path = path_of(pointer)
        name = column_name(path, call, rules.identifier_bytes, rules.reserved)
        is_context = path[0] == "context"
        leaf = Leaf(path, name, Kind.HUGE if tag == "d" else Kind.JSON, is_context)
        for batch in _targets(call, event_hash, batches, table_of):
            excluded = rules.excluded | table_excluded(rules.excluded, batch.target.name)
            if name in excluded or not (is_context or batch.target.has_payload):
                continue
            column = batch.column(name)
            had = path in column.paths
            _count(column, leaf, Seen.of(Messages(count, first, last, signature)))
            if not had:
                del column.paths[path]
            column.special_paths[path] = None


def path_of(pointer: str) -> KeyPath:
    """The path of a JSON pointer."""
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])
