"""Messages, objects and names that several cases use."""

import gzip

from factories import a_track_call, an_archive_object
from golden.cases import eight

M1 = {"m1": {"user_id": "u-1", "event_text": "Order Completed"}}
GOOD = a_track_call({"total": 1}, message_id="good")
TABLE = "order_completed"
THREE = an_archive_object(a_track_call({"n": n}, message_id=f"m{n}") for n in (1, 2, 3))
CUT = THREE[: THREE.rindex(b'"messageId"') + 20]
PLAIN_STORED = gzip.compress(THREE, 0, mtime=0)
THREE_ROWS = {TABLE: {f"m{n}": {"n": str(n)} for n in (1, 2, 3)}}
NAMELESS = f"event_{eight('')}"
LONG = "a" * 300
LONG_TABLE = f"{'a' * 237}_{eight(LONG)}"
