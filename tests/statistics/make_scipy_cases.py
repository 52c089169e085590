"""Writes tests/golden/statistics/scipy_cases.json: numbers that tests/statistics compares with.

Made with SciPy 1.17.1 and NumPy 2.4.6: python3 tests/statistics/make_scipy_cases.py
"""

import json
import pathlib

import numpy as np
import scipy
from scipy import special, stats

rng = np.random.default_rng(13)


def floats(array):
    return [float(x) for x in np.ravel(array)]


def normal():
    z = [-37.0, -8.5, -3.0, -1.0, -1e-9, 0.0, 0.3, 1.959963984540054, 5.0, 8.0]
    p = [1e-300, 1e-40, 1e-12, 0.001, 0.025, 0.2, 0.4999999, 0.5, 0.6, 0.975, 0.999999]
    return {"cdf": [[x, float(stats.norm.cdf(x))] for x in z], "quantile": [[x, float(special.ndtri(x))] for x in p]}


def student():
    freedom = [0.3, 1.0, 1.7, 2.0, 3.4, 5.0, 10.0, 47.0, 287.0, 1e4, 1e6, 1e12]
    t = [-40.0, -6.0, -2.5, -0.3, -0.001, 0.0, 0.01, 0.7, 2.0, 2.5705818366147395, 12.0]
    p = [1e-9, 1e-4, 0.005, 0.025, 0.19, 0.21, 0.4, 0.4999, 0.5, 0.55, 0.9, 0.975, 0.995, 0.99999]
    return {
        "cdf": [[x, df, float(stats.t.cdf(x, df))] for df in freedom for x in t],
        "quantile": [[x, df, float(stats.t.ppf(x, df))] for df in freedom for x in p if df >= 1.0],
        "two_sided": [[x, df, float(2.0 * stats.t.sf(abs(x), df))] for df in freedom for x in t],
    }


def mean_case(periods, seats, level):
    cells = rng.normal(20.0, 6.0, (periods, seats)) + rng.normal(0.0, 2.0, (periods, 1))
    result = stats.ttest_1samp(cells.mean(1), 0.0)
    low, high = result.confidence_interval(level)
    return {"cells": [floats(row) for row in cells], "level": level, "mean": float(cells.mean()),
            "interval": [float(low), float(high)], "df": float(result.df)}


def paired_case(periods, seats, gap):
    a = rng.gamma(2.0, 10.0, (periods, seats))
    b = a + gap + rng.normal(0.0, 3.0, (periods, seats)) + rng.normal(0.0, 1.0, (periods, 1))
    result = stats.ttest_rel(a.mean(1), b.mean(1))
    low, high = result.confidence_interval(0.95)
    return {"a": [floats(row) for row in a], "b": [floats(row) for row in b], "difference": float((a - b).mean()),
            "interval": [float(low), float(high)], "p": float(result.pvalue)}


def ratio_case(periods, seats):
    """Share of the optimum, with the error of the jackknife over periods."""
    optimum = rng.gamma(3.0, 10.0, (periods, seats)) * rng.uniform(0.4, 2.0, (periods, 1))
    score = optimum * np.clip(rng.normal(0.6, 0.2, (periods, seats)) + rng.normal(0.0, 0.05, (periods, 1)), 0.0, 1.0)
    share = score.sum() / optimum.sum()
    without = (score.sum() - score.sum(1)) / (optimum.sum() - optimum.sum(1))
    error = np.sqrt((periods - 1) / periods * ((without - share) ** 2).sum())
    half = stats.t.ppf(0.975, periods - 1) * error
    return {"score": [floats(row) for row in score], "optimum": [floats(row) for row in optimum],
            "share": float(share), "interval": [float(share - half), float(share + half)]}


def welch_case(seeds, others):
    """Training seeds on both sides that are independent, one period of one seat."""
    a, b = rng.normal(3.0, 1.0, seeds), rng.normal(2.0, 3.0, others)
    result = stats.ttest_ind(a, b, equal_var=False)
    low, high = result.confidence_interval(0.95)
    return {"a": floats(a), "b": floats(b), "interval": [float(low), float(high)], "p": float(result.pvalue),
            "df": float(result.df)}


def crossed_case(seeds, periods):
    """Mean squares of the two-way layout; the interval is of the mean of both axes' errors."""
    y = rng.normal(0.0, 1.0, (seeds, 1)) + rng.normal(0.0, 2.0, (1, periods)) + rng.normal(0.0, 0.5, (seeds, periods))
    by_seed, by_period = y.mean(1), y.mean(0)
    rest = y - by_seed[:, None] - by_period[None, :] + y.mean()
    residual = (rest**2).sum() / ((seeds - 1) * (periods - 1))
    parts = [by_seed.var(ddof=1) / seeds, by_period.var(ddof=1) / periods]
    df = sum(parts) ** 2 / (parts[0] ** 2 / (seeds - 1) + parts[1] ** 2 / (periods - 1))
    half = stats.t.ppf(0.975, df) * np.sqrt(sum(parts))
    return {"cells": [floats(row) for row in y], "df": float(df),
            "interval": [float(y.mean() - half), float(y.mean() + half)],
            "components": floats([max(0.0, by_seed.var(ddof=1) - residual / periods),
                                  max(0.0, by_period.var(ddof=1) - residual / seeds), residual])}


def values_case(n):
    x = np.round(rng.normal(0.0, 2.0, n), 1)
    return {"values": floats(x), "quantiles": [[q, float(np.quantile(x, q))] for q in (0.0, 0.025, 0.3, 0.5, 0.9, 1.0)],
            "interquartile_mean": float(stats.trim_mean(x, 0.25))}


def rank_case(n, decimals):
    x, noise = rng.normal(0.0, 1.0, n), rng.normal(0.0, 1.0, n)
    x, y = np.round(x, decimals), np.round(x + noise, decimals)
    return {"x": floats(x), "y": floats(y), "rho": float(stats.spearmanr(x, y).statistic)}


def improvement_case(n, m):
    x, y = np.round(rng.normal(0.3, 1.0, n), 1), np.round(rng.normal(0.0, 1.0, m), 1)
    return {"x": floats(x), "y": floats(y), "probability": float(stats.mannwhitneyu(x, y).statistic) / (n * m)}


cases = {
    "versions": {"scipy": scipy.__version__, "numpy": np.__version__},
    "normal": normal(),
    "student": student(),
    "mean": [mean_case(6, 5, 0.95), mean_case(2, 3, 0.9), mean_case(20, 2, 0.99)],
    "paired": [paired_case(6, 5, 0.0), paired_case(3, 4, -2.0), paired_case(12, 2, 4.0)],
    "ratio": [ratio_case(6, 5), ratio_case(3, 2)],
    "welch": [welch_case(3, 5), welch_case(2, 2)],
    "crossed": [crossed_case(3, 6), crossed_case(5, 4)],
    "values": [values_case(n) for n in (1, 2, 7, 48)],
    "rank": [rank_case(5, 2), rank_case(30, 0), rank_case(40, 1)],
    "improvement": [improvement_case(6, 9), improvement_case(40, 40)],
}
path = pathlib.Path(__file__).parent.parent / "golden/statistics/scipy_cases.json"
path.write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace(',"', ',\n"') + "\n")
print(path, path.stat().st_size, "bytes")
