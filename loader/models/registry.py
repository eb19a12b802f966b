"""The Python models, which run SQL from Python. Each of their tables has a header in `sql/models`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from loader.models.context import Context


@dataclass(frozen=True, slots=True)
class PythonModel:
    """One Python model. It writes the tables whose header says `-- made by: NAME`."""

    name: str
    reads: tuple[str, ...]
    """Models and inputs that it reads."""
    entry: str
    """`module:function`; the function takes the Context. Imported when it runs."""
    parameters: tuple[str, ...] = ()
    """Parameters that it uses, for the documentation."""

    def load(self) -> Callable[[Context], None]:
        """The function that runs the model."""
        module, function = self.entry.split(":")
        run: Callable[[Context], None] = getattr(import_module(module), function)
        return run


PYTHON_MODELS: Final[tuple[PythonModel, ...]] = (
    PythonModel(
        "account_audience_changes",
        ("account_audience_candidates",),
        "loader.models.account_audience_changes:changes",
        ("as_of",),
    ),
    PythonModel("audience_history", ("id_graph",), "loader.models.audience_changes:history"),
    PythonModel(
        "audience_changes", ("audience_candidates", "id_graph"), "loader.models.audience_changes:changes", ("as_of",)
    ),
    PythonModel(
        name="funnels",
        # It reads the tables that its settings name; for the lineage, these inputs represent them.
        reads=("event_profiles", "input_pages", "input_screens", "input_tracks"),
        entry="loader.models.funnels:run",
        parameters=("as_of", "funnels"),
    ),
    PythonModel(
        name="markov",
        reads=("attribution_paths", "touches"),
        entry="loader.models.markov:run",
        parameters=("attribution_lookback_days", "attribution_markov_min_conversions"),
    ),
    PythonModel(
        name="ltv",
        reads=("ltv_order_days", "ltv_rfm"),
        entry="loader.models.ltv.run:run",
        parameters=(
            "audiences_likelihood_days",
            "ltv_as_of",
            "ltv_discount_rate",
            "ltv_guide_compat",
            "ltv_guide_parameters",
            "ltv_guide_periods",
            "ltv_guide_window_days",
            "ltv_holdout_days",
            "ltv_horizon_days",
            "ltv_minimum_q",
            "ltv_minimum_repeat_buyers",
            "timezone",
        ),
    ),
    PythonModel(
        name="identity",
        reads=(
            *("input_aliases", "input_groups", "input_identifies", "input_pages", "input_screens", "input_tracks"),
            "input_identity_deletions",
        ),
        entry="loader.models.identity.model:run",
        parameters=(
            *("as_of", "identity_alias_edges", "identity_blocked_pattern", "identity_blocked_values"),
            *("identity_custom", "identity_default_limit", "identity_ignored_types", "identity_limits"),
            *("identity_max_identifiers", "identity_max_merges", "identity_priority", "identity_resolver"),
        ),
    ),
)
