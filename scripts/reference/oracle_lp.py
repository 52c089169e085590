"""Optimal fractional values of small hindsight problems, by a linear-programming solver (HiGHS through SciPy).

    python scripts/reference/oracle_lp.py [OUT=tests/golden/oracle/lp_cases.json]

Shares no code and no idea with src/oracle: a linear program a question, over slots of impressions ("slots") or over every
alpha at which a tick's outcome changes ("per_tick"). The expected score, the mean of n * min(1, (n L / C)^2) over a Poisson
n with mean V, is maximised over the corners of the (cost, value) frontier, which linear programs with the objective
V - price * C find one by one, its point on the budget, 2,000 points between each two of these, and those where another
conversion is needed. A day of few impressions has hardly a conversion: scores are those of a day whose values, prices and
budget are SCALE times as large.
"""

import json
import sys

import numpy as np
from scipy.optimize import linprog
from scipy.stats import poisson

EXPOSURE = {1: [1.0], 2: [1.0, 0.8], 3: [1.0, 0.8, 0.48]}
RESERVE = 0.0001
SEAT = 1  # whose optimum it is
SCALE = 1024.0  # of values and money where conversions are counted


def solve(values, costs, groups, multiplier=None, budget=None, cpa_limit=None):
    """Largest sum of value (minus multiplier x cost) with at most one whole choice a group."""
    objective = -(values if multiplier is None else values - multiplier * costs)
    rows = [(groups == g).astype(float) for g in np.unique(groups)]
    limits = [1.0] * len(rows)
    if budget is not None:
        rows.append(costs)
        limits.append(budget)
    if cpa_limit is not None:
        rows.append(costs - cpa_limit * values)
        limits.append(0.0)
    result = linprog(objective, A_ub=np.array(rows), b_ub=np.array(limits), bounds=(0, 1), method="highs")
    assert result.status == 0, result.message
    return float(values @ result.x), float(costs @ result.x)


def corners(values, costs, groups):
    """Corners of the frontier, by asking between two known ones."""
    lowest, highest = (0.0, 0.0), solve(values, costs, groups, multiplier=1e-9)
    found = [lowest, highest]

    def between(a, b):
        if b[1] - a[1] < 1e-9:
            return
        multiplier = (b[0] - a[0]) / (b[1] - a[1])
        middle = solve(values, costs, groups, multiplier=multiplier)
        gain = (middle[0] - multiplier * middle[1]) - (a[0] - multiplier * a[1])
        if gain < 1e-10:
            return
        found.append(middle)
        between(a, middle)
        between(middle, b)

    between(lowest, highest)
    return found


def expected_scores(values, costs, cpa_limit):
    n = np.arange(1.0, 200.0)
    needed = np.maximum(costs / cpa_limit, 1e-3)[:, None]
    return np.sum(poisson.pmf(n, values[:, None]) * np.minimum(n, n * (n / needed) ** 2), axis=1)


def optimum(values, costs, groups, budget, cpa_limit):
    points = [p for p in corners(values, costs, groups) if p[1] <= budget]
    points.append(solve(values, costs, groups, budget=budget))
    points.sort(key=lambda p: (p[1], p[0]))
    best = 0.0
    for (v0, c0), (v1, c1) in zip(points, points[1:]):
        shares = np.linspace(0.0, 1.0, 2001)
        if c1 > c0:  # it bends where the cost asks for a conversion more
            needed = np.arange(np.ceil(SCALE * c0 / cpa_limit), SCALE * c1 / cpa_limit)
            shares = np.concatenate([shares, (needed * cpa_limit / SCALE - c0) / (c1 - c0)])
        found = expected_scores(SCALE * (v0 + shares * (v1 - v0)), SCALE * (c0 + shares * (c1 - c0)), cpa_limit)
        best = max(best, float(found.max()))
    return best


def rivals(impression, num_slots):
    bids = [b for b, s in zip(impression["bids"], impression["seats"]) if s not in (SEAT, 255)]
    return [max(b, RESERVE) for b in (bids + [0.0] * 4)[:num_slots]]


def slot_choices(case):
    values, costs, groups = [], [], []
    exposure = EXPOSURE[case["num_slots"]]
    everything = [i for tick in case["ticks"] for i in tick]
    for number, impression in enumerate(everything):
        for e, price in zip(exposure, rivals(impression, case["num_slots"])):
            values.append(e * impression["value"])
            costs.append(e * price)
            groups.append(number)
    return np.array(values), np.array(costs), np.array(groups)


def tick_choices(case):
    values, costs, groups = [], [], []
    exposure = EXPOSURE[case["num_slots"]]
    for number, tick in enumerate(case["ticks"]):
        thresholds = {p / i["value"] for i in tick if i["value"] > 0 for p in rivals(i, case["num_slots"])}
        for threshold in thresholds:
            alpha = threshold * (1 + 1e-9)
            value = cost = 0.0
            for i in tick:
                for e, price in zip(exposure, rivals(i, case["num_slots"])):
                    if alpha * i["value"] > price:
                        value += e * i["value"]
                        cost += e * price
                        break
            values.append(value)
            costs.append(cost)
            groups.append(number)
    return np.array(values), np.array(costs), np.array(groups)


def make_case(rng):
    num_slots = int(rng.integers(1, 4))
    ticks = []
    for _ in range(int(rng.integers(1, 5))):
        tick = []
        for _ in range(int(rng.integers(1, 9))):
            num_bids = int(rng.choice([0, 1, 2, 3, 4, 4, 4, 4]))
            bids = np.sort(rng.gamma(2.0, 0.04, num_bids).astype(np.float32))[::-1]
            seats = rng.permutation(6)[:num_bids]
            value = np.float32(0.0 if rng.random() < 0.1 else rng.gamma(1.5, 0.0012))
            tick.append({
                "value": float(value),
                "bids": [float(b) for b in bids] + [0.0] * (4 - num_bids),
                "seats": [int(s) for s in seats] + [255] * (4 - num_bids),
            })
        ticks.append(tick)
    case = {"num_slots": num_slots, "seat": SEAT, "ticks": ticks}
    values, costs, groups = slot_choices(case)
    total_value, total_cost = solve(values, costs, groups, multiplier=1e-9)
    case["budget"] = float(total_cost * rng.uniform(0.1, 1.2))
    case["cpa_limit"] = float(total_cost / max(total_value, 1e-6) * rng.uniform(0.2, 1.3))
    case["tick_value_at_half"], case["slot_value_at_half"] = (
        solve(*choices, budget=0.5 * case["budget"])[0] for choices in (tick_choices(case), slot_choices(case)))
    case["per_tick"] = optimum(*tick_choices(case), case["budget"], case["cpa_limit"])
    case["slots"] = optimum(*slot_choices(case), case["budget"], case["cpa_limit"])
    return case


def main():
    out = sys.argv[1] if len(sys.argv) > 1 else "tests/golden/oracle/lp_cases.json"
    rng = np.random.default_rng(20)
    cases = []
    while len(cases) < 60:
        try:
            case = make_case(rng)
        except (ValueError, IndexError):
            continue  # a day on which nothing can be bought
        if case["slots"] > 0 and case["per_tick"] > 0:
            cases.append(case)
    with open(out, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


main()
