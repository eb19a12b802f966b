"""When two stored values are the same: both have the same canonical text, whatever column type holds them.

Timestamps are UTC microseconds, numbers have no trailing zeros and no exponent, text stays as it is. A value that a text
column took from a number or a timestamp has the text of that number or timestamp.
"""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d))?)?", re.ASCII
)
SPELLED_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.0|\.\d*[1-9])?(?:[eE][+-]?\d+)?", re.ASCII)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*')


def number_text(number: Decimal | float) -> str:
    """1.50 → 1.5, 12.0 → 12, 1e3 → 1000, -0.0 → 0; a float by its shortest spelling."""
    exact = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    plain = format(exact, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain


def instant_text(instant: datetime) -> str:
    """UTC with microseconds."""
    naive = instant.astimezone(UTC).replace(tzinfo=None)
    return naive.isoformat(timespec="microseconds") + "Z"


def read_instant(text: str) -> datetime | None:
    """The instant of a string that the timestamp rule accepts, None for any other string."""
    match = TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    micros = int(((match[7] or "") + "000000")[:6])
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
    try:
        zone = timezone(-offset if match[8] == "-" else offset)
        return datetime(year, month, day, hour, minute, second, micros, zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def text_of(text: str) -> str:
    """A text as it is, unless it is the text of a timestamp, a number or JSON, which engines respell."""
    instant = read_instant(text)
    if instant is not None:
        return instant_text(instant)
    if SPELLED_NUMBER.fullmatch(text):
        return number_text(Decimal(text)) if abs(Decimal(text).adjusted()) < 400 else text
    return json_text_of(text) if text[:1] in ("[", "{") else text


def json_text_of(text: str) -> str:
    """JSON with one spelling per number and string; white space, order and repeated keys stay."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return TOKEN.sub(_token, text)


def _token(match: re.Match[str]) -> str:
    token = match[0]
    if token.startswith('"'):
        return json.dumps(json.loads(token, strict=False), ensure_ascii=False)
    return number_text(Decimal(token)) if abs(Decimal(token).adjusted()) < 400 else token


def cell_of(value: object) -> str | None:
    """A value read from a warehouse."""
    if value is None or isinstance(value, str):
        return None if value is None else text_of(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, (int, float, Decimal)):
        return number_text(value if isinstance(value, float) else Decimal(value))
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no canonical text for {type(value).__name__}")
