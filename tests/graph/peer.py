"""peer.py FOLDER: other people's tools on the graphs that graph_peer_test has written.

FOLDER/NAME has graph.json, weights.safetensors, policy.onnx, policy.py, policy.pt2 and inputs_N.safetensors for N rows.
Each graph is computed five times: by NumPy as src/graph/operators.h says it, by onnxruntime, by policy.py, by what
torch.export makes of it and by what it loads of policy.pt2. All must agree.
"""

import importlib.util
import json
import math
import os
import sys

import numpy as np
import onnx
import onnxruntime
import safetensors.numpy
import torch

# NumPy computes with 64 bits, the others with 32, whose products and sums of up to a hundred numbers are some 1e-6 off:
# measured from the largest number of an output, since numbers near 0 are what large ones leave.
TOLERANCE = 1e-5

erf = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * x))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def normalised(x, axes, eps):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def attention(q, k, v, mask, causal):
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    sees = np.ones(scores.shape, bool) if mask is None else np.broadcast_to(mask, scores.shape)
    if causal:
        sees = sees & np.tril(np.ones(scores.shape[-2:], bool))
    weights = np.where(sees, np.exp(scores - scores.max(-1, keepdims=True)), 0)
    total = weights.sum(-1, keepdims=True)
    return weights / np.where(total == 0, 1, total) @ v  # who sees nothing gets zeros


def conv(x, weight, bias, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    windows = np.lib.stride_tricks.sliding_window_view(x, weight.shape[2], axis=2)[:, :, ::stride]
    return np.einsum("bclk,ock->bol", windows, weight) + bias[:, None]


def conv_transpose(x, weight, bias, stride, padding):
    rows, _, length = x.shape
    out = np.zeros((rows, weight.shape[1], (length - 1) * stride + weight.shape[2]))
    for place in range(length):
        out[:, :, place * stride : place * stride + weight.shape[2]] += np.einsum("bc,cok->bok", x[:, :, place], weight)
    return out[:, :, padding : out.shape[2] - padding] + bias[:, None]


PLAIN = {
    "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
    "sigmoid": sigmoid, "softplus": softplus, "softmax": softmax, "not": np.logical_not,
    "relu": lambda x: np.maximum(x, 0),
    "gelu": lambda x: x * 0.5 * (1 + erf(x / math.sqrt(2))),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "min": np.minimum, "max": np.maximum, "div": np.divide,
    "pow": np.power, "floor_div": np.floor_divide, "less": np.less, "less_equal": np.less_equal, "equal": np.equal,
    "and": np.logical_and, "or": np.logical_or, "where": np.where, "matmul": np.matmul,
    "linear": lambda x, weight, bias: x @ weight.T + bias,
    "take": lambda table, index: table[index],
}  # fmt: skip


def computed(node, x, shape, rows):
    op, dimension = node["op"], node.get("dimension")
    first = x[0]
    if op in PLAIN:
        return PLAIN[op](*x)
    if op == "clamp":
        return np.clip(first, float(node["low"]), float(node["high"])).astype(first.dtype)
    if op == "cast":
        return first.astype({"f32": np.float64, "i64": np.int64, "bool": bool}[node["type"]])
    if op == "conv1d":
        return conv(*x, node["stride"], node["padding"])
    if op == "conv_transpose1d":
        return conv_transpose(*x, node["stride"], node["padding"])
    if op == "attention":
        return attention(*x[:3], x[3] if len(x) == 4 else None, node["causal"])
    if op == "layer_norm":
        return normalised(first, -1, node["eps"]) * x[1] + x[2]
    if op == "group_norm":
        groups = normalised(first.reshape(len(first), node["groups"], -1), -1, node["eps"])
        return groups.reshape(first.shape) * x[1][:, None] + x[2][:, None]
    if op == "sum":
        return first.sum(dimension)
    if op == "reshape":
        return first.reshape(shape)
    if op == "expand":
        return np.broadcast_to(first, shape)
    if op == "permute":
        return first.transpose(node["order"])
    if op == "slice":
        times = rows if dimension == 0 and node["of_rows"] else 1
        return first.take(range(node["first"] * times, node["end"] * times), dimension)
    if op == "concat":
        return np.concatenate(x, dimension)
    if op == "pad":
        widths = [(0, 0)] * first.ndim
        widths[dimension] = (node["before"], node["behind"])
        return np.pad(first, widths)
    if op == "pick":
        return first.take(node["places"], dimension)
    if op == "gather":  # indices beside the dimension are those of the index
        places = np.indices(x[1].shape)
        places[dimension] = x[1]
        return first[tuple(places)]
    raise ValueError(f"found the operator {op}, expected one of the table")


def wide(array):
    return array.astype(np.float64) if array.dtype == np.float32 else array


def by_numpy(graph, weights, inputs, rows):
    values, has_rows = {}, {}
    for entry in graph["inputs"] + graph["constants"] + graph["nodes"]:
        has_rows[entry["value"]] = "R" in str(entry["shape"])
    for one in graph["inputs"]:
        values[one["value"]] = wide(inputs[one["name"]])
    for one in graph["constants"]:
        values[one["value"]] = wide(weights[one["name"]])
    for node in graph["nodes"]:
        shape = [int(n[:-1] or 1) * rows if isinstance(n, str) else n for n in node["shape"]]
        node = {**node, "of_rows": has_rows[node["inputs"][0]]}
        with np.errstate(over="ignore"):
            value = computed(node, [values[i] for i in node["inputs"]], shape, rows)
        assert list(value.shape) == shape, (node, value.shape)
        values[node["value"]] = value
    return [values[one["value"]] for one in graph["outputs"]]


def check_equal(what, found, expected, name):
    found = np.asarray(found)
    assert found.shape == expected.shape, f"{what}, {name}: found {found.shape}, expected {expected.shape}"
    if expected.dtype != np.float64:
        assert found.dtype == expected.dtype, f"{what}, {name}: found {found.dtype}, expected {expected.dtype}"
        assert np.array_equal(found, expected), f"{what}, {name}: found\n{found}\nexpected\n{expected}"
        return 0.0
    assert found.dtype == np.float32, f"{what}, {name}: found {found.dtype}, expected float32"
    off = float(np.max(np.abs(found - expected)) / max(np.max(np.abs(expected)), 1e-30))
    assert off <= TOLERANCE, f"{what}, {name}: found numbers {off} off, expected {TOLERANCE} at most"
    return off


def check_onnx(folder, graph):
    model = onnx.load(f"{folder}/policy.onnx")
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    assert (model.ir_version, model.producer_name, model.opset_import[0].version) == (8, "genbid", 17)
    assert {entry.key: entry.value for entry in model.metadata_props} == {"name": os.path.basename(folder)}
    names = [tensor.name for tensor in model.graph.initializer]
    assert len(names) == len(set(names)) and set(one["name"] for one in graph["constants"]) <= set(names)
    for value in inferred.graph.output:
        assert all(d.dim_value or d.dim_param for d in value.type.tensor_type.shape.dim), value


def onnx_session(folder):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 2
    return onnxruntime.InferenceSession(f"{folder}/policy.onnx", options, providers=["CPUExecutionProvider"])


def load_policy(folder, weights):
    spec = importlib.util.spec_from_file_location("policy", f"{folder}/policy.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    policy = module.load(folder)
    assert set(policy.state_dict()) == set(weights)
    assert not policy.training and not any(p.requires_grad for p in policy.parameters())
    return policy


def load_archive(folder, graph, weights):
    """The module, and that of the same program in terms of torch's core operators, for which it is traced again."""
    program = torch.export.load(f"{folder}/policy.pt2")
    assert set(program.state_dict) == set(weights)
    for name, numbers in weights.items():
        assert np.array_equal(program.state_dict[name].numpy(), numbers), name
    with torch.no_grad():
        return program.module(), program.run_decompositions().module()


def exported(policy, graph, inputs):
    """Compiled for any number of rows from an example with 3."""
    rows = torch.export.Dim("rows", min=1, max=4096)
    dynamic = []
    for one in graph["inputs"]:
        of_rows = str(one["shape"][0]) if one["shape"] else ""
        times = int(of_rows[:-1] or 1) if of_rows.endswith("R") else 0
        dynamic.append({0: times * rows if times > 1 else rows} if times else None)
    with torch.no_grad():
        return torch.export.export(policy, tuple(inputs), dynamic_shapes=(*dynamic,)).module()


def check_graph(folder):
    graph = json.load(open(f"{folder}/graph.json", encoding="utf-8"))
    weights = safetensors.numpy.load_file(f"{folder}/weights.safetensors")
    check_onnx(folder, graph)
    session = onnx_session(folder)
    policy = load_policy(folder, weights)
    input_names = [one["name"] for one in graph["inputs"]]
    assert [one.name for one in session.get_inputs()] == input_names
    loaded, decomposed = load_archive(folder, graph, weights)
    assert set(loaded.state_dict()) == set(weights)
    program, worst = None, {}
    for rows in (3, 1, 2, 48):
        inputs = safetensors.numpy.load_file(f"{folder}/inputs_{rows}.safetensors")
        tensors = [torch.from_numpy(inputs[name]) for name in input_names]
        program = program or exported(policy, graph, tensors)
        expected = by_numpy(graph, weights, inputs, rows)
        with torch.no_grad():
            by_code, by_archive = policy(*tensors), loaded(*tensors)
            assert list(by_code) == list(by_archive)
            for name, numbers in by_code.items():
                assert torch.equal(by_archive[name], numbers), name  # the same calls
            results = {
                "onnxruntime": session.run(None, {name: inputs[name] for name in input_names}),
                "policy.py": list(by_code.values()),
                "policy.pt2": list(by_archive.values()),
                "policy.pt2, decomposed": list(decomposed(*tensors).values()),
            }
            # Of rows that torch.export knows as a part of an extent alone, it assumes that they are not 1.
            if rows > 1 or any(one["shape"] and one["shape"][0] == "R" for one in graph["inputs"]):
                results["torch.export"] = list(program(*tensors).values())
        for who, outputs in results.items():
            assert len(outputs) == len(expected)
            for one, found, right in zip(graph["outputs"], outputs, expected):
                off = check_equal(f"{who}, {rows} rows", found, right, one["name"])
                worst[who] = max(worst.get(who, 0.0), off)
    print(os.path.basename(folder), {who: f"{off:.1e}" for who, off in worst.items()})


torch.set_num_threads(1)
for name in sorted(os.listdir(sys.argv[1])):
    check_graph(f"{sys.argv[1]}/{name}")
