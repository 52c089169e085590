#!/usr/bin/env python3
"""Reference numbers of the networks and the samplers, from an independent implementation in PyTorch.

  python scripts/reference/make_references.py [OUT_DIR=tests/golden/reference]   writes the files
  python scripts/reference/make_references.py --float32                          writes nothing: prints how far the
                                                                                same computation in float32 is away

Weights and inputs are drawn as float32 values; everything after that is computed in float64. Needs torch, safetensors.
"""
import math
import pathlib
import sys
from typing import Callable, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Tensors = dict[str, Tensor]
DEFAULT_OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "reference"
BETA = 0.1  # smooth L1


class Draw:
    """Random float32 values of one seed."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, dtype=torch.float32)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=self.generator, dtype=torch.float32)

    def fill(self, model: nn.Module) -> None:
        """Draws every parameter: weights normal / sqrt(fan_in), biases and norm shifts 0.1 normal, scales around 1."""
        with torch.no_grad():
            for module in model.modules():
                norm = isinstance(module, (nn.LayerNorm, nn.GroupNorm))
                for name, parameter in module.named_parameters(recurse=False):
                    value = self.normal(*parameter.shape)
                    if name == "bias":
                        value = 0.1 * value
                    elif norm:
                        value = 1 + 0.1 * value
                    else:
                        value = value / math.sqrt(math.prod(parameter.shape[1:]))
                    parameter.copy_(value)


def prefix_mask(lengths: list[int], ticks: int) -> Tensor:
    """[B, T] float32: 1 in the first `lengths[row]` ticks of each row."""
    return (torch.arange(ticks)[None] < torch.tensor(lengths)[:, None]).float()


def to(inputs: Tensors, dtype: torch.dtype) -> Tensors:
    """The inputs in the type of the computation; whole numbers stay."""
    return {name: x.to(dtype) if x.is_floating_point() else x for name, x in inputs.items()}


def record(model: nn.Module, inputs: Tensors, outputs: Tensors, gradients: bool = True) -> Tensors:
    """Names the tensors of one file; parameters, buffers and inputs as float32, outputs and gradients as computed."""
    tensors = {f"param.{name}": x.detach().float() for name, x in model.state_dict().items()}
    if gradients:
        tensors |= {f"grad.{name}": x.grad for name, x in model.named_parameters()}
    tensors |= {f"input.{name}": x for name, x in inputs.items()}
    tensors |= {f"output.{name}": x.detach() for name, x in outputs.items()}
    return {name: x.contiguous() for name, x in tensors.items()}


def action_loss(prediction: Tensor, actions: Tensor, mask: Tensor) -> Tensor:
    """Smooth L1, mean over the actions of a tick, then the mean over ticks where mask is 1."""
    loss = F.smooth_l1_loss(prediction, actions, reduction="none", beta=BETA).mean(-1)
    return (loss * mask).sum() / mask.sum()


# ------------------------------------------------------------------------------------------ decision transformer


class Normaliser(nn.Module):
    """(x - mean) / scale, held in [-10, 10]."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        return ((x - self.mean) / self.scale).clamp(-10, 10)


class TransformerBlock(nn.Module):
    """Pre-norm block: causal attention, then a feed-forward network with exact GELU."""

    def __init__(self, width: int, heads: int, inner: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, inner)
        self.feed_out = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        rows, length, width = x.shape
        q, k, v = (part.view(rows, length, self.heads, width // self.heads).transpose(1, 2)
                   for part in self.query_key_value(self.attention_norm(x)).split(width, dim=-1))
        scores = q @ k.transpose(-1, -2) / math.sqrt(width // self.heads)
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        mixed = scores.masked_fill(later, -math.inf).softmax(-1) @ v
        x = x + self.attention_out(mixed.transpose(1, 2).reshape(rows, length, width))
        return x + self.feed_out(F.gelu(self.feed_in(self.feed_norm(x))))


class DecisionTransformer(nn.Module):
    """Tokens return, state, action per tick; the action is predicted at the state token."""

    def __init__(self, states: int, actions: int, width: int, layers: int, heads: int, inner: int) -> None:
        super().__init__()
        self.states, self.actions, self.returns = Normaliser(states), Normaliser(actions), Normaliser(1)
        self.embed_tick = nn.Linear(16, width)
        self.embed_return = nn.Linear(1, width)
        self.embed_state = nn.Linear(states, width)
        self.embed_action = nn.Linear(actions, width)
        self.embed_norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(TransformerBlock(width, heads, inner) for _ in range(layers))
        self.predict_action = nn.Linear(width, actions)

    def forward(self, states: Tensor, actions: Tensor, returns_to_go: Tensor, ticks: Tensor) -> Tensor:
        frequencies = 2.0 ** -torch.arange(8, dtype=states.dtype) * (2 * math.pi / 4)
        angle = ticks[..., None].to(states.dtype) * frequencies
        tick = self.embed_tick(torch.cat([angle.sin(), angle.cos()], -1))
        x = torch.stack([self.embed_return(self.returns(returns_to_go[..., None])) + tick,
                         self.embed_state(self.states(states)) + tick,
                         self.embed_action(self.actions(actions)) + tick], dim=2)  # [B, T, 3, D]
        x = self.embed_norm(x.flatten(1, 2))
        for block in self.blocks:
            x = block(x)
        return self.predict_action(x[:, 1::3])


def decision_transformer(dtype: torch.dtype) -> Tensors:
    rows, ticks, states, actions = 3, 4, 5, 1
    draw = Draw(123)  # a seed where both branches of the smooth L1 loss occur
    model = DecisionTransformer(states, actions, width=16, layers=2, heads=2, inner=24)
    draw.fill(model)
    for normaliser in (model.states, model.actions, model.returns):
        normaliser.mean.copy_(draw.normal(*normaliser.mean.shape))
        normaliser.scale.copy_(draw.uniform(0.5, 2.5, *normaliser.scale.shape))
    inputs = {
        "states": model.states.mean + model.states.scale * draw.normal(rows, ticks, states),
        "actions": model.actions.mean + model.actions.scale * draw.normal(rows, ticks, actions),
        "returns_to_go": model.returns.mean + model.returns.scale * draw.normal(rows, ticks),
        "ticks": torch.tensor([[0], [17], [44]]) + torch.arange(ticks),
        "mask": prefix_mask([4, 3, 2], ticks),
    }
    inputs["states"][0, 1, 2] = 40.0  # far outside the normaliser's range, on either side
    inputs["states"][1, 0, 4] = -40.0
    model.to(dtype)
    x = to(inputs, dtype)
    prediction = model(x["states"], x["actions"], x["returns_to_go"], x["ticks"])
    loss = action_loss(prediction, model.actions(x["actions"]), x["mask"])
    loss.backward()
    return record(model, inputs, {"prediction": prediction, "loss": loss})


# ------------------------------------------------------------------------------------------------- temporal U-Net


class ConvBlock(nn.Module):
    """Convolution over time, group norm, Mish."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels_in, channels_out, kernel, padding=kernel // 2)
        self.norm = nn.GroupNorm(groups, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        return F.mish(self.norm(self.conv(x)))


class ResidualBlock(nn.Module):
    """Two convolution blocks with the embedding added between them, and a shortcut."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, groups: int, embedding: int) -> None:
        super().__init__()
        self.first = ConvBlock(channels_in, channels_out, kernel, groups)
        self.second = ConvBlock(channels_out, channels_out, kernel, groups)
        self.embed = nn.Linear(embedding, channels_out)
        self.shortcut = nn.Conv1d(channels_in, channels_out, 1) if channels_in != channels_out else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.first(x) + self.embed(F.mish(embedding))[:, :, None]
        return self.second(h) + self.shortcut(x)


class Stage(nn.Module):
    """Residual blocks of one width, then a change of the resolution in time (none at the last stage down)."""

    def __init__(self, blocks: list[ResidualBlock], resample: Optional[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.resample = resample


class TemporalUnet(nn.Module):
    """Conditional 1-D U-Net over time."""

    def __init__(self, channels_in: int, channels_out: int, num_conditions: int, widths: list[int], kernel: int,
                 blocks: int, groups: int, embedding: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.level_in = nn.Linear(embedding, 4 * embedding)
        self.level_out = nn.Linear(4 * embedding, embedding)
        self.condition_in = nn.Linear(num_conditions, embedding)
        self.condition_middle = nn.Linear(embedding, 4 * embedding)
        self.condition_out = nn.Linear(4 * embedding, embedding)

        def residuals(first: int, width: int, count: int = blocks) -> list[ResidualBlock]:
            return [ResidualBlock(first if j == 0 else width, width, kernel, groups, 2 * embedding)
                    for j in range(count)]

        dims, last = [channels_in, *widths], len(widths) - 1
        self.downs = nn.ModuleList(
            Stage(residuals(dims[i], dims[i + 1]),
                  nn.Conv1d(dims[i + 1], dims[i + 1], 3, stride=2, padding=1) if i != last else None)
            for i in range(len(widths)))
        self.middle = nn.ModuleList(residuals(widths[-1], widths[-1], 2))
        self.ups = nn.ModuleList(
            Stage(residuals(2 * widths[i], widths[i - 1]),
                  nn.ConvTranspose1d(widths[i - 1], widths[i - 1], 4, stride=2, padding=1))
            for i in range(last, 0, -1))
        self.final_block = ConvBlock(widths[0], widths[0], kernel, groups)
        self.final_conv = nn.Conv1d(widths[0], channels_out, 1)

    def level_embedding(self, level: Tensor) -> Tensor:
        half = self.embedding // 2
        f = torch.exp(-torch.arange(half, dtype=level.dtype) * (math.log(10000) / (half - 1)))
        angle = level[:, None] * f
        return self.level_out(F.mish(self.level_in(torch.cat([angle.sin(), angle.cos()], -1))))

    def forward(self, x: Tensor, level: Tensor, condition: Tensor, keep: Tensor) -> Tensor:
        c = F.mish(self.condition_middle(F.mish(self.condition_in(condition))))
        embedding = torch.cat([self.level_embedding(level), self.condition_out(c) * keep], -1)
        x, skips = x.transpose(1, 2), []
        for stage in self.downs:
            for block in stage.blocks:
                x = block(x, embedding)
            skips.append(x)
            x = x if stage.resample is None else stage.resample(x)
        for block in self.middle:
            x = block(x, embedding)
        for stage in self.ups:
            x = torch.cat([x, skips.pop()], 1)
            for block in stage.blocks:
                x = block(x, embedding)
            x = stage.resample(x)
        return self.final_conv(self.final_block(x)).transpose(1, 2)


ROWS, TICKS, CHANNELS, KNOWN = 3, 8, 6, [1, 3, 7]


def make_unet(draw: Draw) -> TemporalUnet:
    model = TemporalUnet(CHANNELS + 1, CHANNELS, num_conditions=2, widths=[8, 16, 24], kernel=5, blocks=2, groups=4,
                         embedding=8)
    draw.fill(model)
    return model


def temporal_unet(dtype: torch.dtype) -> Tensors:
    draw = Draw(202)
    model = make_unet(draw)
    known = prefix_mask(KNOWN, TICKS)
    inputs = {
        "x": torch.cat([draw.normal(ROWS, TICKS, CHANNELS), known[..., None]], -1),
        "level": torch.tensor([0.0, 7.0, 19.0]),
        "condition": draw.normal(ROWS, 2),
        "keep": torch.tensor([[1.0], [0.0], [1.0]]),
        "target": draw.normal(ROWS, TICKS, CHANNELS),
        "known": known,
    }
    model.to(dtype)
    x = to(inputs, dtype)
    prediction = model(x["x"], x["level"], x["condition"], x["keep"])
    loss = ((prediction - x["target"]) ** 2)[known == 0].mean()
    loss.backward()
    return record(model, inputs, {"prediction": prediction, "loss": loss,
                                  "level_embedding": model.level_embedding(x["level"])})


# ----------------------------------------------------------------------------------------------- inverse dynamics


class InverseDynamics(nn.Module):
    """The action between the last states and the next state."""

    def __init__(self, states: int, actions: int, history: int, hidden: list[int]) -> None:
        super().__init__()
        self.history = history
        dims = [(history + 1) * states, *hidden]
        layers = [layer for i in range(len(hidden)) for layer in (nn.Linear(dims[i], dims[i + 1]), nn.ReLU())]
        self.network = nn.Sequential(*layers, nn.Linear(dims[-1], actions))

    def forward(self, states: Tensor, next_states: Tensor) -> Tensor:
        tick = torch.arange(states.shape[1])
        past = [states[:, (tick - back).clamp(min=0)] for back in range(self.history - 1, -1, -1)]
        return self.network(torch.cat([*past, next_states], -1))


def inverse_dynamics(dtype: torch.dtype) -> Tensors:
    rows, ticks, states, actions = 3, 6, 5, 1
    draw = Draw(305)  # both branches of the loss, as above
    model = InverseDynamics(states, actions, history=3, hidden=[12, 12])
    draw.fill(model)
    inputs = {
        "states": draw.normal(rows, ticks, states),
        "next_states": draw.normal(rows, ticks, states),
        "actions": 0.4 * draw.normal(rows, ticks, actions),
        "mask": prefix_mask([6, 5, 4], ticks),
    }
    model.to(dtype)
    x = to(inputs, dtype)
    prediction = model(x["states"], x["next_states"])
    loss = action_loss(prediction, x["actions"], x["mask"])
    loss.backward()
    return record(model, inputs, {"prediction": prediction, "loss": loss})


# -------------------------------------------------------------------------------------------------------- sampling


def cosine_betas(levels: int, dtype: torch.dtype) -> Tensor:
    """Cosine schedule on levels + 1 points from 0 to levels + 1."""
    points = levels + 1
    x = torch.linspace(0, points, points, dtype=dtype)
    level = torch.cos((x / points + 0.008) / 1.008 * math.pi / 2) ** 2
    level = level / level[0]
    return (1 - level[1:] / level[:-1]).clamp(0, 0.999)


def ddim(dtype: torch.dtype) -> Tensors:
    levels, steps, guidance, temperature = 20, 5, 1.2, 0.5
    draw = Draw(404)
    model = make_unet(draw)
    inputs = {
        "noise": draw.normal(ROWS, TICKS, CHANNELS),
        "states": draw.uniform(-1, 1, ROWS, TICKS, CHANNELS),
        "known": prefix_mask(KNOWN, TICKS),
        "condition": draw.normal(ROWS, 2),
        "step_noise": draw.normal(levels, ROWS, TICKS, CHANNELS),
    }
    model.to(dtype)
    data = to(inputs, dtype)
    known = data["known"][..., None]
    betas = cosine_betas(levels, dtype)
    alphas = torch.cumprod(1 - betas, 0)
    one = torch.ones((), dtype=dtype)

    def with_known(x: Tensor) -> Tensor:
        return torch.where(known > 0, data["states"], x)

    def guided(x: Tensor, k: int) -> Tensor:
        level = torch.full((ROWS,), float(k), dtype=dtype)
        keep = torch.ones(ROWS, 1, dtype=dtype)
        kept, dropped = (model(torch.cat([x, known], -1), level, data["condition"], keep * on) for on in (1, 0))
        return dropped + guidance * (kept - dropped)

    def clean(x: Tensor, k: int, predicts_noise: bool) -> Tensor:
        e = guided(x, k)
        x0 = (x - (1 - alphas[k]).sqrt() * e) / alphas[k].sqrt() if predicts_noise else e
        return x0.clamp(-1, 1)

    def ddim_trajectory(predicts_noise: bool) -> Tensor:
        used = [math.floor((j + 1) * levels / steps + 0.5) - 1 for j in range(steps - 1, -1, -1)]
        x, trajectory = with_known(temperature * data["noise"]), []
        for k, below in zip(used, [*used[1:], None]):
            x0 = clean(x, k, predicts_noise)
            eps = (x - alphas[k].sqrt() * x0) / (1 - alphas[k]).sqrt()
            next_alpha = one if below is None else alphas[below]
            x = with_known(next_alpha.sqrt() * x0 + (1 - next_alpha).sqrt() * eps)
            trajectory.append(x)
        return torch.stack(trajectory)

    def ancestral() -> Tensor:
        x = with_known(temperature * data["noise"])
        for k in range(levels - 1, -1, -1):
            previous = alphas[k - 1] if k > 0 else one
            x0 = clean(x, k, predicts_noise=True)
            mean = (betas[k] * previous.sqrt() * x0 + (1 - previous) * (1 - betas[k]).sqrt() * x) / (1 - alphas[k])
            log_variance = (betas[k] * (1 - previous) / (1 - alphas[k])).clamp(min=1e-20).log()
            noise = (0.5 * log_variance).exp() * temperature * data["step_noise"][k] if k > 0 else 0.0
            x = with_known(mean + noise)
        return x

    with torch.no_grad():
        outputs = {"betas": betas, "alphas_cumprod": alphas, "noise_trajectory": ddim_trajectory(True),
                   "state_trajectory": ddim_trajectory(False), "ancestral": ancestral()}
    return record(model, inputs, outputs, gradients=False)


CASES: list[Callable[[torch.dtype], Tensors]] = [decision_transformer, temporal_unet, inverse_dynamics, ddim]


def main(arguments: list[str]) -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if arguments == ["--float32"]:
        for case in CASES:
            truth, rounded = case(torch.float64), case(torch.float32)
            gaps = {name: (rounded[name].double() - x).abs().max().item() for name, x in truth.items()
                    if name.startswith(("output.", "grad."))}
            shown = {name: gap for name, gap in gaps.items() if name.startswith("output.")}
            gradients = [gap for name, gap in gaps.items() if name.startswith("grad.")]
            shown |= {"grad.*": max(gradients)} if gradients else {}
            print(case.__name__, *(f"  {name} {gap:.1e}" for name, gap in shown.items()), sep="\n")
        return
    from safetensors.torch import save_file  # step_times.py, which imports this file, does without
    out = pathlib.Path(arguments[0]) if arguments else DEFAULT_OUT
    out.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        path = out / f"{case.__name__}.safetensors"
        save_file(case(torch.float64), path)
        print(path, path.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
