"""The Python model of lifetime value: fits the parameters and writes what scoring in SQL needs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from loader.models.ltv import bgnbd, gamma_gamma, guide, holdout
from loader.models.ltv.estimate import estimate_orders, estimate_values
from loader.models.ltv.grid import Outlook, make_grid
from loader.models.ltv.likelihood import Fit, FitError
from loader.models.ltv.tables import histories, spending, write_columns

if TYPE_CHECKING:
    from loader.models.context import Context


@dataclass(slots=True)
class Fitted:
    """The fitted parameters, or the reason why there are none."""

    orders: bgnbd.Parameters | None = None
    orders_fit: Fit | None = None
    values: gamma_gamma.Parameters | None = None
    values_fit: Fit | None = None
    guide: bgnbd.Parameters | None = None
    problem: str | None = None
    value_problem: str | None = None
    guide_problem: str | None = None
    holdout_problem: str | None = None


def run(context: Context) -> None:
    """Write `ltv_params`, `ltv_grid`, `ltv_guide_sheet` and `ltv_holdout`.

    If something cannot be fitted, that is not an error: its tables are empty, and `ltv_params` says why.
    """
    settings = context.settings.ltv
    likelihood_days = context.settings.audiences.likelihood_days
    outlook = Outlook(settings.horizon_days, settings.guide_window_days, likelihood_days, settings.discount_rate)
    people, money = histories(context, "ltv_rfm"), spending(context, "ltv_rfm")
    fitted = Fitted()
    _fit_orders(context, people, outlook, fitted)
    _fit_values(context, money, fitted)
    _write_guide_sheet(context, outlook, fitted)
    _write_holdout(context, fitted)
    row = _row(context, people, money, outlook, fitted)
    write_columns(context, "ltv_params", {name: [value] for name, value in row.items()})


def _fit_orders(context: Context, people: bgnbd.Histories, outlook: Outlook, fitted: Fitted) -> None:
    try:
        parameters, fit = estimate_orders(people, context.settings.ltv.minimum_repeat_buyers)
        pairs = np.unique(np.stack([people.x, people.age]), axis=1)
        grid = make_grid(parameters, pairs[0], pairs[1], outlook)
    except FitError as problem:
        fitted.problem = str(problem)
        context.write_rows("ltv_grid", [])
        return
    fitted.orders, fitted.orders_fit = parameters, fit
    columns = {
        "x": grid.x,
        "age_days": grid.age,
        "horizon_days": np.full(grid.x.size, outlook.horizon_days),
        "z": grid.z,
        "h": grid.h,
        "expected_if_alive": grid.expected,
        "discounted_if_alive": grid.discounted,
        "window_if_alive": grid.window,
        "soon_if_alive": grid.soon,
    }
    write_columns(context, "ltv_grid", columns)


def _fit_values(context: Context, money: gamma_gamma.Spending, fitted: Fitted) -> None:
    settings = context.settings.ltv
    try:
        fitted.values, fitted.values_fit = estimate_values(money, settings.minimum_repeat_buyers, settings.minimum_q)
    except FitError as problem:
        fitted.value_problem = str(problem)


def _write_guide_sheet(context: Context, outlook: Outlook, fitted: Fitted) -> None:
    if context.settings.ltv.guide_compat:
        try:
            parameters = guide.parameters(context)
            guide.write_sheet(context, parameters, outlook)
            fitted.guide = parameters
        except FitError as problem:
            fitted.guide_problem = str(problem)
    if fitted.guide is None:
        context.write_rows(guide.TABLE, [])


def _write_holdout(context: Context, fitted: Fitted) -> None:
    try:
        holdout.write_holdout(context)
    except FitError as problem:
        fitted.holdout_problem = str(problem)
        context.write_rows(holdout.TABLE, [])


def _row(
    context: Context, people: bgnbd.Histories, money: gamma_gamma.Spending, outlook: Outlook, fitted: Fitted
) -> dict[str, Any]:
    as_of = context.parameters["as_of" if context.parameters.get("ltv_as_of") is None else "ltv_as_of"]
    assert isinstance(as_of, datetime)
    orders, values, sheet = fitted.orders, fitted.values, fitted.guide
    return {
        "run_id": _run_id(context, as_of, people, money),
        "as_of": as_of,
        "unit": "day",
        "r": orders and orders.r,
        "alpha": orders and orders.alpha,
        "a": orders and orders.a,
        "b": orders and orders.b,
        "p": values and values.p,
        "q": values and values.q,
        "v": values and values.v,
        "loglik": fitted.orders_fit and fitted.orders_fit.loglik,
        "n": people.total,
        "iterations": fitted.orders_fit and fitted.orders_fit.iterations,
        "converged": fitted.orders_fit and fitted.orders_fit.converged,
        "at_bound": fitted.orders_fit and fitted.orders_fit.at_bound,
        "value_loglik": fitted.values_fit and fitted.values_fit.loglik,
        "value_n": money.total,
        "value_at_bound": fitted.values_fit and fitted.values_fit.at_bound,
        "value_correlation": money.correlation,
        "horizon_days": outlook.horizon_days,
        "guide_multiple": outlook.multiple(context.settings.ltv.guide_periods),
        "guide_r": sheet and sheet.r,
        "guide_alpha": sheet and sheet.alpha,
        "guide_a": sheet and sheet.a,
        "guide_b": sheet and sheet.b,
        "problem": fitted.problem,
        "value_problem": fitted.value_problem,
        "guide_problem": fitted.guide_problem,
        "holdout_problem": fitted.holdout_problem,
    }


def _run_id(context: Context, as_of: datetime, people: bgnbd.Histories, money: gamma_gamma.Spending) -> str:
    """A hash of what is fitted, not of the result: the same orders and settings give it on any machine."""
    settings = context.settings.ltv.model_dump(mode="json", exclude={"as_of"})
    total = context.rows("select cast(coalesce(sum(monetary_total), 0) as varchar) from ltv_rfm")[0][0]
    sums = [int(each @ people.people) for each in (people.x, people.recency, people.age)]
    what = (as_of.isoformat(), sorted(settings.items()), people.total, sums, money.total, total)
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]
