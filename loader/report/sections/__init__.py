"""The sections of the page, one module each, in the order of the page."""

from collections.abc import Callable, Sequence

from loader.report.facts import Facts
from loader.report.section import Section
from loader.report.sections.events import events
from loader.report.sections.identity import identity
from loader.report.sections.lifetime import lifetime
from loader.report.sections.loading import loading
from loader.report.sections.marketing import marketing
from loader.report.sections.sales import sales
from loader.report.sections.set_aside import set_aside
from loader.report.sections.usage import usage

SECTIONS: Sequence[Callable[[Facts], Section]] = (
    events,
    usage,
    sales,
    marketing,
    lifetime,
    identity,
    loading,
    set_aside,
)
