#!/usr/bin/env python3
"""Runs of `genbid simulate` on the same periods beside each other (docs/corrected_market.md).

  scripts/agreement.py differences ORIGINAL_DIR NAME=DIR ...
      What each run changes of a period, beside ORIGINAL_DIR: Markdown, paired differences with standard errors over periods.
  scripts/agreement.py cells DIR OTHER_DIR
      Whether two runs agree in every seat and tick: paired differences over periods, in their own standard errors.
  scripts/agreement.py curves OUT.svg RUN,RUN,... POPULATION=DIR,DIR,... ...
      Mean cost and wins by tick of each kind of bidder, in runs of those names, with a band of two standard errors.
  scripts/agreement.py alphas OUT.svg RUN,RUN,... TITLE=DIR,DIR,... ...
      Mean cost, wins and expected conversions of a period by alpha, of populations of constant bidders (fixed_alpha).

DIR holds ticks.csv and periods.csv. Needs numpy, pandas and, for curves and alphas, matplotlib.
"""
import os
import re
import sys

import numpy as np
import pandas as pd

SEATS, TICKS, MIN_BUDGET = 48, 48, 0.1
COLUMNS = {"wins": "xi_count", "exposures": "exposed_count", "cost": "cost", "expected conversions": "sum_pvalue_exposed",
           "conversions": "conversions", "least winning cost": "mean_least_winning_cost", "impressions": "n_pv",
           "money": "remaining_before"}


class Run:
    """Arrays [period][tick][seat] of a folder, and what comes of them."""

    def __init__(self, folder):
        ticks = pd.read_csv(os.path.join(folder, "ticks.csv"), usecols=["episode", "tick", "agent", *COLUMNS.values()])
        self.periods = ticks["episode"].to_numpy()[:: TICKS * SEATS]
        shape = (len(self.periods), TICKS, SEATS)
        self.of = {name: ticks[column].to_numpy(float).reshape(shape) for name, column in COLUMNS.items()}
        by_period = pd.read_csv(os.path.join(folder, "periods.csv"))
        self.score = {name: by_period[name].to_numpy(float).reshape(len(self.periods), SEATS) for name in ("score", "expected_score")}
        self.bidders = by_period["bidder"].to_numpy()[:SEATS]

    def exhausted(self):
        """First tick that a seat begins without money, 48 if none: [period][seat]."""
        out = self.of["money"] < MIN_BUDGET
        return np.where(out.any(axis=1), out.argmax(axis=1), TICKS)

    def figures(self):
        """By name: a number a period."""
        pv = self.of["impressions"][:, :, 0]
        sums = {name: self.of[name].sum(axis=(1, 2)) for name in ("expected conversions", "conversions", "cost", "wins")}
        return {
            "expected conversions": sums["expected conversions"] / SEATS,
            "conversions": sums["conversions"] / SEATS,
            "cost": sums["cost"] / SEATS,
            "least winning cost": (self.of["least winning cost"][:, :, 0] * pv).sum(axis=1) / pv.sum(axis=1),
            "sold slots, %": 100 * sums["wins"] / (3 * pv.sum(axis=1)),
            "expected score": self.score["expected_score"].mean(axis=1),
            "score": self.score["score"].mean(axis=1),
            "tick of exhaustion": self.exhausted().mean(axis=1),
        }


def mean_and_error(values, axis=0):
    return values.mean(axis=axis), values.std(axis=axis, ddof=1) / np.sqrt(values.shape[axis])


def named(arguments):
    if not arguments or any("=" not in one for one in arguments):
        sys.exit(__doc__)
    return [one.split("=", 1) for one in arguments]


def same_periods(one, other):
    if not np.array_equal(one.periods, other.periods):
        sys.exit("agreement.py: the runs have different periods")


def differences(official_folder, *arguments):
    official = Run(official_folder)
    before = official.figures()
    digits = {"least winning cost": 5, "cost": 1}
    print("| | " + " | ".join(before) + " |")
    print("|---|" + "--:|" * len(before))
    cells = [f"{values.mean():.{digits.get(name, 2)}f}" for name, values in before.items()]
    print(f"| official, {len(official.periods)} periods | " + " | ".join(cells) + " |")
    for name, folder in named(arguments):
        run = Run(folder)
        same_periods(official, run)
        cells = []
        for figure, values in run.figures().items():
            mean, error = mean_and_error(values - before[figure])
            exact = np.array_equal(values, before[figure])
            cells.append("0" if exact else f"{mean:+.{digits.get(figure, 2)}f} ± {error:.{digits.get(figure, 2)}f}")
        print(f"| {name} | " + " | ".join(cells) + " |")


def cell_table(one, other):
    """By figure: how differences of cells stand to their errors; the biases of seats, sums over the day, and of all."""
    rows = {}
    for name in ("wins", "exposures", "cost", "expected conversions", "least winning cost", "conversions"):
        a, b = one.of[name], other.of[name]
        if name == "least winning cost":  # the same for all seats
            a, b = a[:, :, :1], b[:, :, :1]
        mean, error = mean_and_error(a - b)
        z = np.abs(np.divide(mean, error, out=np.zeros_like(mean), where=error > 0))
        z[(error == 0) & (mean != 0)] = np.inf
        usual = b.sum(axis=1).mean(axis=0)  # of a seat's day; some hardly ever convert
        by_period = (a - b).sum(axis=1)[:, usual > 0] / usual[usual > 0]
        bias, bias_error = mean_and_error(by_period)
        worst = np.abs(bias).argmax()
        total, total_error = mean_and_error((a - b).sum(axis=(1, 2)) / b.sum(axis=(1, 2)).mean())
        rows[name] = {"cells": z.size, "within 3": 100 * (z <= 3).mean(), "z": np.sqrt((z[np.isfinite(z)] ** 2).mean()),
                      "seat": worst, "bias": 100 * bias[worst], "bias error": 100 * bias_error[worst],
                      "largest z": np.abs(bias / np.maximum(bias_error, 1e-300)).max(), "within 1 %": (np.abs(bias) < 0.01).sum(),
                      "total": 100 * total, "total error": 100 * total_error}
    return rows


def cells(folder, other_folder):
    one, other = Run(folder), Run(other_folder)
    same_periods(one, other)
    print(f"{len(one.periods)} periods; differences {folder} - {other_folder}\n")
    print("| | cells | within 3 errors | root mean square z | bias of all seats | seats within 1 % | largest bias of a seat | largest z of a seat's bias |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for name, row in cell_table(one, other).items():
        print(f"| {name} | {row['cells']} | {row['within 3']:.2f} % | {row['z']:.2f} "
              f"| {row['total']:+.3f} ± {row['total error']:.3f} % | {row['within 1 %']} "
              f"| {row['bias']:+.2f} ± {row['bias error']:.2f} % | {row['largest z']:.1f} |")
    first, second = one.exhausted(), other.exhausted()
    mean, error = mean_and_error((first - second).mean(axis=1))
    grid = np.arange(TICKS + 1)
    share = [np.searchsorted(np.sort(ticks, axis=None), grid, side="right") / ticks.size for ticks in (first, second)]
    gap = np.abs(share[0] - share[1]).max()
    out = [100 * (ticks < TICKS).mean() for ticks in (first, second)]
    print(f"\nTick of exhaustion: difference {mean:+.3f} ± {error:.3f}; exhausted {out[0]:.2f} % and {out[1]:.2f} % of seats; "
          f"largest gap of the distributions {gap:.4f}")


def groups_of(run):
    """Seats by kind of bidder: a label's first word, AuctionNet's learned bidders together."""
    groups = {}
    for seat, bidder in enumerate(run.bidders):
        kind = bidder.split()[0]
        groups.setdefault("learned" if kind == "official" else kind, []).append(seat)
    return groups


def figure(rows, columns, height):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "genbid", "font.size": 8, "axes.spines.top": False,
                         "axes.spines.right": False, "lines.linewidth": 1.2})
    return plt.subplots(rows, columns, figsize=(8.5, height), squeeze=False, layout="constrained")


def save(plot, path):
    plot.savefig(path, metadata={"Date": None} if path.endswith(".svg") else None, dpi=110)
    if path.endswith(".svg"):  # hundredths of a point are enough
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(re.sub(r"(\d\.\d\d)\d+", r"\1", text))


STYLES = [{"color": "#888888", "linestyle": "-"}, {"color": "#1f5fb4", "linestyle": "-"}, {"color": "#d9541e", "linestyle": "--"}]


def curves(path, names, *arguments):
    columns = []
    for population, folders in named(arguments):
        runs = [Run(folder) for folder in folders.split(",")]
        columns += [(population, group, seats, runs) for group, seats in groups_of(runs[0]).items()]
    plot, axes = figure(2, len(columns), 3.8)
    for column, (population, group, seats, runs) in enumerate(columns):
        for row, name in enumerate(("cost", "wins")):
            axis = axes[row][column]
            for style, label, run in zip(STYLES, names.split(","), runs):
                mean, error = mean_and_error(run.of[name][:, :, seats].mean(axis=2))
                axis.plot(mean, label=label, **style)
                axis.fill_between(range(TICKS), mean - 2 * error, mean + 2 * error, color=style["color"], alpha=0.15, lw=0)
            axis.set_ylim(bottom=0)
            axis.set_xticks([0, 24, 47])
        axes[0][column].set_title(f"{population}\n{group} ({len(seats)})", fontsize=7)
        axes[1][column].set_xlabel("tick")
    axes[0][0].set_ylabel("cost of a seat")
    axes[1][0].set_ylabel("wins of a seat")
    plot.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    save(plot, path)


def alphas(path, names, *arguments):
    names_of = ("cost", "wins", "expected conversions")
    rows = named(arguments)
    plot, axes = figure(len(rows), len(names_of), 2.4 * len(rows))
    for row, (title, folders) in enumerate(rows):
        for style, label, folder in zip(STYLES, names.split(","), folders.split(",")):
            run = Run(folder)
            alpha = np.array([float(bidder.split()[1]) for bidder in run.bidders])
            places = np.unique(alpha)
            for axis, name in zip(axes[row], names_of):
                sums = run.of[name].sum(axis=1)
                axis.plot(places, [sums[:, alpha == place].mean() for place in places], marker=".", label=label, **style)
                axis.set_ylabel(f"{name} of a seat")
                axis.set_ylim(bottom=0)
                axis.set_xlabel("alpha")
        axes[row][1].set_title(title, fontsize=8)
    plot.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    save(plot, path)


def main(arguments):
    commands = {"differences": differences, "cells": cells, "curves": curves, "alphas": alphas}
    if not arguments or arguments[0] not in commands:
        sys.exit(__doc__)
    try:
        commands[arguments[0]](*arguments[1:])
    except TypeError as error:
        if "positional" not in str(error):
            raise
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
