#!/usr/bin/env python3
"""Results that are published: from tables of `genbid ablate` to docs/results/*.json to docs/results.md and README.md.

  scripts/results.py collect docs/results/NAME.json "COMMAND" TABLE.json [MARKET]   rows of one block of a table
  scripts/results.py readme    writes all tables into docs/results.md, a short form of the first into README.md, and
                               those of campaigns into docs/perbid.md
  scripts/results.py check     exit status 1 if a page's tables are not those of docs/results/*.json

All numbers, intervals and p-values are the program's. Needs nothing but Python's standard library.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHORT = "1_market_official.json"  # the one table of README.md
CONDITIONS = [("protocol", "rules", "population", "periods", "seats", "scenario"), ("protocol", "set", "samples", "scenario")]
BEGIN, END = "<!-- results: made by scripts/results.py readme -->", "<!-- end of results -->"


def collect(target, command, source, market=""):
    found = [b for b in json.loads(pathlib.Path(source).read_text())["blocks"] if b["name"] == market]
    if len(found) != 1:
        sys.exit(f"{source}: found {len(found)} blocks named '{market}', expected one")
    block = found[0]
    rows = []
    for r in block["rows"]:
        of_block = {k: block[k] for k in CONDITIONS[block["protocol"] == "campaigns"]}
        if block["protocol"] != "campaigns":  # a rule there has its settings found, which nothing else says
            r.pop("settings", None)
        rows.append({"name": r["name"], "kind": r["kind"], **of_block, "seeds": max(r["trainings"], 1),
                     **{k: v for k, v in r.items() if k not in ("name", "kind")}, "command": command})
    pathlib.Path(target).write_text(json.dumps({"rows": rows}, indent=1) + "\n")


def between(value, low, high, form="{:.2f}"):
    text = form.format(value)
    return text if low is None else f"{text} ({form.format(low)} to {form.format(high)})"


def share(value):
    return "-" if value is None else f"{100 * value:.1f} %"


def p_text(p):
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def heading(rows):
    first = rows[0]
    periods = first["periods"]
    trained = sorted({r["trainings"] for r in rows if r["trainings"] > 0})
    text = (f"Protocol `{first['protocol']}`, rules `{first['rules']}`, population `{first['population']}`, periods "
            f"{periods[0]} to {periods[-1]}, {first['seats']} seats; 95 % intervals over periods")
    if trained:
        text += " of one training each" if trained == [1] else f" and {trained[-1]} trainings"
    reference = [r["difference"]["to"] for r in rows if "difference" in r]
    return text + (f"; differences are from `{reference[0]}` in the same cells, p by Holm." if reference else ".")


def table(rows, short=False):
    names = ["candidate", "expected score", "of optimum", "difference", "p"]
    if not short:
        names += ["IQM", "expected over CPA", "over CPA", "budget use", "score"]
    lines = [heading(rows), "", "| " + " | ".join(names) + " |", "|---|" + "--:|" * (len(names) - 1)]
    for r in sorted(rows, key=lambda r: -r["expected_score"]):
        d = r.get("difference", {"expected_score": None})
        cells = [
            r["name"],
            between(r["expected_score"], r["expected_low"], r["expected_high"]),
            share(r["share_of_optimum"]),
            "" if d["expected_score"] is None else between(d["expected_score"], d["low"], d["high"], "{:+.2f}"),
            p_text(d.get("p_holm")),
        ]
        if not short:
            cells += [share(r.get("interquartile_share")), share(r["expected_cpa_exceed_share"]), share(r["cpa_exceed_share"]), share(r["budget_use"]),
                      "-" if r["score"] is None else f"{r['score']:.2f}"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines + ["", f"Made by `{rows[0]['command']}`."])


def of_campaigns(rows):
    first = rows[0]
    reference = [r["difference"]["to"] for r in rows if "difference" in r]
    text = (f"Protocol `campaigns`, set `{first['set']}`, {first['samples']} samples; 95 % intervals over campaigns and, "
            f"where there are several, trainings; differences of Res are from `{reference[0]}` on the same days, p by Holm.")
    names = ["candidate", "trainings", "Res", "difference", "p", "GGF", "Gini", "worst 30 %", "worst 10 %", "over", "by",
             "budget", "limit", "both", "matched rightly"]
    lines = [text, "", "| " + " | ".join(names) + " |", "|---|" + "--:|" * (len(names) - 1)]
    for r in rows:
        d = r.get("difference")
        lines.append("| " + " | ".join([
            r["name"], str(r["trainings"] or ""), between(r["res"], r["res_low"], r["res_high"], "{:.4f}"),
            between(d["res"], d["low"], d["high"], "{:+.4f}") if d else "", p_text(d["p_holm"]) if d else "",
            *(f"{r[k]:.4f}" for k in ("ggf", "gini", "worst_30", "worst_10")),
            share(r["violation_share"]), share(r["excess"]),
            *(f"{r[k]:.4f}" if k in r else "" for k in ("res_budget", "res_ppc", "res_mixed")),
            share(r["matching_accuracy"]) if "matching_accuracy" in r else ""]) + " |")
    return "\n".join(lines + ["", f"Made by `{first['command']}`."])


def rows_of(file):
    rows = json.loads(file.read_text()).get("rows")
    if not rows:
        sys.exit(f"{file}: found no rows, expected what 'collect' writes")
    return rows


def pages():
    """What stands between the marks, by page."""
    rows = {f.name: rows_of(f) for f in sorted((ROOT / "docs/results").glob("*.json"))}
    campaigns = [r for r in rows.values() if r[0]["protocol"] == "campaigns"]
    others = [r for r in rows.values() if r[0]["protocol"] != "campaigns"]
    texts = {"docs/results.md": "\n\n".join(table(r) for r in others), "README.md": table(rows[SHORT], True),
             "docs/perbid.md": "\n\n".join(of_campaigns(r) for r in campaigns)}
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
    if len(sys.argv) in (5, 6) and sys.argv[1] == "collect":
        collect(*sys.argv[2:])
    elif sys.argv[1:] == ["readme"]:
        readme()
    elif sys.argv[1:] == ["check"]:
        check()
    else:
        sys.exit(__doc__)
