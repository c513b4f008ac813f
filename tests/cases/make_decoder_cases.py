"""Makes the reference cases of GPT-2 and BART: tiny random models and what they should compute.

    python make_decoder_cases.py [--only NAME | --only FAMILY/NAME]

Files, and what is meant by a position left out: bert/README.md. A token that is left out neither predicts the
next one nor is predicted.
"""

import torch
import transformers
from encoders import encoder_forward, encoder_inputs
from reference import Family, left_out, masks, next_token_labels, randomize, run_cases, zeroed

GPT2 = dict(vocab_size=99, n_embd=32, n_layer=2, n_head=4, n_positions=48, resid_pdrop=0.0, embd_pdrop=0.0,
            attn_pdrop=0.0, pad_token_id=0, bos_token_id=98, eos_token_id=98)
BART = dict(vocab_size=99, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
            decoder_attention_heads=2, encoder_ffn_dim=37, decoder_ffn_dim=41, max_position_embeddings=48,
            dropout=0.0)
GPT2_CASES = [
    ("model", "GPT2Model", "left", 3, 12, {}),
    ("lm", "GPT2LMHeadModel", "right", 3, 14, {}),
    ("lm_holes", "GPT2LMHeadModel", "left+holes", 3, 15, dict(n_inner=40, activation_function="gelu")),
    ("lm_bare", "GPT2LMHeadModel", None, 2, 9, dict(n_layer=3, tie_word_embeddings=False)),
    ("lm_banded", "GPT2LMHeadModel", "right", 3, 14,
     dict(n_layer=3, attention_layers=["local", "global", "local"], window_size=4)),
    ("classification", "GPT2ForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("classification_left", "GPT2ForSequenceClassification", "left", 4, 12, dict(num_labels=3)),
    ("token_classification", "GPT2ForTokenClassification", "left", 3, 12,
     dict(num_labels=4, classifier_dropout=0.0)),
    ("question_answering", "GPT2ForQuestionAnswering", "right", 4, 14, {}),
]
BART_CASES = [
    ("model", "BartModel", "right", 3, 12, {}),
    ("generation", "BartForConditionalGeneration", "right", 3, 14, {}),
    ("generation_holes", "BartForConditionalGeneration", "left+holes", 3, 15,
     dict(scale_embedding=True, activation_function="relu", decoder_layers=1)),
    ("generation_from_labels", "BartForConditionalGeneration", "right", 3, 12, dict(encoder_layers=1)),
    ("classification", "BartForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("question_answering", "BartForQuestionAnswering", "right", 4, 14, {}),
]


def hide_beyond(attention, window):
    """GPT-3's locally banded attention in the reference's GPT-2: a query's last `window` keys are left."""

    def band(_, given, named):
        states = given[0] if given else named["hidden_states"]
        length = states.shape[1]
        seen = torch.ones(length, length, dtype=torch.bool).tril().triu(1 - window)
        mask = torch.zeros(length, length, dtype=states.dtype).masked_fill(~seen, torch.finfo(states.dtype).min)
        if named.get("attention_mask") is not None:
            mask = torch.minimum(mask, named["attention_mask"])
        return given, named | {"attention_mask": mask.expand(len(states), 1, -1, -1)}

    attention.register_forward_pre_hook(band, with_kwargs=True)


def make_model(case):
    _, kind, _, _, _, changes = case
    gpt2 = kind.startswith("GPT2")
    shape, config_class = (GPT2, transformers.GPT2Config) if gpt2 else (BART, transformers.BartConfig)
    config = config_class(**(shape | changes), architectures=[kind])
    config._attn_implementation = "eager"
    model = randomize(getattr(transformers, kind)(config))
    for layer, attention in enumerate(changes.get("attention_layers", [])):
        if attention == "local":
            hide_beyond(model.transformer.h[layer].attn, config.window_size)
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias.normal_(0, 0.1)
    return model


def make_inputs(case, model):
    name, kind, mask_kind, rows, length, _ = case
    # The last token is found by [PAD]: it stands at every position left out, and nowhere else.
    inputs = encoder_inputs(model, mask_kind, rows, length, pads=1.0, attend_pad=False)
    inputs.pop("token_type_ids", None)
    config = model.config
    if kind == "GPT2LMHeadModel":
        inputs["labels"] = inputs["input_ids"].clone()
        inputs["labels"][torch.rand(rows, length) < 0.2] = -100
    if kind in ("BartModel", "BartForConditionalGeneration") and name != "generation_from_labels":
        target = 9
        inputs["decoder_input_ids"] = torch.randint(2, config.vocab_size, (rows, target))
        if mask_kind != "right" or kind == "BartModel":
            inputs["decoder_attention_mask"] = masks("right", rows, target)
    if kind == "BartForConditionalGeneration":
        target = inputs["decoder_input_ids"].shape if "decoder_input_ids" in inputs else (rows, 8)
        inputs["labels"] = torch.randint(3, config.vocab_size, target)
        inputs["labels"][torch.rand(target) < 0.2] = -100
    if kind == "BartForSequenceClassification":  # </s> ends each sequence and stands nowhere else
        ids = inputs["input_ids"]
        ids[ids == config.eos_token_id] = 5
        ends = inputs["attention_mask"].sum(1) - 1
        ids[torch.arange(rows), ends] = config.eos_token_id
    return inputs


def forward(model, inputs):
    kind, out = type(model).__name__, left_out(inputs)
    if kind == "GPT2LMHeadModel":
        given = inputs | {"labels": next_token_labels(inputs["labels"], out)}
        result = model(**given)
        return {"logits": zeroed(result.logits, out), "loss": result.loss}
    if kind in ("BartModel", "BartForConditionalGeneration"):
        given = dict(inputs)
        # The reference adds mask values to a decoder's rows too: what is left out there must not count.
        target_out = left_out(inputs, "decoder_") if "decoder_input_ids" in inputs else \
            torch.zeros_like(inputs["labels"], dtype=torch.bool)
        if "labels" in given:
            given["labels"] = given["labels"].masked_fill(target_out, -100)
        result = model(**given)
        named = {"encoder_last_hidden_state": zeroed(result.encoder_last_hidden_state, out)}
        if kind == "BartModel":
            return named | {"last_hidden_state": zeroed(result.last_hidden_state, target_out)}
        return named | {"logits": zeroed(result.logits, target_out), "loss": result.loss}
    return encoder_forward(model, inputs)


def zero(case):
    ends = ("k_proj.bias",)
    if case[1] == "GPT2ForQuestionAnswering":
        ends += ("qa_outputs.bias", "ln_f.bias")
    if case[1] == "BartForQuestionAnswering":
        ends += ("qa_outputs.bias", "decoder.layers.1.final_layer_norm.bias")
    return ends


if __name__ == "__main__":
    run_cases([(Family("gpt2", make_model, make_inputs, forward, zero), GPT2_CASES),
               (Family("bart", make_model, make_inputs, forward, zero), BART_CASES)], __doc__)
