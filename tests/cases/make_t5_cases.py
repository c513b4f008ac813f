"""Makes the reference cases in t5/: tiny random models of the T5 family (T5 1.0 and 1.1, mT5).

    python make_t5_cases.py [--only NAME]

See reference.py for what a case is, and t5/README.md for what is meant by a position left out.
"""

import dataclasses

from reference import Family, left_out, masks, run_cases, span_loss, zeroed

import torch
import transformers
from torch.nn.functional import cross_entropy

SHAPE = dict(vocab_size=67, d_model=24, d_kv=8, d_ff=29, num_layers=2, num_heads=2, dropout_rate=0.0,
             relative_attention_num_buckets=8, relative_attention_max_distance=12,
             decoder_start_token_id=0, pad_token_id=0, eos_token_id=1, num_labels=2)
GATED = dict(feed_forward_proj="gated-gelu")


@dataclasses.dataclass
class Case:
    name: str
    kind: str
    mask: str | None = None  # of the source (None: the inputs have none)
    target_mask: str | None = None
    ids: bool = True  # decoder_input_ids are given, else made of labels (or of input_ids)
    labels: bool = True
    untied: bool = False  # lm_head.weight is a tensor of its own
    rows: int = 3
    length: int = 11
    target_length: int = 8
    config: dict = dataclasses.field(default_factory=dict)

    def __getitem__(self, _):
        return self.name


GENERATION = "T5ForConditionalGeneration"
CASES = [
    Case("tied_relu", GENERATION, "right", ids=False),
    Case("tied_relu_bare", GENERATION, ids=False, config=dict(num_decoder_layers=3)),
    Case("tied_left", GENERATION, "left", "right", rows=4, length=19, target_length=17),
    Case("tied_holes", GENERATION, "left+holes", "holes", rows=3, length=15, target_length=13),
    Case("buckets_32", GENERATION, "right", "right", rows=2, length=35, target_length=30,
         config=dict(relative_attention_num_buckets=32, relative_attention_max_distance=20)),
    Case("gated_untied", GENERATION, "right", "right", ids=False, untied=True,
         config=dict(GATED, tie_word_embeddings=False)),
    Case("gated_untied_holes", GENERATION, "holes", "right", untied=True,
         config=dict(GATED, tie_word_embeddings=False, num_layers=1, num_decoder_layers=2, num_heads=3)),
    Case("gated_tied", GENERATION, "left", ids=False, config=GATED),
    Case("generation_no_labels", GENERATION, "right", labels=False),
    Case("model", "T5Model", "left", "right", config=dict(num_decoder_layers=1)),
    Case("encoder", "T5EncoderModel", "right"),
    Case("encoder_left", "T5EncoderModel", "left", rows=4, length=16, config=GATED),
    Case("encoder_holes", "T5EncoderModel", "left+holes", rows=3, length=15),
    Case("encoder_bare", "T5EncoderModel"),
    Case("classification", "T5ForSequenceClassification", "right", ids=False, rows=4,
         config=dict(num_labels=3)),
    Case("regression", "T5ForSequenceClassification", "right", ids=False, rows=4,
         config=dict(num_labels=1)),
    Case("token_classification", "T5ForTokenClassification", "left", config=dict(num_labels=5)),
    Case("question_answering", "T5ForQuestionAnswering", "right", ids=False, rows=4),
    Case("mt5", "MT5ForConditionalGeneration", "right", "right", ids=False, untied=True,
         config=dict(num_decoder_layers=1, num_heads=4)),
    Case("mt5_left", "MT5ForConditionalGeneration", "left", "right", untied=True,
         config=dict(feed_forward_proj="relu")),
    Case("mt5_encoder", "MT5EncoderModel", "holes", length=14),
]


def make_model(case):
    kind = getattr(transformers, case.kind)
    config = kind.config_class(**(SHAPE | case.config), architectures=[case.kind])
    config._attn_implementation = "eager"
    model = kind(config)
    if case.untied:
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.lm_head.weight))
    scales = {"layer_norm.weight": 0.15, "shared.weight": 0.5, "relative_attention_bias.weight": 0.6}
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            scale = next((s for end, s in scales.items() if key.endswith(end)), 0.2)
            tensor.normal_(1.0 if key.endswith("norm.weight") else 0.0, scale)
    return model.eval()  # no dropout


def make_inputs(case, model):
    config = model.config
    shape = (case.rows, case.length)
    inputs = {"input_ids": torch.randint(2, config.vocab_size, shape)}
    mask = torch.ones(shape, dtype=torch.long)
    if case.mask:
        mask = inputs["attention_mask"] = masks(case.mask, *shape)
        pad = (mask == 0) & (torch.rand(shape) < 0.5)  # whatever else stands there may not matter
        inputs["input_ids"][pad] = config.pad_token_id
    if case.kind.endswith("SequenceClassification"):
        ends = mask.sum(1) - 1
        inputs["input_ids"][torch.arange(case.rows), ends] = config.eos_token_id
        inputs["labels"] = (torch.randn(case.rows) if config.num_labels == 1 else
                            torch.randint(0, config.num_labels, (case.rows,)))
    if case.kind.endswith("TokenClassification"):
        inputs["labels"] = torch.randint(0, config.num_labels, shape)
        inputs["labels"][torch.rand(shape) < 0.2] = -100
    if case.kind.endswith("QuestionAnswering"):
        attended = [row.nonzero().flatten() for row in mask]
        for key in ("start_positions", "end_positions"):
            picks = [row[torch.randint(len(row), (1,))].item() for row in attended]
            inputs[key] = torch.tensor(picks)
        inputs["end_positions"][2] = case.length  # an answer cut off: ignored by the loss
    if not case.kind.endswith(("ForConditionalGeneration", "Model")) or case.kind.endswith("EncoderModel"):
        return inputs

    shape = (case.rows, case.target_length)
    if case.ids:
        inputs["decoder_input_ids"] = torch.randint(0, config.vocab_size, shape)
    if case.target_mask:
        inputs["decoder_attention_mask"] = masks(case.target_mask, *shape)
    if case.labels and case.kind.endswith("Generation"):
        inputs["labels"] = torch.randint(0, config.vocab_size, shape)
        inputs["labels"][0, -2:] = -100
        inputs["labels"][1, 0] = -100
    return inputs


def target_of(model, inputs):
    """The decoder's inputs: given, or made of the labels, or of input_ids, as forward() makes them."""
    ids = inputs.get("decoder_input_ids")
    if ids is None and type(model).__name__.endswith("Generation"):
        ids = model._shift_right(inputs["labels"])
    elif ids is None:
        ids = model._shift_right(inputs["input_ids"])
        return {"decoder_input_ids": ids, "decoder_attention_mask": 1 - left_out(inputs).long()}
    mask = inputs.get("decoder_attention_mask", torch.ones_like(ids))
    return {"decoder_input_ids": ids, "decoder_attention_mask": mask}


def forward(model, inputs):
    """Named outputs and the loss, with the positions left out neither seen nor counted."""
    kind = type(model).__name__
    source = {key: inputs[key] for key in ("input_ids", "attention_mask") if key in inputs}
    out = left_out(inputs)
    if kind.endswith("EncoderModel"):
        return {"last_hidden_state": zeroed(model(**source).last_hidden_state, out)}
    if kind == "T5ForTokenClassification":
        result = model(**source, labels=inputs["labels"].masked_fill(out, -100))
        return {"logits": zeroed(result.logits, out), "loss": result.loss}

    target = target_of(model, inputs)
    target_out = target["decoder_attention_mask"] == 0
    if kind == "T5ForSequenceClassification":
        labels = inputs["labels"]
        result = model(**source, **target,
                       labels=labels.to(model.dtype) if labels.is_floating_point() else labels)
        return {"logits": result.logits, "loss": result.loss}
    result = model(**source, **target)
    if kind == "T5ForQuestionAnswering":
        logits = [result.start_logits, result.end_logits]
        loss = span_loss(logits, [inputs["start_positions"], inputs["end_positions"]], target_out)
        return {"start_logits": zeroed(logits[0], target_out),
                "end_logits": zeroed(logits[1], target_out), "loss": loss}
    if kind == "T5Model":
        return {"last_hidden_state": zeroed(result.last_hidden_state, target_out),
                "encoder_last_hidden_state": zeroed(result.encoder_last_hidden_state, out)}
    named = {"logits": zeroed(result.logits, target_out)}
    if "labels" in inputs:
        labels = inputs["labels"].masked_fill(target_out, -100)
        named["loss"] = cross_entropy(result.logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
        if not target_out.any():
            own = model(**source, labels=labels, decoder_input_ids=target["decoder_input_ids"]).loss
            assert torch.allclose(own, named["loss"])
    return named


if __name__ == "__main__":
    run_cases([(Family("t5", make_model, make_inputs, forward,
                       # A bias that moves all positions alike has no gradient but rounding.
                       zero=lambda case: ("qa_outputs.bias",) if case.kind.endswith("Answering") else ()),
                CASES)], __doc__)
