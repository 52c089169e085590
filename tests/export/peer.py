"""peer.py FOLDER: other people's tools on the bundles that bundle_peer_test has written, FOLDER/NAME/VERSION.

Decisions of examples.safetensors, which LibTorch made, are made again by onnxruntime, by policy.py and by what
torch.export loads of policy.pt2, with 1, 2, 3 and all 48 rows: coefficients and what is carried to the next tick. onnx
checks its file; torch.export.export takes the module with a free number of rows.
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

# Of the largest number of an output. 32-bit sums in another order are some 1e-6 off; what a sampler makes goes through
# the network again at each level.
TOLERANCE = 1e-5
SAMPLER_TOLERANCE = 1e-4


def error_of(found, expected):
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype), (found.shape, expected.shape)
    if found.dtype != np.float32:
        assert np.array_equal(found, expected)
        return 0.0
    assert np.isfinite(found).all()
    return np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)


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
    outputs = [one["name"] for one in bundle["outputs"]]
    inputs = {name: examples["inputs." + name] for name in names}
    expected = {name: examples["outputs." + name] for name in outputs}
    assert set(examples) == {"inputs." + name for name in names} | {"outputs." + name for name in outputs}
    path = os.path.join(folder, "policy.onnx")
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = session_of(path)
    assert [one.name for one in session.get_inputs()] == names
    policy = module_of(folder)
    archive = torch.export.load(os.path.join(folder, "policy.pt2")).module()
    for module in (policy, archive):
        assert set(module.state_dict()) == set(safetensors.numpy.load_file(os.path.join(folder, "weights.safetensors")))

    worst = {}

    def compare(tool, found, rows):
        for name, right in expected.items():
            error = error_of(np.asarray(found[name]), right[:rows])
            assert error <= tolerance, (folder, tool, rows, name, error)
            worst[tool] = max(worst.get(tool, 0), error)

    tensors = [torch.from_numpy(inputs[name]) for name in names]
    num_rows = len(expected["coefficients"])
    assert num_rows == 48
    with torch.no_grad():
        for rows in (1, 2, 3, num_rows):
            some = [x[:rows] for x in tensors]
            made = session.run(None, {name: x[:rows] for name, x in inputs.items()})
            compare("onnxruntime", dict(zip(outputs, made, strict=True)), rows)
            by_code, by_archive = policy(*some), archive(*some)
            assert list(by_code) == list(by_archive) == outputs
            compare("policy.py", by_code, rows)
            compare("policy.pt2", by_archive, rows)
            assert all(torch.equal(by_code[name], by_archive[name]) for name in outputs)  # the same calls
        if bundle["model"] in ("perceptron", "decision_transformer"):  # the others take minutes
            dimension = torch.export.Dim("rows", min=2, max=4096)
            exported = torch.export.export(policy, tuple(x[:5] for x in tensors),
                                           dynamic_shapes=tuple({0: dimension} for _ in tensors))
            compare("torch.export", exported.module()(*tensors), num_rows)
    return worst


def main():
    for name in sorted(os.listdir(sys.argv[1])):
        folder = os.path.join(sys.argv[1], name)
        with open(os.path.join(folder, "CURRENT")) as current:
            worst = check(os.path.join(folder, current.readline().strip()))
        print(name, *(f"{tool} {error:.1e}" for tool, error in worst.items()))


main()
