#!/usr/bin/env python3
"""Times training steps of the reference networks in PyTorch, beside which `genbid bench step.` stands.

  python scripts/reference/step_times.py [--device cpu|cuda[:N]] [--mode eager|compiled] [--steps 50] [--small]

Prints one JSON array: {"name", "value", "unit", "settings"} of each part. The networks are those of
make_references.py at genbid's default sizes, without dropout, on batches that were made before; AdamW is PyTorch's fused
one, with clipping. Needs torch alone.
"""
import argparse
import json
import pathlib
import statistics
import sys
import time
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from make_references import DecisionTransformer, InverseDynamics, TemporalUnet, action_loss  # noqa: E402

STATES = 22
Losses = Callable[[], Tensor]


def decision_transformer(small: bool) -> tuple[nn.Module, Losses, dict]:
    rows, ticks = (4, 6) if small else (64, 20)
    model = DecisionTransformer(STATES, 1, width=64, layers=2 if small else 3, heads=1, inner=64 if small else 512)
    states, actions = torch.randn(rows, ticks, STATES), torch.randn(rows, ticks, 1)
    to_go, mask = torch.rand(rows, ticks), torch.ones(rows, ticks)
    ticks_of = torch.arange(ticks).expand(rows, ticks)
    return (model, lambda: action_loss(model(states, actions, to_go, ticks_of), actions, mask),
            {"batch": rows, "ticks": rows * ticks})


def diffbid(small: bool) -> tuple[nn.Module, Losses, dict]:
    rows, ticks = (4, 8) if small else (64, 48)
    width, stages, embedding, hidden = (16, 2, 16, 64) if small else (24, 3, 32, 256)
    unet = TemporalUnet(STATES + 1, STATES, 2, [width << i for i in range(stages)], kernel=5, blocks=1, groups=8,
                        embedding=embedding)
    inverse = InverseDynamics(STATES, 1, history=3, hidden=[hidden, hidden, hidden])
    states, following = torch.randn(rows, ticks, STATES), torch.randn(rows, ticks, STATES)
    x, level = torch.randn(rows, ticks, STATES + 1), torch.randint(0, 20, (rows,)).float()
    condition, keep = torch.rand(rows, 2), torch.ones(rows, 1)
    actions, mask = torch.randn(rows, ticks, 1), torch.ones(rows, ticks)

    def losses() -> Tensor:
        return (action_loss(inverse(states, following), actions, mask)
                + F.mse_loss(unet(x, level, condition, keep), states))

    return nn.ModuleList([unet, inverse]), losses, {"batch": rows, "ticks": rows * ticks}


def times_of(model: nn.Module, losses: Losses, steps: int, wait: Callable[[], None]) -> dict[str, float]:
    """Median milliseconds of the loss, of backward and of the optimizer."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4, fused=True)
    parts: dict[str, list[float]] = {"loss": [], "backward": [], "optimizer": [], "step": []}
    warm_up = 5
    for i in range(warm_up + steps):
        wait()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss = losses()
        wait()
        after_loss = time.perf_counter()
        loss.backward()
        wait()
        after_backward = time.perf_counter()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        wait()
        end = time.perf_counter()
        if i < warm_up:
            continue
        parts["loss"].append(after_loss - start)
        parts["backward"].append(after_backward - after_loss)
        parts["optimizer"].append(end - after_backward)
    # A whole step again, in which nothing is waited for between its parts.
    for i in range(steps):
        wait()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        losses().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        wait()
        parts["step"].append(time.perf_counter() - start)
    return {name: 1e3 * statistics.median(values) for name, values in parts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--small", action="store_true", help="tiny networks and batches: to see that it works")
    parser.add_argument("--mode", choices=["eager", "compiled"], default="eager")
    arguments = parser.parse_args()
    on_gpu = arguments.device != "cpu"
    wait = torch.cuda.synchronize if on_gpu else lambda: None
    figures = []
    with torch.device(arguments.device):
        for name, make in {"decision_transformer": decision_transformer, "diffbid": diffbid}.items():
            torch.manual_seed(1)
            model, losses, settings = make(arguments.small)
            settings = {"peer": f"PyTorch {torch.__version__}, {arguments.mode}", "model": name,
                        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
                        "threads": torch.get_num_threads(), **settings,
                        "parameters": sum(p.numel() for p in model.parameters())}
            if arguments.mode == "compiled":
                losses = torch.compile(losses)
            try:
                times = times_of(model, losses, arguments.steps, wait)
            except Exception as error:  # a machine without Triton or a compiler: said, not hidden
                settings["failed"] = str(error).splitlines()[0]
                figures.append({"name": f"peer.{name}", "value": None, "unit": "ms", "settings": settings})
                continue
            figures += [{"name": f"peer.{name}.{part}", "value": value, "unit": "ms", "settings": settings}
                        for part, value in times.items()]
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
