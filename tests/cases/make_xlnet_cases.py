"""Makes the reference cases of XLNet: tiny random models and what they should compute.

    python make_xlnet_cases.py [--only NAME]

Files, and what is meant by a position left out: bert/README.md; what is particular to XLNet: xlnet/README.md.
"""

import torch
import transformers
from encoders import CHOICES
from reference import Family, left_out, masks, randomize, run_cases, span_loss, zeroed
from torch.nn.functional import cross_entropy
from transformers.models.xlnet.modeling_xlnet import XLNetModel

SHAPE = dict(vocab_size=99, d_model=32, n_layer=2, n_head=4, d_inner=37, dropout=0.0, summary_last_dropout=0.0)

# One line a case: name, class, mask (None: the inputs have none), rows, length, configuration, what is given
# beside tokens: "types", "order" (perm_mask), a number of queries (target_mapping), "memory", "input_mask",
# "forbidden" (p_mask), "place" (cls_index, and is_impossible for a loss), "ends" (of answers).
CASES = [
    ("model", "XLNetModel", "right", 3, 12, {}, dict(types=True)),
    ("model_left", "XLNetModel", "left", 4, 13, dict(ff_activation="relu", n_head=2), dict(types=True)),
    ("model_bare", "XLNetModel", None, 2, 9, {}, {}),
    ("model_long", "XLNetModel", "left+holes", 3, 50, dict(clamp_len=7), dict(types=True)),
    ("model_uni", "XLNetModel", "holes", 3, 14, dict(attn_type="uni"), dict(types=True)),
    ("model_uni_memory", "XLNetModel", "left", 3, 12, dict(attn_type="uni", same_length=True),
     dict(types=True, memory=5)),
    ("model_queries", "XLNetModel", None, 2, 10, {}, dict(types=True, order=True, queries=4)),
    ("language_model", "XLNetLMHeadModel", "holes", 3, 12, {}, dict(types=True)),
    ("permutation", "XLNetLMHeadModel", None, 2, 9, {}, dict(order=True, queries=9)),
    ("permutation_memory", "XLNetLMHeadModel", "left", 3, 12, dict(ff_activation="gelu_new", clamp_len=4),
     dict(types=True, order=True, queries=4, memory=6, input_mask=True)),
    ("permutation_uni", "XLNetLMHeadModel", None, 3, 8, dict(attn_type="uni"),
     dict(types=True, order=True, queries=3, memory=3)),
    ("queries_alone", "XLNetLMHeadModel", "left+holes", 3, 12, {}, dict(types=True, queries=3)),
    ("memory", "XLNetLMHeadModel", "right", 3, 10, {}, dict(types=True, memory=7)),
    ("classification", "XLNetForSequenceClassification", "left", 4, 12, dict(num_labels=3), dict(types=True)),
    ("classification_mean", "XLNetForSequenceClassification", "right", 4, 12,
     dict(num_labels=2, summary_type="mean", summary_activation="relu"), dict(types=True)),
    ("classification_first", "XLNetForSequenceClassification", "holes", 4, 12,
     dict(num_labels=3, summary_type="first", summary_use_proj=False, summary_activation="gelu"), dict(types=True)),
    ("classification_order", "XLNetForSequenceClassification", None, 3, 9, dict(num_labels=2),
     dict(types=True, order=True, memory=4)),
    ("regression", "XLNetForSequenceClassification", "left", 4, 10, dict(num_labels=1), dict(types=True)),
    ("multi_label", "XLNetForSequenceClassification", "left", 3, 10,
     dict(num_labels=5, problem_type="multi_label_classification"), dict(types=True)),
    ("token_classification", "XLNetForTokenClassification", "left+holes", 4, 12, dict(num_labels=4),
     dict(types=True)),
    ("question_answering_simple", "XLNetForQuestionAnsweringSimple", "left+holes", 4, 14, {}, dict(types=True)),
    ("answers", "XLNetForQuestionAnswering", "left", 4, 14, dict(start_n_top=3, end_n_top=2),
     dict(types=True, forbidden=True)),
    ("answers_class", "XLNetForQuestionAnswering", "right", 3, 12, dict(start_n_top=2, end_n_top=3),
     dict(types=True, place=True)),
    ("answers_loss", "XLNetForQuestionAnswering", "left+holes", 4, 14, {}, dict(types=True, ends=True)),
    ("answers_impossible", "XLNetForQuestionAnswering", "right", 4, 14, {},
     dict(types=True, forbidden=True, place=True, ends=True)),
    ("multiple_choice", "XLNetForMultipleChoice", "left", 2, 10, {}, dict(types=True)),
]

# What moves all that a softmax compares alike has no gradient but rounding.
ZERO_BY_HEAD = {
    "ForQuestionAnsweringSimple": ("qa_outputs.bias", "layer.1.ff.layer_norm.bias"),
    "ForQuestionAnswering": ("start_logits.dense.bias", "end_logits.dense_1.bias", "end_logits.LayerNorm.bias"),
    "ForMultipleChoice": ("logits_proj.bias",),
}

# The reference makes its sines in float32 always and multiplies them with weights of any type in one branch only.
_encode_positions = XLNetModel.relative_positional_encoding
XLNetModel.relative_positional_encoding = lambda self, *args, **kwargs: _encode_positions(
    self, *args, **kwargs).to(self.dtype)


def head_of(model):
    return type(model).__name__.removeprefix("XLNet")


def make_model(case):
    _, kind, _, _, _, changes, _ = case
    config = transformers.XLNetConfig(**(SHAPE | changes), architectures=[kind])
    return randomize(getattr(transformers, kind)(config))


def factorization(rows, length, mask, queries, length_of_memory):
    """perm_mask of a random order, and where the queries stand: the last of the order that are attended to."""
    hides, places = torch.zeros(rows, length, length), []
    for row in range(rows):
        order = torch.randperm(length)  # place of each position in the order
        hides[row] = (order[None, :] >= order[:, None]).float()
        attended = mask[row].nonzero().flatten()
        places.append(attended[order[attended].argsort(descending=True)][:queries])
        if length_of_memory == 0 and queries < length:  # a query that sees nothing: the reference's is odd
            sees = (hides[row] == 0) & (mask[row] == 1)[None, :]
            assert sees[places[-1]].any(1).all()
    return hides, places


def make_inputs(case, model):
    _, _, mask_kind, rows, length, _, given = case
    config, head = model.config, head_of(model)
    choices = CHOICES if head == "ForMultipleChoice" else 1
    shape = (rows * choices, length)
    inputs = {"input_ids": torch.randint(0, config.vocab_size, shape)}
    mask = torch.ones(shape, dtype=torch.long)
    if mask_kind:
        mask = inputs["attention_mask"] = masks(mask_kind, *shape)
    if given.get("types"):
        inputs["token_type_ids"] = torch.randint(0, 3, shape)
    if given.get("memory"):
        for layer in range(config.n_layer):
            inputs[f"mems.{layer}"] = torch.randn(given["memory"], shape[0], config.d_model)
    queries = given.get("queries", 0)
    hides, places = factorization(*shape, mask, queries, given.get("memory", 0))
    if given.get("order"):
        inputs["perm_mask"] = hides
    if queries:
        inputs["target_mapping"] = torch.zeros(shape[0], queries, length)
        for row, columns in enumerate(places):
            inputs["target_mapping"][row, torch.arange(len(columns)), columns] = 1
        if mask_kind:
            inputs["target_mapping"][1, 2] = 0  # a query left out
    if given.get("input_mask"):
        inputs["input_mask"] = 1.0 - inputs.pop("attention_mask")

    by_token = (shape[0], queries or length)
    if head in ("LMHeadModel", "ForTokenClassification"):
        classes = config.vocab_size if head == "LMHeadModel" else config.num_labels
        inputs["labels"] = torch.randint(0, classes, by_token)
        inputs["labels"][torch.rand(by_token) < 0.2] = -100
    if head == "ForSequenceClassification":
        if config.problem_type == "multi_label_classification":
            inputs["labels"] = torch.randint(0, 2, (rows, config.num_labels)).float()
        elif config.num_labels == 1:
            inputs["labels"] = torch.randn(rows)
        else:
            inputs["labels"] = torch.randint(0, config.num_labels, (rows,))
    if head == "ForQuestionAnsweringSimple" or given.get("ends"):
        attended = [row.nonzero().flatten() for row in mask]
        for key in ("start_positions", "end_positions"):
            inputs[key] = torch.tensor([row[torch.randint(len(row), (1,))].item() for row in attended])
    if given.get("forbidden"):
        inputs["p_mask"] = (torch.rand(shape) < 0.2).float()
        for key in ("start_positions", "end_positions"):
            if key in inputs:
                inputs["p_mask"][torch.arange(rows), inputs[key]] = 0
    if given.get("place"):
        inputs["cls_index"] = mask.cumsum(1).argmax(1)  # the last attended to
        if given.get("ends"):
            inputs["cls_index"] -= 1
            inputs["is_impossible"] = torch.randint(0, 2, (rows,)).float()
    if head == "ForMultipleChoice":
        for key in ("input_ids", "attention_mask", "token_type_ids"):
            inputs[key] = inputs[key].view(rows, choices, length)
        inputs["labels"] = torch.randint(0, choices, (rows,))
    return inputs


def summarize(states, out, kind):
    """The summary's input, [B, 1, H], made of positions attended to only."""
    seen = (~out).to(states.dtype)
    if kind == "mean":
        weights = seen / seen.sum(1, keepdim=True)
    else:
        index = torch.arange(out.shape[1]).expand_as(out)
        picked = index.masked_fill(out, -1).amax(1) if kind == "last" else index.masked_fill(out, 10**6).amin(1)
        weights = torch.nn.functional.one_hot(picked, out.shape[1]).to(states.dtype)
    return torch.einsum("bl,blh->bh", weights, states)[:, None]


def row_by_row(model, inputs):
    """A causal model takes masks in batches of one only."""
    batch = inputs["input_ids"].shape[0]
    parts = []
    for row in range(batch):
        one = {key: value[row : row + 1] for key, value in inputs.items() if key != "mems"}
        if "mems" in inputs:
            one["mems"] = [memory[:, row : row + 1] for memory in inputs["mems"]]
        parts.append(model(**one)[0])
    return torch.cat(parts)


def forward(model, inputs):
    """Named outputs and the loss, with what is left out neither seen nor counted."""
    head = head_of(model)
    inputs = {key: value.to(model.dtype) if value.is_floating_point() else value for key, value in inputs.items()}
    memory = [inputs.pop(key) for key in sorted(inputs) if key.startswith("mems.")]
    if memory:
        inputs["mems"] = memory
    if "input_mask" in inputs:
        out = inputs["input_mask"] == 1
    else:
        out = left_out(inputs)
    rows_out = inputs["target_mapping"].sum(-1) == 0 if "target_mapping" in inputs else out
    uni = model.config.attn_type == "uni"
    if head == "Model":
        states = row_by_row(model, inputs) if uni else model(**inputs).last_hidden_state
        return {"last_hidden_state": zeroed(states, rows_out)}
    if head == "ForQuestionAnswering":
        inputs["p_mask"] = torch.maximum(inputs.get("p_mask", torch.zeros_like(out, dtype=model.dtype)),
                                         out.to(model.dtype))
        result = model(**inputs)
        return {key: value for key, value in result.items() if key != "mems"}
    ends = [inputs.pop(key) for key in ("start_positions", "end_positions") if key in inputs]
    if head == "ForQuestionAnsweringSimple":
        result = model(**inputs)
        logits = [result.start_logits, result.end_logits]
        return {"start_logits": zeroed(logits[0], out), "end_logits": zeroed(logits[1], out),
                "loss": span_loss(logits, ends, out)}
    by_token = head in ("LMHeadModel", "ForTokenClassification")
    if by_token:
        inputs["labels"] = inputs["labels"].masked_fill(rows_out, -100)
        if uni:
            labels = inputs.pop("labels")
            logits = row_by_row(model, inputs)
            return {"logits": zeroed(logits, rows_out), "loss": cross_entropy(logits.flatten(0, 1), labels.flatten())}
        hook = None
    else:
        flat = out.reshape(-1, out.shape[-1])
        hook = model.sequence_summary.register_forward_pre_hook(
            lambda module, args: (summarize(args[0], flat, module.summary_type),))
    result = model(**inputs)
    if hook:
        hook.remove()
    return {"logits": zeroed(result.logits, rows_out) if by_token else result.logits, "loss": result.loss}


if __name__ == "__main__":
    family = Family("xlnet", make_model, make_inputs, forward, lambda case: ZERO_BY_HEAD.get(
        case[1].removeprefix("XLNet"), ()))
    run_cases([(family, CASES)], __doc__)
