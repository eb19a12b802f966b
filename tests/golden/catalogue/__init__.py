"""The bad-input catalogue of the warehouse contract, section 8, as cases. Expectations are written from the contract."""

from golden.catalogue.envelopes import IDS, TIMES, TYPES_AND_ENVELOPES
from golden.catalogue.lines import BYTES_AND_LINES, NUMBERS
from golden.catalogue.names import EVENT_NAMES, PROPERTY_NAMES
from golden.catalogue.payloads import PAYLOADS

CASES = [
    *BYTES_AND_LINES,
    *NUMBERS,
    *EVENT_NAMES,
    *PROPERTY_NAMES,
    *TYPES_AND_ENVELOPES,
    *IDS,
    *TIMES,
    *PAYLOADS,
]
