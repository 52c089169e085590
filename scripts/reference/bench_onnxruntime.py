#!/usr/bin/env python3
"""Times a bundle's policy.onnx in onnxruntime with one thread, on the decisions of its examples.safetensors.

usage: bench_onnxruntime.py BUNDLE [ROWS ...]      (a folder with policy.onnx; rows of a call, default 1 and 48)

Prints a JSON object a line as `genbid bench` does: name, value (the median call in ms), unit, settings with the 99th
percentile. Run it and `genbid bench act.MODEL` one after the other: only figures of one sitting can be compared.
"""
import json
import os
import sys
import time

import numpy as np
import onnxruntime as ort
from safetensors.numpy import load_file


def main() -> None:
    folder = sys.argv[1]
    if os.path.exists(os.path.join(folder, "CURRENT")):
        with open(os.path.join(folder, "CURRENT")) as current:
            folder = os.path.join(folder, current.readline().strip())
    with open(os.path.join(folder, "bundle.json")) as file:
        bundle = json.load(file)
    examples = load_file(os.path.join(folder, "examples.safetensors"))
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = ort.InferenceSession(os.path.join(folder, "policy.onnx"), options, providers=["CPUExecutionProvider"])
    for rows in [int(text) for text in sys.argv[2:]] or [1, 48]:
        inputs = {one.name: np.resize(examples["inputs." + one.name], (rows, *examples["inputs." + one.name].shape[1:]))
                  for one in session.get_inputs()}
        times = []
        begin = time.perf_counter()
        while len(times) < 20 or time.perf_counter() - begin < 2.0:
            start = time.perf_counter()
            session.run(None, inputs)
            times.append(time.perf_counter() - start)
        print(json.dumps({
            "name": "act." + bundle["model"], "value": 1e3 * float(np.percentile(times[5:], 50)), "unit": "ms",
            "settings": {"model": bundle["model"], "engine": "onnxruntime", "batch": rows, "threads": 1,
                         "version": ort.__version__, "p99": 1e3 * float(np.percentile(times[5:], 99))}}))


main()
