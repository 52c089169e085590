#!/usr/bin/env python3
"""Makes a trajectory store as large as wanted out of a small one, by repeating its periods under numbers that go on.

usage: scripts/reference/repeat_store.py FROM.h5 TO.h5 PERIODS

For docs/large_data.md: what a training takes of time and memory depends on how many days there are, not on whether they
are all different. Needs h5py.
"""

import sys

import h5py
import numpy as np


def main(source: str, target: str, periods: int) -> None:
    with h5py.File(source) as small, h5py.File(target, "w") as large:
        numbers = small["/trajectories/period"][:]
        of_period = np.unique(numbers)
        each, rest = len(numbers) // len(of_period), periods % len(of_period)
        repeats = periods // len(of_period)
        first_row = small["/trajectories/first_row"][:]
        rows = small["/ticks/tick"].shape[0]
        last = rest * each  # trajectories of the last, partial repeat
        last_rows = int(first_row[last]) if last < len(numbers) else rows
        for name, value in small.attrs.items():
            large.attrs[name] = value
        for group in ("trajectories", "ticks"):
            for name, data in small[group].items():
                count, more = (len(numbers), last) if group == "trajectories" else (rows, last_rows)
                shape = (repeats * count + more,) + data.shape[1:]
                out = large.create_dataset(f"/{group}/{name}", shape, data.dtype)
                values = data[:]
                for k in range(repeats + 1):
                    size = count if k < repeats else more
                    part = values[:size]
                    if name == "period":
                        part = part + k * len(of_period)
                    elif name == "first_row":
                        part = part + k * rows
                    out[k * count : k * count + size] = part


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
