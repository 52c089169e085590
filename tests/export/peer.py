"""peer.py FOLDER: other people's tools on the bundles that bundle_peer_test has written, FOLDER/NAME/VERSION.

Decisions of examples.safetensors, which LibTorch made, are made again by onnxruntime (with 1, 2, 3, 48 and all rows) and by
policy.py; onnx checks the file; torch.export.export takes the module with a free number of rows.
"""

import importlib.util
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
import safetensors.numpy
import torch

# Of the largest coefficient. 32-bit sums in another order are some 1e-6 off; what a sampler makes goes through the network
# again at each level.
TOLERANCE = 1e-5
SAMPLER_TOLERANCE = 1e-4


def error_of(found, expected):
    assert found.shape == expected.shape, (found.shape, expected.shape)
    assert np.isfinite(found).all()
    return np.abs(found - expected).max() / np.abs(expected).max()


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def module_of(folder):
    spec = importlib.util.spec_from_file_location("policy", os.path.join(folder, "policy.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(folder)


def check(folder):
    with open(os.path.join(folder, "bundle.json")) as file:
        bundle = json.load(file)
    tolerance = SAMPLER_TOLERANCE if bundle["noise"]["size"] > 1 else TOLERANCE
    examples = safetensors.numpy.load_file(os.path.join(folder, "examples.safetensors"))
    names = [one["name"] for one in bundle["inputs"]]
    inputs = {name: examples["inputs." + name] for name in names}
    expected = examples["outputs.coefficients"]
    path = os.path.join(folder, "policy.onnx")
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = session_of(path)
    assert [one.name for one in session.get_inputs()] == names
    worst = {}
    for rows in (1, 2, 3, len(expected)):
        found = session.run(["coefficients"], {name: x[:rows] for name, x in inputs.items()})[0]
        worst["onnxruntime"] = max(worst.get("onnxruntime", 0), error_of(found, expected[:rows]))
    policy = module_of(folder)
    assert set(policy.state_dict()) == set(safetensors.numpy.load_file(os.path.join(folder, "weights.safetensors")))
    tensors = [torch.from_numpy(inputs[name]) for name in names]
    with torch.no_grad():
        worst["policy.py"] = error_of(policy(*tensors)["coefficients"].numpy(), expected)
        if bundle["model"] in ("perceptron", "decision_transformer"):  # the others take minutes
            rows = torch.export.Dim("rows", min=2, max=4096)
            exported = torch.export.export(policy, tuple(x[:5] for x in tensors),
                                           dynamic_shapes=tuple({0: rows} for _ in tensors))
            worst["torch.export"] = error_of(exported.module()(*tensors)["coefficients"].numpy(), expected)
    for tool, error in worst.items():
        assert error <= tolerance, (folder, tool, error)
    return worst


def main():
    for name in sorted(os.listdir(sys.argv[1])):
        folder = os.path.join(sys.argv[1], name)
        with open(os.path.join(folder, "CURRENT")) as current:
            worst = check(os.path.join(folder, current.readline().strip()))
        print(name, *(f"{tool} {error:.1e}" for tool, error in worst.items()))


main()
