#!/usr/bin/env python3
"""Makes the files of torch/: what torch.save writes, in every form that is read, and what it means.

    python tests/cases/make_torch_cases.py

Run it with the torch and safetensors of torch/README.md, after make_bert_cases.py: the model folders
hold the weights of bert/classification_bare and must give its outputs. The archives come out the
same each time; the older format names storages by their addresses, so those files do not.
"""

import collections
import io
import json
import pathlib
import shutil
import zipfile

import torch
from safetensors.torch import load_file, save_file

CASES = pathlib.Path(__file__).parent
HERE = CASES / "torch"
PICKLES = CASES.parent / "corpus" / "torch_pickle"
FILES = CASES.parent / "corpus" / "torch_file"
BERT = CASES / "bert" / "classification_bare"


def kinds():
    """A state dict with one of everything that weights are stored as."""
    torch.manual_seed(0)
    matrix = torch.randn(3, 4)
    shared = torch.randn(5, 2)
    cube = torch.randn(2, 3, 4)
    state = collections.OrderedDict(
        f32=matrix,
        f16=torch.randn(3).half(),
        bf16=torch.randn(5).bfloat16(),
        f64=torch.randn(2, 2, dtype=torch.float64),
        i64=torch.arange(-2, 4),
        i32=torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32),
        i16=torch.tensor([-7, 300], dtype=torch.int16),
        i8=torch.tensor([-128, 127, 0], dtype=torch.int8),
        u8=torch.tensor([0, 255], dtype=torch.uint8),
        boolean=torch.tensor([True, False, True]),
        scalar=torch.tensor(1.5),
        number=torch.tensor(7),
        empty=torch.zeros(0, 3),
        parameter=torch.nn.Parameter(torch.randn(2, 3)),
        transposed=matrix.t(),
        permuted=cube.permute(2, 0, 1),
        slice=matrix[1:, 1:3],
        every_second=cube[:, ::2, 1],
        tail=shared[3:],
        tied=shared,
        tied_again=shared,
        expanded=torch.tensor([2.5, -1.0]).expand(3, 2),
        row_of_positions=torch.arange(6).expand(1, -1),
    )
    state["ünïcode.weight"] = torch.ones(1)
    state._metadata = collections.OrderedDict({"": {"version": 1}, "layer": {"version": 2, "assign_to_params_buffers": False}})
    return state


def save(state, path, **options):
    buffer = io.BytesIO()
    torch.save(state, buffer, **options)
    path.write_bytes(buffer.getvalue())


def make_kinds():
    state = kinds()
    # Dense and unshared: safetensors takes no others. The values are what counts.
    save_file({name: tensor.detach().contiguous().clone() for name, tensor in state.items()},
              HERE / "kinds.safetensors")
    save(state, HERE / "kinds.bin")
    save(state, HERE / "kinds_protocol4.bin", pickle_protocol=4)
    save(state, HERE / "kinds_protocol5.bin", pickle_protocol=5)
    save(state, HERE / "kinds_legacy.bin", _use_new_zipfile_serialization=False)
    save(dict(state), HERE / "kinds_dict.bin", pickle_protocol=3)
    torch.serialization.set_crc32_options(False)
    save(state, HERE / "kinds_no_checksums.bin")
    torch.serialization.set_crc32_options(True)
    for name in ("kinds", "kinds_protocol4", "kinds_protocol5"):
        with zipfile.ZipFile(HERE / f"{name}.bin") as archive:
            (PICKLES / f"{name}.pkl").write_bytes(archive.read("archive/data.pkl"))


def make_small():
    """Seeds of the fuzz targets: small, so that a mutation hits something."""
    small = {"w": torch.arange(6.0).reshape(2, 3), "b": torch.ones(2).half()}
    save(small, FILES / "small.bin")
    save(small, FILES / "small_legacy.bin", _use_new_zipfile_serialization=False)
    save({"t": torch.arange(6.0).reshape(2, 3).t()}, FILES / "transposed_legacy.bin",
         _use_new_zipfile_serialization=False)
    with zipfile.ZipFile(FILES / "small.bin") as archive:
        (PICKLES / "small.pkl").write_bytes(archive.read("archive/data.pkl"))


def old_name(name):
    for new, old in (("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")):
        if name.endswith(new):
            return name[: -len(new)] + old
    return name


def make_folders():
    weights = collections.OrderedDict(load_file(BERT / "model.safetensors"))
    for folder in ("bert_archive", "bert_legacy_shards"):
        (HERE / folder).mkdir(exist_ok=True)
        for file in ("config.json", "inputs.safetensors", "outputs.safetensors"):
            shutil.copy(BERT / file, HERE / folder)
    save(weights, HERE / "bert_archive" / "pytorch_model.bin")

    old = [(old_name(name), tensor) for name, tensor in weights.items()]
    weight_map = {}
    for i, part in enumerate((old[: len(old) // 2], old[len(old) // 2 :]), 1):
        shard = f"pytorch_model-{i:05}-of-00002.bin"
        save(collections.OrderedDict(part), HERE / "bert_legacy_shards" / shard,
             _use_new_zipfile_serialization=False)
        weight_map |= {name: shard for name, _ in part}
    index = {"metadata": {"total_size": sum(t.nbytes for t in weights.values())}, "weight_map": weight_map}
    (HERE / "bert_legacy_shards" / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    for folder in (HERE, PICKLES, FILES):
        folder.mkdir(parents=True, exist_ok=True)
    make_kinds()
    make_small()
    make_folders()
