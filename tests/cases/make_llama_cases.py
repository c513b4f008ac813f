"""Makes the reference cases of Llama, Mistral and Qwen2: tiny random models and what they should compute.

    python make_llama_cases.py [--only NAME | --only llama/NAME]

Files, and what is meant by a position left out: bert/README.md. A token that is left out neither predicts the
next one nor is predicted.
"""

import torch
import transformers
from encoders import encoder_forward, encoder_inputs
from reference import Family, left_out, next_token_labels, randomize, run_cases, zeroed

SHAPE = dict(vocab_size=99, hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=48, pad_token_id=0, bos_token_id=1, eos_token_id=2)
LLAMA3 = dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
CASES = [
    ("model", "LlamaModel", "right", 3, 12, {}),
    ("lm", "LlamaForCausalLM", "right", 3, 14, {}),
    ("lm_holes", "LlamaForCausalLM", "holes", 3, 15, dict(num_key_value_heads=1, tie_word_embeddings=True)),
    ("lm_biased", "LlamaForCausalLM", None, 2, 9,
     dict(attention_bias=True, mlp_bias=True, head_dim=12, num_key_value_heads=4)),
    ("lm_llama3", "LlamaForCausalLM", "right", 2, 30, dict(rope_parameters=LLAMA3)),
    ("lm_linear", "LlamaForCausalLM", "right", 2, 20,
     dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0))),
    ("classification", "LlamaForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("mistral_lm", "MistralForCausalLM", None, 3, 14, dict(sliding_window=4)),
    ("qwen2_lm", "Qwen2ForCausalLM", "right", 3, 14, {}),
]


def make_model(case):
    _, kind, _, _, _, changes = case
    config_class = getattr(transformers, kind.split("For")[0].removesuffix("Model") + "Config")
    config = config_class(**(SHAPE | changes), architectures=[kind])
    config._attn_implementation = "eager"
    return randomize(getattr(transformers, kind)(config))


def make_inputs(case, model):
    _, kind, mask_kind, rows, length, _ = case
    # The last token is found by [PAD]: it stands at every position left out, and nowhere else.
    inputs = encoder_inputs(model, mask_kind, rows, length, pads=1.0, attend_pad=False)
    inputs.pop("token_type_ids", None)
    if kind.endswith("ForCausalLM"):
        inputs["labels"] = inputs["input_ids"].clone()
        inputs["labels"][torch.rand(rows, length) < 0.2] = -100
    return inputs


def forward(model, inputs):
    out = left_out(inputs)
    if "labels" in inputs and inputs["labels"].dim() == 2:
        result = model(**(inputs | {"labels": next_token_labels(inputs["labels"], out)}))
        return {"logits": zeroed(result.logits, out), "loss": result.loss}
    return encoder_forward(model, inputs)



if __name__ == "__main__":
    run_cases([(Family("llama", make_model, make_inputs, forward), CASES)], __doc__)
