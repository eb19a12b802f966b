"""Reads deletions of identifiers, an external input, which are applied in the order of arrival, like calls.

Makes `_identity_deletions(identifier, seq, deleted_at)`; `seq` is the last call that arrived before the deletion.
"""

from __future__ import annotations

from loader.config.models.identity import IdentitySettings
from loader.core.dialect import literal
from loader.models.identity.observed import normalised
from loader.models.identity.work import Work


def read_deletions(work: Work, table: str, settings: IdentitySettings) -> None:
    """Make the table that the module describes. Deletions of ids that never occurred are ignored."""
    places = " ".join(f"when {literal(name)} then {place}" for place, name in enumerate(settings.types))
    value = (
        f"case id_type when 'email' then {normalised('email', 'id_value')} "
        f"when 'phone' then {normalised('phone', 'id_value')} else {normalised('', 'id_value')} end"
    )
    work.make(
        "_identity_deletions",
        "select distinct i.identifier, d.deleted_at, coalesce(e.seq, 0) as seq "
        f"from (select case id_type {places} end as type, {value} as value, deleted_at from {table}) as d "
        "join _identity_identifiers as i on i.type = d.type and i.value = d.value "
        "asof left join (select received_at, max(seq) as seq from _identity_events where received_at is not null "
        "group by received_at) as e on d.deleted_at > e.received_at where d.deleted_at is not null",
    )
