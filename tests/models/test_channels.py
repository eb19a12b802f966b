"""The channel of a touch: the first row of the table of the docs that applies."""

import pytest
from modelling import Modelling, plain_profiles

SHOP = "https://www.shop.example/"


def referred(host):
    return {"url": SHOP, "context_page_referrer": f"https://{host}/some/page"}


def clicked(query):
    return {"url": f"{SHOP}?{query}"}


CASES = {
    "a medium": ({"context_campaign_medium": " Paid-Social "}, "paid-social"),
    "a medium before a click": ({"context_campaign_medium": "email", **clicked("gclid=1")}, "email"),
    "no medium in words": ({"context_campaign_medium": "(none)", "context_campaign_source": "x"}, "direct"),
    "a direct medium": ({"context_campaign_medium": "Direct"}, "direct"),
    "a direct source": ({"context_campaign_source": "(direct)"}, "direct"),
    "google's click": (clicked("a=1&gclid=1"), "paid-search"),
    "bing's click": (clicked("msclkid=1"), "paid-search"),
    "doubleclick's click": (clicked("dclid=1"), "display"),
    "tiktok's click": (clicked("ttclid=1"), "paid-social"),
    "twitter's click": (clicked("twclid=1"), "paid-social"),
    "linkedin's click": (clicked("li_fat_id=1"), "paid-social"),
    "facebook's click": (clicked("fbclid=1"), "organic-social"),
    "a click before a referrer": ({**referred("www.google.com"), **clicked("fbclid=1")}, "organic-social"),
    "web mail": (referred("mail.google.com"), "email"),
    "a search engine": (referred("www.google.co.uk"), "organic-search"),
    "another search engine": (referred("duckduckgo.com"), "organic-search"),
    "a network": (referred("l.facebook.com"), "organic-social"),
    "a network by its own name": (referred("WWW.Facebook.com:443"), "organic-social"),
    "a network in one country": (referred("pinterest.de"), "organic-social"),
    "a site whose name ends like a network's": (referred("notfacebook.com"), "referral"),
    "another site": (referred("blog.example.org"), "referral"),
    "a source alone": ({"context_campaign_source": "newsletter"}, "other"),
    "a site of ours": (referred("help.shop.example"), None),
    "nothing": ({"url": SHOP}, None),
}


@pytest.fixture(scope="module")
def channels(tmp_path_factory):
    """The channel of each case, by its name; none where the page is no touch."""
    project = Modelling(tmp_path_factory.mktemp("channels"))
    plain_profiles(project)
    for name, (columns, _) in CASES.items():
        project.page(user_id=name, **columns)
    project.run("touches")
    return dict(project.rows("touches", "canonical_segment_id", "channel"))


@pytest.mark.parametrize("name", CASES)
def test_the_channel_is_the_first_that_applies(name, channels):
    assert channels.get(name) == CASES[name][1]
