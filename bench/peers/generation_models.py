"""Makes the models of bench/generate.py: real shapes, random weights, one seed; and CTranslate2's form of each.

    python bench/peers/generation_models.py --work build/bench-models --shape gpt2

Leaves WORK/SHAPE (a Hugging Face folder) and WORK/SHAPE-ct2. Every folder is written beside its place and renamed, so
that one that is there is whole. No text is needed and no tokenizer is made: the vocabulary is t0, t1, t2, ...
"""
import argparse
import os
import pathlib
import types

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing to look up

import ctranslate2
import torch
from transformers import BartConfig, BartForConditionalGeneration, GPT2Config, GPT2LMHeadModel, T5Config, \
    T5ForConditionalGeneration

from inference_worker import once

# Ids repeat from the first step on with the initial weights of the reference, whose embedding outweighs all layers;
# with the layers' weights this much larger every step depends on the ones before it.
LAYER_SCALE = {"gpt2": 4.0, "bart-base": 4.0, "t5-base": 1.0}


def reference_of(shape):
    """Ends and forced tokens are left to the caller: every run makes the same number of tokens."""
    if shape == "gpt2":
        return GPT2LMHeadModel(GPT2Config())
    if shape == "bart-base":
        # The last two are what the published folders say; CTranslate2's converter asks for the first of them.
        return BartForConditionalGeneration(BartConfig(
            vocab_size=50265, d_model=768, encoder_layers=6, decoder_layers=6, encoder_attention_heads=12,
            decoder_attention_heads=12, encoder_ffn_dim=3072, decoder_ffn_dim=3072, forced_eos_token_id=None,
            normalize_before=False, normalize_embedding=True))
    return T5ForConditionalGeneration(T5Config(
        vocab_size=32128, d_model=768, d_kv=64, d_ff=3072, num_layers=12, num_heads=12, decoder_start_token_id=0))


def make_reference(shape, folder):
    torch.manual_seed(0)
    model = reference_of(shape)
    embeddings = {id(p) for m in model.modules() if isinstance(m, torch.nn.Embedding) for p in m.parameters()}
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2 and id(parameter) not in embeddings:
                parameter.mul_(LAYER_SCALE[shape])
    model.generation_config.forced_eos_token_id = None
    model.save_pretrained(folder)


class Converter(ctranslate2.converters.TransformersConverter):
    """Takes a plain vocabulary where the folder would have a tokenizer."""

    def load_model(self, model_class, folder, **kwargs):
        self.config = kwargs["config"]
        return super().load_model(model_class, folder, **kwargs)

    def load_tokenizer(self, tokenizer_class, folder, **kwargs):
        def name(id):
            return f"t{id or 0}"

        special = {f"{key}_token": name(getattr(self.config, f"{key}_token_id", None)) for key in ("bos", "eos", "pad")}
        return types.SimpleNamespace(get_vocab=lambda: {name(i): i for i in range(self.config.vocab_size)},
                                     convert_ids_to_tokens=name, unk_token="t3", **special)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--shape", choices=sorted(LAYER_SCALE), required=True)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    folder = args.work / args.shape
    once(folder, lambda scratch: make_reference(args.shape, scratch))
    # Kept in float32: CTranslate2 makes int8 of it as it loads, the same weights as its converter would store.
    once(args.work / f"{args.shape}-ct2", lambda scratch: Converter(str(folder)).convert(str(scratch)))


if __name__ == "__main__":
    main()
