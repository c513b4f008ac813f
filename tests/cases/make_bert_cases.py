"""Makes the reference cases in bert/: tiny random BERT models and what they should compute.

The reference is the public PyTorch implementation of Hugging Face Transformers, run in float64 on
the float32 weights that are stored, so that its own rounding is no part of any difference. Every
case is computed in float32 too, and the script fails where the two are far apart: a case that
rounding alone can upset would prove nothing.

    python make_bert_cases.py [--only NAME]

See bert/README.md for the files and for what is meant by a position left out.
"""

import argparse
import copy
import os
import pathlib
import shutil

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # all is made here: nothing to look up

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

HERE = pathlib.Path(__file__).parent / "bert"
STEPS = 10

SHAPE = dict(vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
             intermediate_size=37, max_position_embeddings=48, type_vocab_size=2,
             hidden_act="gelu", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


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


# One line a case: name, class, mask (None: the inputs have none), rows, length, configuration.
# A pooled head reads position 0, so the masks of those keep it.
CASES = [
    ("model", "BertModel", "right", 3, 12, {}),
    ("model_left", "BertModel", "left", 4, 13, dict(hidden_act="gelu_new")),
    ("masked_lm", "BertForMaskedLM", "right", 3, 12, {}),
    ("masked_lm_holes", "BertForMaskedLM", "left+holes", 3, 15, dict(hidden_act="gelu_new")),
    ("next_sentence", "BertForNextSentencePrediction", "right", 4, 11, dict(hidden_act="relu")),
    ("pretraining", "BertForPreTraining", "holes", 2, 33, {}),
    ("classification", "BertForSequenceClassification", "right", 5, 48,
     dict(num_labels=7, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
          classifier_dropout=0.2)),
    ("classification_holes", "BertForSequenceClassification", "holes", 4, 14,
     dict(num_labels=3, hidden_act="gelu_new")),
    ("classification_bare", "BertForSequenceClassification", None, 3, 9, dict(num_labels=2)),
    ("regression", "BertForSequenceClassification", "right", 4, 10,
     dict(num_labels=1, hidden_act="relu")),
    ("multi_label", "BertForSequenceClassification", "right", 3, 10,
     dict(num_labels=5, problem_type="multi_label_classification")),
    ("token_classification", "BertForTokenClassification", "left", 4, 12,
     dict(num_labels=4, hidden_size=36, num_attention_heads=3, type_vocab_size=3)),
    ("question_answering", "BertForQuestionAnswering", "right", 4, 14, {}),
    ("question_answering_holes", "BertForQuestionAnswering", "left+holes", 3, 16,
     dict(hidden_act="gelu_new")),
    ("multiple_choice", "BertForMultipleChoice", "right", 2, 10, dict(hidden_act="relu")),
]
CHOICES = 3

# A bias that adds the same to everything that a softmax compares has no gradient but rounding:
# the key's always, and what moves all positions or all choices alike where those are compared.
ALWAYS_ZERO = ("attention.self.key.bias",)
ZERO_BY_KIND = {
    "BertForQuestionAnswering": ("qa_outputs.bias", "layer.1.output.LayerNorm.bias"),
    "BertForMultipleChoice": ("classifier.bias",),
}


def make_model(name, kind, changes):
    config = transformers.BertConfig(**(SHAPE | changes), architectures=[kind])
    config._attn_implementation = "eager"
    model = getattr(transformers, kind)(config)
    # Weights and biases all far from their usual start, so that none can be left out unseen.
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            centre = 1.0 if key.endswith("LayerNorm.weight") else 0.0
            scale = 0.3 if "embeddings.weight" in key else 0.15
            tensor.normal_(centre, scale)
    return model.eval()  # no dropout


def make_inputs(name, kind, config, mask_kind, rows, length):
    sequences = rows * CHOICES if kind == "BertForMultipleChoice" else rows
    shape = (sequences, length)
    # Id 0 is [PAD], whose embedding the reference never gives a gradient: only one case attends it.
    inputs = {"input_ids": torch.randint(1, config.vocab_size, shape)}
    mask = torch.ones(shape, dtype=torch.long)
    if mask_kind:
        mask = inputs["attention_mask"] = masks(mask_kind, *shape)
        inputs["token_type_ids"] = torch.randint(0, config.type_vocab_size, shape)
        # Half of the positions left out hold [PAD], the others any id: neither may matter.
        pad = (mask == 0) & (torch.rand(shape) < 0.5)
        inputs["input_ids"][pad] = config.pad_token_id
    else:
        inputs["input_ids"][:, 4] = config.pad_token_id

    if kind in ("BertForMaskedLM", "BertForPreTraining"):
        labels = torch.randint(0, config.vocab_size, shape)
        labels[torch.rand(shape) < 0.6] = -100
        inputs["labels"] = labels
    if kind == "BertForPreTraining":
        inputs["next_sentence_label"] = torch.randint(0, 2, (rows,))
    if kind == "BertForNextSentencePrediction":
        inputs["labels"] = torch.randint(0, 2, (rows,))
    if kind == "BertForSequenceClassification":
        if config.problem_type == "multi_label_classification":
            inputs["labels"] = torch.randint(0, 2, (rows, config.num_labels)).float()
        elif config.num_labels == 1:
            inputs["labels"] = torch.randn(rows)
        else:
            inputs["labels"] = torch.randint(0, config.num_labels, (rows,))
            if mask_kind == "holes":
                inputs["labels"][1] = -100
    if kind == "BertForTokenClassification":
        inputs["labels"] = torch.randint(0, config.num_labels, shape)
        inputs["labels"][torch.rand(shape) < 0.2] = -100
    if kind == "BertForQuestionAnswering":
        attended = [row.nonzero().flatten() for row in mask]
        for key in ("start_positions", "end_positions"):
            picks = [row[torch.randint(len(row), (1,))].item() for row in attended]
            inputs[key] = torch.tensor(picks)
        if mask_kind == "right":
            inputs["end_positions"][2] = length  # an answer cut off: ignored by the loss
    if kind == "BertForMultipleChoice":
        for key in ("input_ids", "attention_mask", "token_type_ids"):
            inputs[key] = inputs[key].view(rows, CHOICES, length)
        inputs["labels"] = torch.randint(0, CHOICES, (rows,))
    return inputs


def forward(model, inputs):
    """Named outputs and the loss, with the positions left out neither seen nor counted."""
    kind = type(model).__name__
    mask = inputs.get("attention_mask", torch.ones_like(inputs["input_ids"]))
    out = mask == 0
    if kind == "BertModel":
        result = model(**inputs)
        named = {"last_hidden_state": result.last_hidden_state.masked_fill(out[..., None], 0)}
        if bool(mask[:, 0].all()):  # the pooler reads position 0
            named["pooler_output"] = result.pooler_output
        return named

    inputs = dict(inputs)
    if kind == "BertForQuestionAnswering":
        ends = [inputs.pop("start_positions"), inputs.pop("end_positions")]
        result = model(**inputs)
        logits = [result.start_logits, result.end_logits]
        seen = [x.masked_fill(out, -torch.inf) for x in logits]
        loss = sum(cross_entropy(x, y, ignore_index=x.shape[1]) for x, y in zip(seen, ends)) / 2
        return {"start_logits": logits[0].masked_fill(out, 0),
                "end_logits": logits[1].masked_fill(out, 0), "loss": loss}

    by_token = kind in ("BertForMaskedLM", "BertForPreTraining", "BertForTokenClassification")
    labels = inputs["labels"]
    if by_token:
        inputs["labels"] = labels.masked_fill(out, -100)
    elif labels.is_floating_point():
        inputs["labels"] = labels.to(model.dtype)
    result = model(**inputs)
    if kind == "BertForPreTraining":
        named = {"prediction_logits": result.prediction_logits.masked_fill(out[..., None], 0),
                 "seq_relationship_logits": result.seq_relationship_logits}
    else:
        logits = result.logits
        named = {"logits": logits.masked_fill(out[..., None], 0) if by_token else logits}
    return named | {"loss": result.loss}


def reference(model, inputs):
    """Outputs, gradients by name, and the losses of ten AdamW steps. Trains the given model."""
    outputs = forward(model, inputs)
    if "loss" not in outputs:
        return {key: value.detach() for key, value in outputs.items()}, {}, None
    outputs["loss"].backward()
    gradients = {key: tensor.grad.clone() for key, tensor in model.named_parameters()}
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
    return ((got.double() - wanted).abs().max() / wanted.abs().max()).item()


def check(name, kind, single, double):
    """Fails where float32 and float64 disagree; returns the three gaps."""
    outputs = max(gap(single[0][key], double[0][key]) for key in double[0])
    largest = max((g.abs().max().item() for g in double[1].values()), default=1.0)
    gradients = 0.0
    for key, wanted in double[1].items():
        if key.endswith(ALWAYS_ZERO) or key.endswith(ZERO_BY_KIND.get(kind, ())):
            assert wanted.abs().max() < 1e-12 * largest, (name, key)
        else:
            assert wanted.abs().max() > 1e-6 * largest, (name, key, "no gradient to speak of")
            gradients = max(gradients, gap(single[1][key], wanted))
    losses = 0.0 if double[2] is None else gap(single[2], double[2])
    assert outputs < 1e-5 and gradients < 1e-4 and losses < 1e-5, (name, outputs, gradients, losses)
    return outputs, gradients, losses


def make_case(index, name, kind, mask_kind, rows, length, changes):
    torch.manual_seed(1000 + index)
    model = make_model(name, kind, changes)
    inputs = make_inputs(name, kind, model.config, mask_kind, rows, length)

    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    stored = load_file(folder / "model.safetensors")

    double = reference(copy.deepcopy(model).double(), inputs)
    outputs, gradients, losses = double
    gaps = check(name, kind, reference(model, inputs), double)

    floats = lambda tensors: {key: t.float().contiguous() for key, t in tensors.items()}
    save_file(inputs, folder / "inputs.safetensors")
    save_file(floats(outputs), folder / "outputs.safetensors")
    if gradients:
        assert set(gradients) == set(stored), (name, set(gradients) ^ set(stored))
        assert all(gradients[key].shape == stored[key].shape for key in stored)
        assert losses[0] == outputs["loss"]
        save_file(floats(gradients), folder / "gradients.safetensors")
        save_file(floats({"losses": losses}), folder / "losses.safetensors")
    for file in folder.iterdir():
        file.chmod(0o644)  # the library writes for the owner alone
    moved = "" if losses is None else f", loss {losses[0]:.4f} to {losses[-1]:.4f}"
    print(f"{name}: float32 is {gaps[0]:.0e} / {gaps[1]:.0e} / {gaps[2]:.0e} away{moved}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="make this case alone")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for index, case in enumerate(CASES):
        if args.only in (None, case[0]):
            make_case(index, *case)


if __name__ == "__main__":
    main()
