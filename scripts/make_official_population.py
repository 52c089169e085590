#!/usr/bin/env python3
"""Makes data/official_population/*.safetensors, which are in the repository: nobody needs this to build or to run.

usage: scripts/make_official_population.py WEIGHTS TABLES [OUTPUT]
  WEIGHTS  folder with the tensors of AuctionNet's policies as .npy, named AGENT.TENSOR.npy
  TABLES   folder with episode-0.csv.xz .. episode-6.csv.xz, tables of AuctionNet's OnlineLP
  OUTPUT   folder (default: data/official_population)

Standard library only.
"""

import array
import csv
import json
import lzma
import os
import re
import struct
import sys

TICKS = 48

# Our name of an agent: its name in WEIGHTS, and the layers that a decision reads.
AGENTS = {
    "bc": ("BC", ["actor.net.0", "actor.net.2", "actor.net.4"]),
    "iql": ("IQL", ["actors.FC1", "actors.FC2", "actors.FC_mu"]),
    "cql": ("CQL", ["policy.fc1", "policy.fc2", "policy.fc3"]),
    "td3_bc": ("TD3_BC_30000", ["actor.l1", "actor.l2", "actor.l3"]),
    "mopo": ("MBRL_MOPO", ["actor.backbone.networks.0", "actor.backbone.networks.2", "actor.backbone.networks.4",
                           "actor.dist_net.mu"]),
    "combo": ("MBRL_COMBO", ["actor.backbone.networks.0", "actor.backbone.networks.2", "actor.backbone.networks.4",
                             "actor.dist_net.mu"]),
}


def read_npy(path):
    """Shape and bytes of a float32 array in C order."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:7] == b"\x93NUMPY\x01", path
    (length,) = struct.unpack("<H", data[8:10])
    header = data[10:10 + length].decode()
    assert "'<f4'" in header and "'fortran_order': False" in header, (path, header)
    shape = [int(n) for n in re.search(r"'shape': \(([^)]*)\)", header).group(1).split(",") if n.strip()]
    return shape, data[10 + length:]


def agents(folder):
    tensors = {}
    for name, (source, layers) in AGENTS.items():
        for layer in layers:
            for kind in ("weight", "bias"):
                tensors[f"{name}.{layer}.{kind}"] = ("F32", *read_npy(f"{folder}/{source}.{layer}.{kind}.npy"))
    return tensors


def table(path, categories):
    """The table's rows of these categories, in file order, with the place where each tick begins."""
    blocks = {category: [[] for _ in range(TICKS)] for category in categories}
    with lzma.open(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            category = int(float(row["advertiserCategoryIndex"]))
            if category in blocks:
                tick = int(float(row["timeStepIndex"]))
                blocks[category][tick].append((float(row["realCPA"]), float(row["cum_cost"])))
    return blocks


def tables(folder):
    tensors = {}
    for episode in range(7):
        # Seats of category c read the tables c (position 3) and c + 1 (position 4).
        for category, ticks in table(f"{folder}/episode-{episode}.csv.xz",
                                     [c for c in (episode - 1, episode) if 0 <= c < 6]).items():
            begin, rows = [0], []
            for tick in ticks:
                assert tick and all(a[1] <= b[1] for a, b in zip(tick, tick[1:])), (episode, category)
                rows += tick
                begin.append(len(rows))
            name = f"episode-{episode}.category-{category}."
            columns = [array.array("d", column).tobytes() for column in zip(*rows)]
            tensors[name + "real_cpa"] = ("F64", [len(rows)], columns[0])
            tensors[name + "cum_cost"] = ("F64", [len(rows)], columns[1])
            tensors[name + "tick_begin"] = ("I64", [TICKS + 1], array.array("q", begin).tobytes())
    return tensors


def write(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name in sorted(tensors):
        dtype, shape, content = tensors[name]
        header[name] = {"data_offsets": [len(data), len(data) + len(content)], "dtype": dtype, "shape": shape}
        data += content
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    print(f"{path}: {os.path.getsize(path)} bytes, {len(tensors)} tensors")


def main():
    if len(sys.argv) not in (3, 4) or sys.byteorder != "little":
        sys.exit(__doc__)
    output = sys.argv[3] if len(sys.argv) == 4 else "data/official_population"
    origin = {"origin": "AuctionNet, github.com/alimama-tech/AuctionNet, commit c20de63", "license": "Apache-2.0"}
    write(f"{output}/agents.safetensors", agents(sys.argv[1]), origin)
    write(f"{output}/onlinelp_tables.safetensors", tables(sys.argv[2]), origin)


if __name__ == "__main__":
    main()
