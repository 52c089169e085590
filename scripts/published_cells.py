#!/usr/bin/env python3
"""Cells of an evaluation beside published ones of the same seats and periods, as a table.

  scripts/published_cells.py PUBLISHED.csv NAME=RESULT.json ...

PUBLISHED.csv has columns player_index, episode and a score for each NAME (scores of AuctionNet's complete simulator, one
seat replaced at a time). Standard library only.
"""
import csv
import json
import sys


def ranks(values):
    order = sorted(range(len(values)), key=lambda i: values[i])
    result, i = [0.0] * len(values), 0
    while i < len(order):
        j = i
        while j + 1 < len(order) and values[order[j + 1]] == values[order[i]]:
            j += 1
        for k in range(i, j + 1):
            result[order[k]] = (i + j) / 2
        i = j + 1
    return result


def rank_correlation(x, y):
    x, y = ranks(x), ranks(y)
    mean = (len(x) - 1) / 2
    return (sum((a - mean) * (b - mean) for a, b in zip(x, y))
            / (sum((a - mean) ** 2 for a in x) * sum((b - mean) ** 2 for b in y)) ** 0.5)


def main(arguments):
    if len(arguments) < 2 or any("=" not in one for one in arguments[1:]):
        sys.exit(__doc__)
    with open(arguments[0], newline="") as file:
        published = list(csv.DictReader(file))
    print("| bidder | cells | mean score, published | mean score, ours | rank correlation over cells | equal cells | over CPA, ours |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for argument in arguments[1:]:
        name, path = argument.split("=", 1)
        with open(path) as file:
            ours = {(cell["seat"], cell["period"]): cell for cell in json.load(file)["cells"]}
        rows = [row for row in published if (int(row["player_index"]), int(row["episode"])) in ours]
        cells = [ours[int(row["player_index"]), int(row["episode"])] for row in rows]
        theirs, mine = [float(row[name]) for row in rows], [cell["score"] for cell in cells]
        over = sum(cell["cost"] / (cell["conversions"] + 1e-10) > cell["cpa_limit"] for cell in cells)
        equal = sum(abs(a - b) < 1e-6 for a, b in zip(theirs, mine))
        print(f"| {name} | {len(rows)} | {sum(theirs) / len(rows):.2f} | {sum(mine) / len(rows):.2f} "
              f"| {rank_correlation(theirs, mine):.3f} | {equal} | {100 * over / len(rows):.1f} % |")


if __name__ == "__main__":
    main(sys.argv[1:])
