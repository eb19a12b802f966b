"""Lines as real programs write them take the fast way, and load what the exact way makes of them."""

import pytest
from factories import a_track_call, as_bytes
from loading import canonical

SUM = '"total":372.99359999999996,"discount":0.30000000000000004,"shipping":4'
LINES = [
    pytest.param(SUM, id="JavaScript: sums of doubles"),
    pytest.param('"total" : 372.99359999999996, "tax": 1.50, "score": 1e-07', id="Python: white space between values"),
    pytest.param('"score":1e-07,"lat":-73.29102993042395,"at":1772359200123456789', id="Go: nanoseconds"),
    pytest.param('"score":1.0E-7,"sum":1.234567890123456E7,"micros":1.772359200123456E15', id="Java: exponents"),
    pytest.param(
        '"total":372.99359999999996,"tax":19.90,"lat":48.85661400000000000', id="PostgreSQL: zeros at the end"
    ),
    pytest.param(f'"products":[{{"price":0.1, {SUM}}},{{{SUM}}}]', id="in an array, which becomes text"),
]


@pytest.mark.parametrize("properties", LINES)
def test_lines_of_real_producers_are_plain(loading, properties):
    line = as_bytes(a_track_call({})).decode().replace('"properties":{}', f'"properties":{{{properties}}}')
    loading.write(line)
    report = loading.load()
    plain = canonical(loading.held())

    loading.without_warehouse().load(force_exact=True)

    assert report["exact_lines"] == 0
    assert plain == canonical(loading.held())
    assert loading.differences() == []
