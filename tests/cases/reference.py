"""What the scripts of the reference cases share: tiny random models and what they should compute.

The reference is the public PyTorch implementation of Hugging Face Transformers, run in float64 on the float32
weights that are stored, so that its own rounding is no part of any difference. Every case is computed in float32
too, and a script fails where the two are far apart: a case that rounding alone can upset would prove nothing.

A script gives `run_cases` one line a case, and three functions: make a model, make its inputs, run it forward.
"""

import argparse
import copy
import dataclasses
import os
import pathlib
import shutil
from typing import Callable

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # all is made here: nothing to look up

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

STEPS = 10


def masks(kind, rows, length):
    """Attention masks [rows, length]; every kind leaves at least two positions in each row."""
    mask = torch.ones(rows, length, dtype=torch.long)
    for row in range(rows):
        cut = (row * 5) % (length - 3)  # row 0 is whole
        if kind == "right" and cut:
            mask[row, length - cut :] = 0
        if kind == "left" and cut:
            mask[row, :cut] = 0
        if kind in ("holes", "left+holes"):
            if kind == "left+holes" and row:
                mask[row, : row + 1] = 0
            mask[row, 3 + row : length - 1 : 4] = 0
            mask[row, length - row :] = 0
    return mask


def randomize(model, embedding_scale=0.3, scale=0.15):
    """Weights and biases all far from their usual start, so that none can be left out unseen."""
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            norm = key.lower().endswith("norm.weight") or "ln_" in key and key.endswith("weight")
            embedding = "embeddings.weight" in key or "embed" in key and tensor.dim() == 2
            tensor.normal_(1.0 if norm else 0.0, embedding_scale if embedding else scale)
    return model.eval()  # no dropout


def left_out(inputs, prefix=""):
    """True where a position counts nowhere, [B, L]."""
    ids = inputs[prefix + "input_ids"]
    return inputs.get(prefix + "attention_mask", torch.ones_like(ids)) == 0


def next_token_labels(labels, out):
    """Labels of a causal model: a token that is left out neither predicts nor is predicted."""
    before = torch.nn.functional.pad(out, (1, 0))[..., :-1]
    return labels.masked_fill(out | before, -100)


def span_loss(logits, ends, out):
    """Mean of the two cross entropies over the positions attended to; an end outside is ignored."""
    seen = [x.masked_fill(out, -torch.inf) for x in logits]
    return sum(cross_entropy(x, y, ignore_index=x.shape[1]) for x, y in zip(seen, ends)) / 2


def zeroed(tensor, out):
    return tensor.masked_fill(out.reshape(out.shape + (1,) * (tensor.dim() - out.dim())), 0)


def reference(model, inputs, forward):
    """Outputs, gradients by name, and the losses of ten AdamW steps. Trains the given model."""
    outputs = forward(model, inputs)
    if "loss" not in outputs:
        return {key: value.detach() for key, value in outputs.items()}, {}, None
    outputs["loss"].backward()
    gradients = {key: tensor.grad.clone() for key, tensor in model.named_parameters()
                 if tensor.grad is not None}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8,
                                  weight_decay=0.01)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = forward(model, inputs)["loss"]
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return ({key: value.detach() for key, value in outputs.items()}, gradients,
            torch.tensor(losses, dtype=torch.float64))


def gap(got, wanted):
    """Largest difference over the largest value."""
    return ((got.double() - wanted).abs().max() / wanted.abs().max().clamp(min=1e-30)).item()


def check(name, single, double, zero, limits):
    """Fails where float32 and float64 disagree; returns the three gaps. `zero`: gradients that are rounding only."""
    outputs = max(gap(single[0][key], double[0][key]) for key in double[0])
    largest = max((g.abs().max().item() for g in double[1].values()), default=1.0)
    gradients = 0.0
    for key, wanted in double[1].items():
        if key.endswith(zero):
            assert wanted.abs().max() < 1e-12 * largest, (name, key)
        else:
            assert wanted.abs().max() > 1e-6 * largest, (name, key, "no gradient to speak of")
            gradients = max(gradients, gap(single[1][key], wanted))
    losses = 0.0 if double[2] is None else gap(single[2], double[2])
    gaps = (outputs, gradients, losses)
    assert all(gap < limit for gap, limit in zip(gaps, limits)), (name, gaps)
    return outputs, gradients, losses


@dataclasses.dataclass
class Family:
    folder: str  # under tests/cases
    make_model: Callable  # (case) -> model
    make_inputs: Callable  # (case, model) -> named tensors
    forward: Callable  # (model, inputs) -> named tensors, with "loss" where there is one
    zero: Callable = lambda case: ()  # (case) -> ends of names of gradients that are rounding only
    rounds: Callable = lambda case: False  # (case) -> the reference's own float32 rounding is part of what it computes


def make_case(family, index, case):
    name = case[0]
    torch.manual_seed(1000 + index)
    model = family.make_model(case)
    inputs = family.make_inputs(case, model)

    folder = pathlib.Path(__file__).parent / family.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    stored = load_file(folder / "model.safetensors")

    double = reference(copy.deepcopy(model).double(), inputs, family.forward)
    single = reference(model, inputs, family.forward)
    limits = (1e-2, 1, 1e-1) if family.rounds(case) else (1e-5, 1e-4, 1e-5)
    gaps = check(name, single, double, tuple(family.zero(case)), limits)
    outputs, gradients, losses = single if family.rounds(case) else double

    floats = lambda tensors: {key: t.float().contiguous() for key, t in tensors.items()}
    save_file({key: t.contiguous() for key, t in inputs.items()}, folder / "inputs.safetensors")
    save_file(floats(outputs), folder / "outputs.safetensors")
    if gradients:
        assert set(gradients) <= set(stored), (name, set(gradients) - set(stored))
        assert all(gradients[key].shape == stored[key].shape for key in gradients)
        assert losses[0] == outputs["loss"].double()
        save_file(floats(gradients), folder / "gradients.safetensors")
        save_file(floats({"losses": losses}), folder / "losses.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)  # the library writes for the owner alone
    moved = "" if losses is None else f", loss {losses[0]:.4f} to {losses[-1]:.4f}"
    print(f"{family.folder}/{name}: float32 is {gaps[0]:.0e} / {gaps[1]:.0e} / {gaps[2]:.0e} away{moved}")


def run_cases(families_and_cases, description):
    """The command line of a script; [(family, cases)]."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--only", help="make this case alone (NAME or FAMILY/NAME)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for family, cases in families_and_cases:
        for index, case in enumerate(cases):
            if args.only in (None, case[0], f"{family.folder}/{case[0]}"):
                make_case(family, index, case)
