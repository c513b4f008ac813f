#!/usr/bin/env python3
"""Writes tests/cases/generate/: what Hugging Face Transformers' generate() finds.

search.json holds many settings for a model whose logits are a fixed function of the ids (HashedModel of
frugal/generate/testing.h is the same function). Each <family>/ is a small model with random weights and cases.json:
100 prompts, each with a greedy and a four-beam search under several settings.

Names as arguments ("search", "gpt2", ...) make these alone. Cases whose ids change when the logits are moved by up to
1e-4 are left out: they hang on ties.
"""
import json
import pathlib
import random
import sys
import warnings

import numpy as np
import torch
import transformers
from transformers import GenerationConfig, GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

HERE = pathlib.Path(__file__).parent / "generate"
VOCAB = 60


def logits(ids):
    state = 0
    for i in ids:
        state = (state * 31 + int(i) + 1) & 0xFFFFFFFF
    x = np.uint64(state % 509 * 1000003 + 12345) + np.arange(VOCAB, dtype=np.uint64) * np.uint64(7919)
    x = x * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    return ((x >> np.uint64(40)).astype(np.float32) / np.float32(2**24) - np.float32(0.5)) * np.float32(12)


class HashedConfig(PretrainedConfig):
    model_type = "hashed"


class HashedModel(PreTrainedModel, GenerationMixin):
    config_class = HashedConfig
    main_input_name = "input_ids"
    shake = 0.0

    def __init__(self, config):
        super().__init__(config)
        self.nothing = torch.nn.Parameter(torch.zeros(1))
        self.post_init()

    def forward(self, input_ids=None, **_):
        rows = np.stack([logits(row.tolist()) for row in input_ids])
        if self.shake:
            rows = rows + np.random.default_rng(1).uniform(-self.shake, self.shake, rows.shape).astype(np.float32)
        return CausalLMOutput(logits=torch.from_numpy(rows)[:, None])

    def prepare_inputs_for_generation(self, input_ids, **_):
        return {"input_ids": input_ids}


def draw_settings(draw, beams):
    s = {}
    if beams > 1:
        s["num_beams"] = beams
        s["early_stopping"] = draw.choice([True, False, False, "never"])
        s["length_penalty"] = draw.choice([1.0, 1.0, 2.0, 0.6, 0.0, -0.5])
        if draw.random() < 0.3:
            s["num_return_sequences"] = draw.randint(2, beams)
    s["eos_token_id"] = draw.choice([7, 7, [7, 11], [3, 7, 11]])
    length = draw.choice(["max_new_tokens", "max_length", None])
    if length:
        s[length] = draw.randint(8, 24)
    if draw.random() < 0.3:
        s["min_new_tokens"] = draw.randint(0, 9)
    if draw.random() < 0.2:
        s["min_length"] = draw.randint(1, 12)
    if draw.random() < 0.4:
        s["repetition_penalty"] = draw.choice([1.1, 1.5, 2.0, 0.7])
    if draw.random() < 0.4:
        s["no_repeat_ngram_size"] = draw.randint(1, 3)
    if draw.random() < 0.2:
        s["forced_bos_token_id"] = 5
    if draw.random() < 0.2:
        s["forced_eos_token_id"] = 7 if beams > 1 else draw.choice([7, [7, 11]])  # two would tie
    if draw.random() < 0.2:
        s["bad_words_ids"] = draw.choice([[[24], [7]], [[31, 39], [24, 14, 11], [9]], [[9, 30]]])
    if draw.random() < 0.2:
        s["suppress_tokens"] = sorted(draw.sample(range(12, VOCAB), 5))
    if draw.random() < 0.2:
        s["begin_suppress_tokens"] = sorted(draw.sample(range(12, VOCAB), 20))
    return s


def run(model, prompt, settings, shake):
    model.shake = shake
    found = model.generate(torch.tensor([prompt]), generation_config=GenerationConfig(**settings, pad_token_id=0),
                           use_cache=False, return_dict_in_generate=True, output_scores=True)
    eos = settings["eos_token_id"]
    eos = eos if isinstance(eos, list) else [eos]
    rows = []
    for row in found.sequences[:, len(prompt):].tolist():
        ends = [i for i, id in enumerate(row) if id in eos]
        rows.append(row[: ends[0] + 1] if ends else row)
    scores = found.sequences_scores.tolist() if settings.get("num_beams", 1) > 1 else None
    return rows, scores


EOS = [2, 17, 55, 90]  # several, as random weights seldom choose a given one

# The settings of the models' cases: greedy and beams, with penalties and minimum and maximum lengths.
SETTINGS = [
    {"max_new_tokens": 16},
    {"max_new_tokens": 20, "min_new_tokens": 8, "repetition_penalty": 1.4, "no_repeat_ngram_size": 2},
    {"max_new_tokens": 16, "num_beams": 4},
    {"max_new_tokens": 20, "min_new_tokens": 6, "num_beams": 4, "length_penalty": 2.0, "early_stopping": True,
     "repetition_penalty": 1.2, "no_repeat_ngram_size": 3},
    {"max_new_tokens": 14, "num_beams": 4, "length_penalty": 0.5, "early_stopping": "never",
     "num_return_sequences": 2},
]


class Shaken(transformers.LogitsProcessor):
    """Moves the logits; first in the row of processors as beams' scores are logits minus a constant."""

    def __call__(self, input_ids, scores):
        draw = np.random.default_rng(input_ids.shape[1])
        return scores + torch.from_numpy(draw.uniform(-1e-4, 1e-4, scores.shape).astype(np.float32))


def new_ids(model, prompt, settings, shaken):
    config = model.generation_config
    processors = transformers.LogitsProcessorList([Shaken()] if shaken else [])
    with torch.no_grad():
        rows = model.generate(torch.tensor([prompt]), logits_processor=processors, **settings)
    start = 1 if model.config.is_encoder_decoder else len(prompt)
    found = []
    for row in rows[:, start:].tolist():
        ends = [i for i, id in enumerate(row) if id in config.eos_token_id]
        found.append(row[: ends[0] + 1] if ends else row)
    return found


def write_model(name, model, prompts_until, **generation):
    """prompts_until: ids of prompts are below it."""
    folder = HERE / name
    model.eval()
    model.generation_config = GenerationConfig(**generation)
    model.save_pretrained(folder)
    draw = random.Random(name)
    prompts, expected, left_out = [], [], 0
    while len(prompts) < 100:
        prompt = [draw.randrange(3, prompts_until) for _ in range(draw.randint(1, 24))]
        found = [new_ids(model, prompt, s, False) for s in SETTINGS]
        if found != [new_ids(model, prompt, s, True) for s in SETTINGS]:
            left_out += 1
            continue
        prompts.append(prompt)
        expected.append(found)
    lines = ",\n".join(json.dumps({"prompt": p, "ids": e}) for p, e in zip(prompts, expected))
    (folder / "cases.json").write_text(f'{{"settings": {json.dumps(SETTINGS)}, "cases": [\n{lines}\n]}}\n')
    lengths = [len(ids) for e in expected for rows in e for ids in rows]
    print(f"{name}: {left_out} prompts left out, {sum(l < 14 for l in lengths)} of {len(lengths)} ended early")


def gpt2():
    torch.manual_seed(1)
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=130, n_positions=64, n_embd=32, n_layer=2, n_head=4, initializer_range=0.3, bos_token_id=1,
        eos_token_id=2))


def llama():
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=130, max_position_embeddings=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, intermediate_size=48, initializer_range=0.3, bos_token_id=1, eos_token_id=2))


def bart():
    return transformers.BartForConditionalGeneration(transformers.BartConfig(
        vocab_size=130, max_position_embeddings=64, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=48, decoder_ffn_dim=48, init_std=0.3,
        scale_embedding=True))


def t5():
    return transformers.T5ForConditionalGeneration(transformers.T5Config(
        vocab_size=130, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, initializer_factor=2.0,
        feed_forward_proj="gated-gelu", decoder_start_token_id=0))


def switch():
    return transformers.SwitchTransformersForConditionalGeneration(transformers.SwitchTransformersConfig(
        vocab_size=130, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_decoder_layers=2, num_heads=4, num_experts=4,
        num_sparse_encoder_layers=1, num_sparse_decoder_layers=1, initializer_factor=2.0, decoder_start_token_id=0))


# Without memories: with them the reference computes earlier tokens as if later ones were not there.
def xlnet():
    return transformers.XLNetLMHeadModel(transformers.XLNetConfig(
        vocab_size=130, d_model=32, n_layer=2, n_head=4, d_inner=48, initializer_range=0.3, use_mems_eval=False))


# Local layers: the rotations of hashing ones are drawn anew each step, so two runs differ. Without the reference's
# cache, which its beams would need to reorder.
def reformer():
    return transformers.ReformerModelWithLMHead(transformers.ReformerConfig(
        vocab_size=130, hidden_size=32, num_attention_heads=2, attention_head_size=12, feed_forward_size=48,
        max_position_embeddings=64, axial_pos_embds=False, attn_layers=["local", "local"], local_attn_chunk_length=4,
        initializer_range=0.3, is_decoder=True, hidden_dropout_prob=0.0, local_attention_probs_dropout_prob=0.0,
        use_cache=False))


MODELS = {
    "gpt2": (gpt2, dict(bos_token_id=1, eos_token_id=EOS)),
    "llama": (llama, dict(bos_token_id=1, eos_token_id=EOS, pad_token_id=0)),
    "bart": (bart, dict(bos_token_id=0, eos_token_id=EOS, pad_token_id=1, decoder_start_token_id=2,
                        forced_bos_token_id=0, forced_eos_token_id=2)),
    "t5": (t5, dict(eos_token_id=EOS, pad_token_id=0, decoder_start_token_id=0)),
    "switch": (switch, dict(eos_token_id=EOS, pad_token_id=0, decoder_start_token_id=0)),
    "xlnet": (xlnet, dict(bos_token_id=1, eos_token_id=EOS)),
    "reformer": (reformer, dict(bos_token_id=1, eos_token_id=EOS, pad_token_id=0, use_cache=False)),
}


def main():
    torch.set_num_threads(1)
    chosen = sys.argv[1:] or ["search", *MODELS]
    if "search" in chosen:
        write_search()
    for name, (make, generation) in MODELS.items():
        if name in chosen:
            torch.manual_seed(0)
            write_model(name, make(), 130, **generation)


def write_search():
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    draw = random.Random(20)
    model = HashedModel(HashedConfig(vocab_size=VOCAB)).eval()
    cases, left_out = [], 0
    while len(cases) < 300:
        beams = draw.choice([1, 2, 3, 4, 4, 5])
        settings = draw_settings(draw, beams)
        longest = settings.get("max_length", 9) - 1
        prompt = [draw.randrange(12, VOCAB) for _ in range(draw.choice([1, 1, draw.randint(1, min(8, longest))]))]
        rows, scores = run(model, prompt, settings, 0.0)
        if run(model, prompt, settings, 1e-4)[0] != rows:
            left_out += 1
            continue
        case = {"settings": settings, "prompt": prompt, "ids": rows}
        if scores:
            case["scores"] = [round(s, 6) for s in scores]
        cases.append(case)
    lines = ",\n".join(json.dumps(case) for case in cases)
    HERE.mkdir(exist_ok=True)
    (HERE / "search.json").write_text(f'{{"vocab": {VOCAB}, "cases": [\n{lines}\n]}}\n')
    print(f"transformers {transformers.__version__}: {len(cases)} cases, {left_out} left out")


if __name__ == "__main__":
    main()
