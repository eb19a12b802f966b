"""Text from data is text on the page, whatever it holds."""

import pytest

from loader.report.markup import Html, element, shortened, text


def test_text_from_data_is_escaped():
    """Neither an element nor an attribute can be left."""
    made = element("p", "<script>alert(1)</script>", title='"><script>')

    assert made == '<p title="&quot;&gt;&lt;script&gt;">&lt;script&gt;alert(1)&lt;/script&gt;</p>'


def test_markup_is_put_in_as_it_is():
    """Elements within elements are not escaped twice."""
    assert element("p", element("b", "a & b")) == "<p><b>a &amp; b</b></p>"
    assert isinstance(element("p"), Html)


@pytest.mark.parametrize(
    "written",
    ["jane.doe@mail.example", "hello Jane.Doe+x@mail.example!", "https://x.example/?to=jane%40mail.example&b=1"],
)
def test_an_address_in_a_name_is_masked(written):
    """Names of events and campaigns are free text: an address in one of them does not reach the page."""
    assert "mail.example" not in text(written)
    assert "(address)" in text(written)


def test_a_name_with_an_at_sign_stays():
    """Only what looks like an address is masked."""
    assert text("sale @ home") == "sale @ home"


def test_a_long_name_is_cut_after_its_address_is_masked():
    """A cut must not leave half of an address that is no longer recognised as one."""
    assert shortened("Welcome jane.doe@mail.example", 27) == "Welcome (address)"
    assert shortened("abcdef", 4) == "abc…"
