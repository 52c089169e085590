"""What h5py and pandas make of our stores, and stores made by h5py."""

import itertools
import json
import os
import sys
import textwrap

import h5py
import numpy as np
import pandas as pd

RAW_LOG = "tests/golden/run_pid_small/log-0-agents-0-17.csv"
SAMPLE = "data/sample/trajectory_data_periods_7_8.csv"
NAMES = (
    "time_left budget_left mean_bid_all mean_bid_last_3 mean_least_winning_cost_all mean_pvalue_all "
    "mean_conversion_all mean_win_all mean_least_winning_cost_last_3 mean_pvalue_last_3 mean_conversion_last_3 "
    "mean_win_last_3 mean_pvalue num_pv num_pv_last_3 num_pv_all"
).split()


def read(path):
    csv = pd.read_csv(SAMPLE)
    with h5py.File(path) as f:
        assert f.attrs["format"] == "genbid-trajectories" and f.attrs["version"] == 1
        assert f.attrs["ticks"] == 48 and f.attrs["seats"] == 48
        assert f.attrs["feature_set"] == "constraint" and list(f.attrs["features"][:16]) == NAMES
        assert json.loads(f.attrs["sources"])[0]["name"] == SAMPLE.split("/")[-1]
        assert "kind: ingest" in f.attrs["config"]
        types = {
            "trajectories": dict(period="i8", advertiser="i4", category="i4", budget="f8", cpa="f8", cost="f8",
                                 conversions="f8", first_row="i8"),
            "ticks": dict(tick="i4", state="f4", action="f4", reward="f4", reward_continuous="f4", done="u1"),
        }
        for group, columns in types.items():
            assert set(f[group]) == set(columns)
            for name, kind in columns.items():
                data = f[group][name]
                assert data.dtype == np.dtype(kind), (name, data.dtype)
                assert data.chunks is None and data.compression is None
        trajectories = pd.DataFrame({name: data[:] for name, data in f["trajectories"].items()})
        ticks = pd.DataFrame({n: d[:] for n, d in f["ticks"].items() if n != "state"})
        state = f["ticks/state"][:]
    first = csv[csv.timeStepIndex == 0].reset_index()
    for ours, theirs in (("period", "deliveryPeriodIndex"), ("advertiser", "advertiserNumber"), ("budget", "budget"),
                         ("cpa", "CPAConstraint"), ("cost", "realAllCost"), ("conversions", "realAllConversion")):
        assert np.allclose(trajectories[ours], first[theirs], rtol=1e-15, atol=0), ours
    assert (trajectories.first_row == np.arange(len(first)) * 48).all()
    assert (ticks.tick == csv.timeStepIndex).all() and (ticks.done == csv.done).all()
    for name in ("action", "reward", "reward_continuous"):
        assert (ticks[name].to_numpy() == csv[name].to_numpy().astype("f4")).all(), name
    expected = np.array([eval(text) for text in csv.state], dtype="f8").astype("f4")
    assert (state[:, :16] == expected).all()
    assert state.shape == (4608, 22) and np.isfinite(state).all()


def write(path):
    with h5py.File(path, "w") as f:
        f.attrs.update(format=np.bytes_("genbid-trajectories"), version=np.int32(1), ticks=48, seats=48,
                       feature_set="auctionnet16")
        f.attrs["features"] = np.array(NAMES, dtype="S")
        t = f.create_group("trajectories")
        t["period"] = np.array([3, 4], "i2")
        t["advertiser"] = np.array([1e10, 1e10 + 1])  # as pandas leaves whole numbers of a column that had a gap
        t["category"] = np.zeros(2, "i8")
        for name in ("budget", "cpa", "cost", "conversions"):
            t[name] = np.ones(2, "f4")
        t["first_row"] = [0, 2]
        k = f.create_group("ticks")
        k["tick"] = [0, 1, 0]
        k.create_dataset("state", data=np.arange(48.0).reshape(3, 16), chunks=(1, 16), compression="gzip")
        k["action"] = [1.0, 2.0, 3.0]
        k["reward"] = k["reward_continuous"] = np.zeros(3, "f4")
        k["done"] = np.array([False, True, True])


def read_market_log(path):
    csv = pd.read_csv(RAW_LOG, dtype=str).astype(float)  # to the last bit with any pandas
    with h5py.File(path) as f:
        assert f.attrs["format"] == "genbid-market-log" and f.attrs["version"] == 1
        assert f.attrs["ticks"] == 48 and f.attrs["seats"] == 2 and f.attrs["precision"] == "float32"
        assert json.loads(f.attrs["sources"])[0]["name"] == RAW_LOG.split("/")[-1]
        assert "kind: ingest" in f.attrs["config"]
        assert list(f) == ["period-0"]
        types = dict(tick_first="i8", pvalue="f4", sigma="f4", top_bid="f4", top_seat="u1", least_winning_cost="f8",
                     advertiser="i4", category="i4", budget="f8", cpa="f8")
        assert set(f["period-0"]) == set(types)
        for name, kind in types.items():
            data = f["period-0"][name]
            assert data.dtype == np.dtype(kind), (name, data.dtype)
            assert data.chunks is None and data.compression is None
        log = {name: data[:] for name, data in f["period-0"].items()}
    first = csv[csv.advertiserNumber == 0]
    counts = first.groupby("timeStepIndex").size()
    assert (np.diff(log["tick_first"]) == counts.to_numpy()).all() and log["tick_first"][0] == 0
    for ours, theirs in (("pvalue", "pValue"), ("sigma", "pValueSigma")):
        assert (log[ours] == csv[theirs].to_numpy().reshape(-1, 2).astype("f4")).all(), ours
    assert (log["least_winning_cost"] == first.leastWinningCost.to_numpy()).all()
    bids = csv.bid.to_numpy().reshape(-1, 2)
    assert (log["top_bid"][:, :2] == -np.sort(-bids, axis=1).astype("f4")).all() and (log["top_bid"][:, 2:] == 0).all()
    order = np.argsort(-bids, axis=1, kind="stable")
    assert (log["top_seat"][:, :2] == np.where(np.take_along_axis(bids, order, 1) > 0, order, 255)).all()
    assert list(log["advertiser"]) == [0, 17] and list(log["category"]) == [0, 2]
    assert (log["budget"] == csv.budget[:2].to_numpy()).all() and (log["cpa"] == csv.CPAConstraint[:2].to_numpy()).all()


def write_market_log(path):
    """The lines of data/README.md, on a made-up campaign: an impression every 20 minutes from 01:00 of the first day to
    the end of the third, but none on the second."""
    minutes = np.arange(60, 3 * 24 * 60, 20)[::-1]
    minutes = minutes[minutes // 1440 != 1]
    table = pd.DataFrame(dict(time=pd.Timestamp("2026-03-01") + pd.to_timedelta(minutes, unit="min"),
                              value=minutes / 1e4, price=minutes / 8.0))
    table.to_csv("campaign.csv", index=False)
    with open(README) as f:
        below = f.read().split("    import h5py, numpy as np, pandas as pd\n")[1].splitlines(keepends=True)
    block = itertools.takewhile(lambda line: line.startswith("    ") or line == "\n", below)
    exec(textwrap.dedent("    import h5py, numpy as np, pandas as pd\n" + "".join(block)))
    os.rename("campaign.h5", path)


README = os.path.abspath("data/README.md")
modes = dict(read=read, write=write, read_market_log=read_market_log, write_market_log=write_market_log)
if sys.argv[1] == "write_market_log":
    os.chdir(os.path.dirname(sys.argv[2]))
modes[sys.argv[1]](sys.argv[2])
