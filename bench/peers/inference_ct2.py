"""Times an encoder in CTranslate2: a peer of frugal's inference.

    python bench/peers/inference_ct2.py --model build/bench-models/inference/MiniLM-L6 --precision int8 --work 1x8

CTranslate2 has no classifier: what is timed ends with the last hidden state (and BERT's pooler), which is in its
favour. The logits of --check are what numpy makes of them. The converted folder, SHAPE-ct2 beside the model, is made
once and kept in float32: int8 is made of it as it loads, the same weights as the converter would store.
"""
import types

import ctranslate2
import numpy as np
from safetensors.numpy import load_file
from transformers import AutoConfig

from inference_worker import once, options, serve

TYPES = {"fp32": "float32", "int8": "int8"}


class Converter(ctranslate2.converters.TransformersConverter):
    """Takes a plain vocabulary where the folder would have a tokenizer."""

    def load_model(self, model_class, folder, **kwargs):
        model = super().load_model(model_class, folder, **kwargs)
        model.config.position_embedding_type = "absolute"  # asked for, and gone from Transformers 5
        return model

    def load_tokenizer(self, tokenizer_class, folder, **kwargs):
        count = AutoConfig.from_pretrained(folder).vocab_size
        return types.SimpleNamespace(get_vocab=lambda: {f"t{i}": i for i in range(count)}, unk_token="t100")


def logits_of(weights, output):
    """The head in numpy, as Transformers defines it."""
    def linear(name, x):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    if "pre_classifier.weight" in weights:
        return linear("classifier", np.maximum(linear("pre_classifier", np.array(output.last_hidden_state)[:, 0]), 0))
    return linear("classifier", np.array(output.pooler_output))


def main():
    args = options(__doc__.splitlines()[0], list(TYPES))
    converted = args.model.with_name(f"{args.model.name}-ct2")
    once(converted, lambda scratch: Converter(str(args.model)).convert(str(scratch)))
    encoder = ctranslate2.Encoder(str(converted), device="cpu", compute_type=TYPES[args.precision], inter_threads=1,
                                  intra_threads=args.threads)
    view = ctranslate2.StorageView.from_array

    def feeds(ids, mask):
        # The arrays are kept: a view does not own its memory.
        arrays = [ids.astype(np.int32), mask.sum(axis=1).astype(np.int32)]
        return arrays, [view(one) for one in arrays]

    def run(one):
        return encoder.forward_batch(*one[1])

    weights = load_file(args.model / "model.safetensors") if args.check else None
    serve(args, lambda shape: (feeds, (lambda one: logits_of(weights, run(one))) if shape is None and weights else run),
          f"ctranslate2 {ctranslate2.__version__}")


if __name__ == "__main__":
    main()
