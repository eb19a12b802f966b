"""Makes the two fits, or refuses them if there are too few people."""

from __future__ import annotations

from loader.models.ltv import bgnbd, gamma_gamma
from loader.models.ltv.likelihood import Fit, FitError


def estimate_orders(histories: bgnbd.Histories, minimum: int) -> tuple[bgnbd.Parameters, Fit]:
    """Fit BG/NBD. Raises FitError if fewer than `minimum` people ordered on a second day, or it does not converge."""
    repeating = int(histories.people[histories.x > 0].sum())
    if repeating < minimum:
        raise FitError(
            f"{repeating} of {histories.total} people with an order ordered on a second day; "
            f"models.ltv.minimum_repeat_buyers asks for {minimum}"
        )
    parameters, fit = bgnbd.fit(histories)
    if not fit.converged:
        raise FitError(f"BG/NBD did not converge in {fit.iterations} iterations")
    return parameters, fit


def estimate_values(
    spending: gamma_gamma.Spending, minimum: int, minimum_q: float | None
) -> tuple[gamma_gamma.Parameters, Fit]:
    """Fit Gamma-Gamma. Raises FitError for fewer than `minimum` people, for q <= 1, or if it does not converge."""
    if spending.total < minimum:
        raise FitError(
            f"{spending.total} people have repeat orders of a value above zero; "
            f"models.ltv.minimum_repeat_buyers asks for {minimum}"
        )
    parameters, fit = gamma_gamma.fit(spending, minimum_q)
    if not fit.converged:
        raise FitError(f"Gamma-Gamma did not converge in {fit.iterations} iterations")
    return parameters, fit
