"""What h5py and pandas make of a trajectory store, and a store made by h5py."""

import json
import sys

import h5py
import numpy as np
import pandas as pd

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
        t["advertiser"] = t["category"] = np.zeros(2, "i8")
        for name in ("budget", "cpa", "cost", "conversions"):
            t[name] = np.ones(2, "f4")
        t["first_row"] = [0, 2]
        k = f.create_group("ticks")
        k["tick"] = [0, 1, 0]
        k.create_dataset("state", data=np.arange(48.0).reshape(3, 16), chunks=(1, 16), compression="gzip")
        k["action"] = [1.0, 2.0, 3.0]
        k["reward"] = k["reward_continuous"] = np.zeros(3, "f4")
        k["done"] = np.array([0, 1, 1], "i8")


{"read": read, "write": write}[sys.argv[1]](sys.argv[2])
