"""The section `models.identity`: which identifiers join people, and within which limits."""

import re
from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from loader.config.base import Settings
from loader.core.nearest import nearest

IDENTIFIER_TYPES: Final = (
    "user_id",
    "email",
    "android.id",
    "android.idfa",
    "android.push_token",
    "anonymous_id",
    "braze_id",
    "cross_domain_id",
    "ga_client_id",
    "ios.id",
    "ios.idfa",
    "ios.push_token",
)
"""Types of identifiers that are read from the calls without being configured."""
BLOCKED: Final = (
    *("-1", "null", "anonymous", "undefined", "none", "nil", "nan", "n/a", "na", "unknown", "(null)", "(not set)"),
    *("[object object]", "void", "test", "guest", "true", "false"),
)
WINDOW_DAYS: Final = {"weekly": 7, "monthly": 30, "annually": 365}

_LIMIT: Final = re.compile(rf"([1-9]\d{{0,5}}) (ever|{'|'.join(WINDOW_DAYS)})")
_TYPE: Final = re.compile(r"[a-z][a-z0-9_.]{0,62}")
_ORIGIN: Final = re.compile(r"external_ids|(?:traits|context\.traits|properties)(?:\.[^.]+)+")


def read_limit(text: str) -> tuple[int, int | None]:
    """`5 weekly` as the number of values and the days of the window; None means ever.

    Raises ValueError that says what is allowed.
    """
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise ValueError("must be a number and ever, weekly, monthly or annually, such as `5 monthly`")
    return int(match[1]), WINDOW_DAYS.get(match[2])


def _checked_type(name: str) -> str:
    if not _TYPE.fullmatch(name):
        raise ValueError("types of identifiers are lower case letters, digits, underscores and points")
    return name


class IdentitySettings(Settings):
    """How calls become people."""

    resolver: Literal["unify", "components"] = Field(
        "unify",
        description="`unify` merges profiles only within limits; `components` merges everything that is linked.",
    )
    alias_edges: bool = Field(True, description="Whether alias calls join ids.")
    priority: tuple[str, ...] = Field(
        ("user_id", "email"),
        description="Types of identifiers, the most reliable first. All others follow in alphabetical order. If a call "
        "would break a limit, its identifier with the lowest priority is dropped first.",
    )
    limits: dict[str, str] = Field(
        {"user_id": "1 ever"},
        description="Most values of a type in one profile: `1 ever`, `5 weekly` (7 days), `5 monthly` (30), "
        "`5 annually` (365).",
    )
    default_limit: str = Field("5 ever", description="Limit of the types that `limits` does not name.")
    ignored_types: tuple[str, ...] = Field((), description="Types of identifiers that are not used at all.")
    custom: dict[str, tuple[str, ...]] = Field(
        {},
        description="Further types and where they are: `external_ids` (context.externalIds of that type), "
        "`traits.KEY`, "
        "`context.traits.KEY` or `properties.KEY`, such as `phone: [traits.phone]`.",
    )
    blocked_values: tuple[str, ...] = Field(
        BLOCKED, description="Values that are nobody's id, whatever the case of their letters."
    )
    blocked_pattern: str = Field(
        r"^[0-]*$", description="Regular expression (RE2) of further values that are nobody's id."
    )
    max_merges: int = Field(100, ge=1, le=1_000_000, description="Most merges of one profile, with `unify`.")
    max_identifiers: int = Field(1000, ge=1, le=1_000_000, description="Most identifiers of one profile, with `unify`.")
    max_users_per_profile: int = Field(
        5, ge=1, le=1_000_000, description="A run fails when a profile holds more users; aliases count once."
    )

    @field_validator("limits")
    @classmethod
    def _limits(cls, limits: dict[str, str]) -> dict[str, str]:
        for name, text in limits.items():
            _checked_type(name)
            read_limit(text)
        return {"user_id": "1 ever", **limits}

    @field_validator("default_limit")
    @classmethod
    def _limit(cls, text: str) -> str:
        read_limit(text)
        return text

    @field_validator("priority", "ignored_types")
    @classmethod
    def _types(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked_type(name) for name in names)

    @field_validator("custom")
    @classmethod
    def _custom(cls, custom: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, origins in custom.items():
            _checked_type(name)
            if not origins or not all(_ORIGIN.fullmatch(origin) for origin in origins):
                raise ValueError("must be external_ids, traits.KEY, context.traits.KEY or properties.KEY")
        return custom

    @field_validator("blocked_pattern")
    @classmethod
    def _pattern(cls, pattern: str) -> str:
        import duckdb  # takes long to import, and few configurations have a pattern of their own

        try:
            with duckdb.connect() as engine:
                engine.execute("select regexp_matches('', ?)", [pattern])
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"must be a regular expression of RE2, as DuckDB has it: {reason}") from None
        return pattern

    @model_validator(mode="after")
    def _known_types(self) -> "IdentitySettings":
        known = sorted({*IDENTIFIER_TYPES, *self.custom})
        for key, names in (("priority", self.priority), ("limits", self.limits), ("ignored_types", self.ignored_types)):
            for name in names:
                if name not in known:
                    raise ValueError(
                        f"{key}: there is no type of identifier {name!r}; use one of: {', '.join(known)}, or declare "
                        f"it in `custom`{nearest(name, known)}"
                    )
        if not self.types:
            raise ValueError("ignored_types: no type of identifier is left")
        return self

    @property
    def types(self) -> tuple[str, ...]:
        """Every type that is used, by priority."""
        used = {*IDENTIFIER_TYPES, *self.custom} - set(self.ignored_types)
        first = [name for name in self.priority if name in used]
        return (*first, *sorted(used - set(first)))

    def limit_of(self, name: str) -> tuple[int, int | None]:
        """How many values a type may have, and in how many days; None means ever."""
        return read_limit(self.limits.get(name, self.default_limit))
