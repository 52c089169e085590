#!/usr/bin/env python3
"""Results that are published: from evaluations to docs/results/*.json to the tables in docs/results.md and README.md.

  scripts/results.py collect docs/results/NAME.json "COMMAND" RESULT.json ...   rows of one evaluation command
  scripts/results.py readme    writes all tables into docs/results.md, and a short form of the first into README.md
  scripts/results.py check     exit status 1 if a page's tables are not those of docs/results/*.json

Intervals are 95 % bootstrap intervals over periods (10,000 resamples of the means by period, fixed seed). Needs nothing
but Python's standard library.
"""
import json
import pathlib
import random
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHORT = "market_corrected_rules48.json"  # the one table of README.md
BEGIN, END = "<!-- results: made by scripts/results.py readme -->", "<!-- end of results -->"


def interval(by_period):
    """95 % bootstrap interval of the mean over periods; none where there are fewer than three."""
    if len(by_period) < 3:
        return None, None
    draw = random.Random(1)
    means = sorted(sum(draw.choices(by_period, k=len(by_period))) / len(by_period) for _ in range(10_000))
    return means[249], means[9749]


def row(result, command):
    def by_period(key):
        values = {}
        for cell in result["cells"]:
            values.setdefault(cell["period"], []).append(cell.get(key))
        if any(v is None for cells in values.values() for v in cells):
            return []  # nothing is drawn in hindsight
        return [sum(v) / len(v) for v in values.values()]

    mean = result["mean"]
    expected, score = interval(by_period("expected_score")), interval(by_period("score"))
    return {
        "name": result["name"], "kind": result["kind"], "protocol": result["protocol"], "rules": result["rules"],
        "population": result["population"], "periods": result["periods"], "seats": len(result["seats"]), "seeds": 1,
        "expected_score": mean["expected_score"], "expected_low": expected[0], "expected_high": expected[1],
        "score": mean.get("score"), "score_low": score[0], "score_high": score[1], "conversions": mean.get("conversions"),
        "expected_cpa_exceed_share": mean["expected_cpa_exceed_share"],
        "cpa_exceed_share": mean.get("cpa_exceed_share"), "budget_use": mean["budget_use"], "share_of_optimum": mean["share_of_optimum"],
        "command": command,
    }


def with_interval(value, low, high):
    return f"{value:.2f}" if low is None else f"{value:.2f} ({low:.2f} to {high:.2f})"


def share(value):
    return "-" if value is None else f"{100 * value:.1f} %"


def expected_over(row):
    """Older rows know the realised share alone."""
    return row.get("expected_cpa_exceed_share", row["cpa_exceed_share"])


def heading(rows):
    first = rows[0]
    periods = first["periods"]
    return (f"Protocol `{first['protocol']}`, rules `{first['rules']}`, population `{first['population']}`, periods "
            f"{periods[0]} to {periods[-1]}, {first['seats']} seats, {first['seeds']} seed; 95 % intervals over periods.")


def best_first(rows):
    return sorted(rows, key=lambda r: -r["expected_score"])


def table(rows):
    both = any("expected_cpa_exceed_share" in r for r in rows)
    lines = [
        heading(rows),
        "",
        "| candidate | expected score | of optimum | " + ("expected over CPA | " if both else "")
        + "score | conversions | over CPA | budget use |",
        "|---|--:|--:|--:|--:|--:|--:|" + ("--:|" if both else ""),
    ]
    for r in best_first(rows):
        # What is computed and not played has no draws.
        drawn = r["score"] is not None and r["score"] != r["expected_score"]
        score = with_interval(r["score"], r["score_low"], r["score_high"]) if drawn else "-"
        conversions = "-" if r["conversions"] is None else f"{r['conversions']:.2f}"
        lines.append(
            f"| {r['name']} | {with_interval(r['expected_score'], r['expected_low'], r['expected_high'])} "
            f"| {100 * r['share_of_optimum']:.1f} % | " + (f"{share(expected_over(r))} | " if both else "")
            + f"{score} | {conversions} | {share(r['cpa_exceed_share'])} | {100 * r['budget_use']:.1f} % |")
    return "\n".join(lines + ["", f"Made by `{rows[0]['command']}`."])


def short_table(rows):
    """For a reader who wants to know what there is to gain: the optimum first, fewer columns."""
    # A share is the sum of expected scores over the sum of optima, so every row tells the same mean optimum.
    optimum = rows[0]["expected_score"] / rows[0]["share_of_optimum"]
    lines = [
        heading(rows),
        "",
        "| candidate | expected score | of optimum | over CPA | budget use |",
        "|---|--:|--:|--:|--:|",
        f"| *optimum in hindsight* | {optimum:.2f} | 100.0 % | | |",
    ]
    for r in best_first(rows):
        lines.append(
            f"| {r['name']} | {with_interval(r['expected_score'], r['expected_low'], r['expected_high'])} "
            f"| {100 * r['share_of_optimum']:.1f} % | {share(expected_over(r))} "
            f"| {100 * r['budget_use']:.1f} % |")
    return "\n".join(lines + ["", f"Made by `{rows[0]['command']}`."])


def collect(target, command, files):
    rows = [row(json.loads(pathlib.Path(f).read_text()), command) for f in files]
    pathlib.Path(target).write_text(json.dumps({"rows": rows}, indent=1) + "\n")


def pages():
    """What stands between the marks, by page."""
    rows = {f.name: json.loads(f.read_text())["rows"] for f in sorted((ROOT / "docs/results").glob("*.json"))}
    texts = {"docs/results.md": "\n\n".join(table(r) for r in rows.values()), "README.md": short_table(rows[SHORT])}
    for name, text in texts.items():
        old = (ROOT / name).read_text()
        if old.count(BEGIN) != 1 or old.count(END) != 1:
            sys.exit(f"{name}: found {old.count(BEGIN)} and {old.count(END)} marks, expected one of '{BEGIN}' and of '{END}'")
        before, rest = old.split(BEGIN)
        yield ROOT / name, old, before + BEGIN + "\n" + text + "\n" + END + rest.split(END)[1]


def readme():
    for path, _, new in pages():
        path.write_text(new)


def check():
    stale = [str(path.relative_to(ROOT)) for path, old, new in pages() if old != new]
    if stale:
        sys.exit(f"{', '.join(stale)}: found other tables than docs/results/*.json make, expected those (scripts/results.py readme)")


if __name__ == "__main__":
    if len(sys.argv) >= 5 and sys.argv[1] == "collect":
        collect(sys.argv[2], sys.argv[3], sys.argv[4:])
    elif sys.argv[1:] == ["readme"]:
        readme()
    elif sys.argv[1:] == ["check"]:
        check()
    else:
        sys.exit(__doc__)
