"""Inputs and outputs of encoders and the heads that all families share; see reference.py."""

import torch
from reference import left_out, masks, span_loss, zeroed

CHOICES = 3


def head_of(model):
    """"ForMaskedLM" of BertForMaskedLM."""
    kind = type(model).__name__
    return kind[kind.rindex("For"):] if "For" in kind else "Model"


def encoder_inputs(model, mask_kind, rows, length, pads=0.5, attend_pad=True):
    """Ids, mask, types and labels. `pads`: share of the positions left out that hold [PAD]."""
    config, head = model.config, head_of(model)
    sequences = rows * CHOICES if head == "ForMultipleChoice" else rows
    shape = (sequences, length)
    # Ids up to [PAD] may be special: a padding row's embedding gets no gradient in the reference.
    low = (config.pad_token_id or 0) + 1
    inputs = {"input_ids": torch.randint(low, config.vocab_size, shape)}
    mask = torch.ones(shape, dtype=torch.long)
    types = getattr(config, "type_vocab_size", 0)
    if mask_kind:
        mask = inputs["attention_mask"] = masks(mask_kind, *shape)
        if types > 0:
            inputs["token_type_ids"] = torch.randint(0, types, shape)
        pad = (mask == 0) & (torch.rand(shape) < pads)
        inputs["input_ids"][pad] = config.pad_token_id
    elif attend_pad:
        inputs["input_ids"][:, 4] = config.pad_token_id

    if head == "ForMaskedLM" or head == "ForPreTraining" and "Electra" not in type(model).__name__:
        labels = torch.randint(0, config.vocab_size, shape)
        labels[torch.rand(shape) < 0.6] = -100
        inputs["labels"] = labels
    elif head == "ForPreTraining":  # ELECTRA: replaced or not
        inputs["labels"] = torch.randint(0, 2, shape)
    sentence = sentence_label(model)
    if sentence:
        inputs[sentence] = torch.randint(0, 2, (rows,))
    if head == "ForNextSentencePrediction":
        inputs["labels"] = torch.randint(0, 2, (rows,))
    if head == "ForSequenceClassification":
        if config.problem_type == "multi_label_classification":
            inputs["labels"] = torch.randint(0, 2, (rows, config.num_labels)).float()
        elif config.num_labels == 1:
            inputs["labels"] = torch.randn(rows)
        else:
            inputs["labels"] = torch.randint(0, config.num_labels, (rows,))
            if mask_kind == "holes":
                inputs["labels"][1] = -100
    if head == "ForTokenClassification":
        inputs["labels"] = torch.randint(0, config.num_labels, shape)
        inputs["labels"][torch.rand(shape) < 0.2] = -100
    if head == "ForQuestionAnswering":
        attended = [row.nonzero().flatten() for row in mask]
        for key in ("start_positions", "end_positions"):
            picks = [row[torch.randint(len(row), (1,))].item() for row in attended]
            inputs[key] = torch.tensor(picks)
        if mask_kind == "right":
            inputs["end_positions"][2] = length  # an answer cut off: ignored by the loss
    if head == "ForMultipleChoice":
        for key in ("input_ids", "attention_mask", "token_type_ids"):
            if key in inputs:
                inputs[key] = inputs[key].view(rows, CHOICES, length)
        inputs["labels"] = torch.randint(0, CHOICES, (rows,))
    return inputs


def sentence_label(model):
    kind = type(model).__name__
    if not kind.endswith("ForPreTraining") or kind.startswith("Electra"):
        return None
    return "sentence_order_label" if kind.startswith("Albert") else "next_sentence_label"


def encoder_forward(model, inputs):
    """Named outputs and the loss, with the positions left out neither seen nor counted."""
    head, out = head_of(model), left_out(inputs)
    if head == "Model":
        result = model(**inputs)
        named = {"last_hidden_state": zeroed(result.last_hidden_state, out)}
        if getattr(result, "pooler_output", None) is not None and not out[:, 0].any():
            named["pooler_output"] = result.pooler_output  # it reads position 0
        return named

    inputs = dict(inputs)
    if head == "ForQuestionAnswering":
        ends = [inputs.pop("start_positions"), inputs.pop("end_positions")]
        result = model(**inputs)
        logits = [result.start_logits, result.end_logits]
        return {"start_logits": zeroed(logits[0], out), "end_logits": zeroed(logits[1], out),
                "loss": span_loss(logits, ends, out)}

    by_token = head in ("ForMaskedLM", "ForPreTraining", "ForTokenClassification")
    labels = inputs["labels"]
    if by_token and not type(model).__name__.startswith("ElectraForPre"):
        inputs["labels"] = labels.masked_fill(out, -100)
    elif labels.is_floating_point():
        inputs["labels"] = labels.to(model.dtype)
    result = model(**inputs)
    if head == "ForPreTraining" and sentence_label(model):
        second = "sop_logits" if hasattr(result, "sop_logits") else "seq_relationship_logits"
        named = {"prediction_logits": zeroed(result.prediction_logits, out), second: result[second]}
    else:
        named = {"logits": zeroed(result.logits, out) if by_token else result.logits}
    return named | {"loss": result.loss}
