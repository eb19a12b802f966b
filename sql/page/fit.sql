-- Whether the parameters of lifetime value could be fitted, and to what.
-- In: ltv_params. Out: as_of, n, horizon_days, problem, value_problem, holdout_problem.
-- Reader: loader.report.sections.lifetime.
select as_of, n, horizon_days, problem, value_problem, holdout_problem
from ltv_params
