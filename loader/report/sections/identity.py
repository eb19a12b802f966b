"""How calls were joined into profiles. Shows no identifier and names no person."""

from loader.core.plurals import counted
from loader.report.charts import Chart, Series, ranked_bars
from loader.report.facts import Facts
from loader.report.markup import Html, joined
from loader.report.numbers import count, number_of, share
from loader.report.section import Section, good_news, part_of_models
from loader.report.tables import Column, listing, tiles

SIZES = (
    Column("size", "Identifiers of a profile"),
    Column("profiles", "Profiles", count),
    Column("identifiers", "Identifiers together", count),
)
_TYPES = (
    Column("type", "Type"),
    Column("identifiers", "Identifiers", count),
    Column("profiles", "Profiles that have one", count),
)
VIOLATIONS = (
    Column("code", "Rule"),
    Column("id_type", "Type of the identifier"),
    Column("violations", "Times", count),
    Column("profiles", "Profiles", count),
)
_MOST_DRAWN = 12


def identity(facts: Facts) -> Section:
    """The section on profiles."""
    none = "No call has an identifier yet."
    return Section(
        "identity",
        "Who is who",
        "How many people stand behind the identifiers, and where the rules kept profiles apart.",
        [
            part_of_models(facts, ["id_graph"], "Merges", lambda: _merges(facts), none),
            part_of_models(facts, ["external_id_mapping"], "Sizes of profiles", lambda: _sizes(facts), none),
            part_of_models(facts, ["identity_violations"], "Rules at work", lambda: _violations(facts), none),
        ],
    )


def _merges(facts: Facts) -> Html | None:
    (found,) = facts.model("merges")
    created = number_of(found["created"])
    if not created:
        return None
    merged = number_of(found["merged"])
    return tiles(
        [
            ("People", count(found["people"]), "profiles after all merges"),
            (
                "Merges",
                count(found["merged"]),
                f"{share(merged / created)} of {counted(int(created), 'profile')} created",
            ),
            ("Joined from several", count(found["people_of_several"]), f"at most {count(found['largest'])} in one"),
        ]
    )


def _sizes(facts: Facts) -> Html | None:
    sizes = facts.model("profile_sizes")
    if not sizes:
        return None
    title = "Profiles by number of identifiers"
    about = "Most people have a few identifiers. A profile of very many is often a shared device or a test account."
    marks = [f"{record['size']} identifier{'' if record['size'] == '1' else 's'}" for record in sizes]
    chart = Chart("sizes", title, about, marks, [Series("profiles", [record["profiles"] for record in sizes])])
    types = listing(_TYPES, facts.model("identifier_types"), "Identifiers by type")
    return joined(ranked_bars(chart), listing(SIZES, sizes, title), types)


def _violations(facts: Facts) -> Html | None:
    records = facts.model("violations")
    if not records:
        return good_news("No identifier broke a rule.")
    title = "Identifiers left out, by rule and type"
    about = "Each time an identifier was blocked, or would have joined more than a profile may hold."
    drawn = records[:_MOST_DRAWN]
    if len(records) > len(drawn):
        about += f" The {len(drawn)} most frequent of {len(records):,}."
    marks = [f"{str(record['code']).replace('_', ' ')} · {record['id_type'] or 'no type'}" for record in drawn]
    chart = Chart("violations", title, about, marks, [Series("times", [record["violations"] for record in drawn])])
    return joined(ranked_bars(chart), listing(VIOLATIONS, records, title))
