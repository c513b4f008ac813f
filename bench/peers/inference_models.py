"""Makes the models of bench/inference.py: classifiers of real shapes with random weights, one seed.

    python bench/peers/inference_models.py --work build/bench-models/inference --shape MiniLM-L6

Leaves WORK/SHAPE, a Hugging Face folder in float32. It is written beside its place and renamed, so that one that is
there is whole. No tokenizer is made: the ids come ready.
"""
import argparse
import os
import pathlib

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing to look up

import torch
from transformers import BertConfig, BertForSequenceClassification, DistilBertConfig, \
    DistilBertForSequenceClassification

from inference_worker import once

# layers, hidden, heads, feed-forward
SHAPES = {"TinyBERT4": (4, 312, 12, 1200), "MiniLM-L6": (6, 384, 12, 1536), "DistilBERT": (6, 768, 12, 3072),
          "BERT-base": (12, 768, 12, 3072), "BERT-large": (24, 1024, 16, 4096)}


def model_of(shape):
    layers, hidden, heads, ffn = SHAPES[shape]
    if shape == "DistilBERT":
        return DistilBertForSequenceClassification(DistilBertConfig(n_layers=layers, dim=hidden, n_heads=heads,
                                                                    hidden_dim=ffn))
    return BertForSequenceClassification(BertConfig(num_hidden_layers=layers, hidden_size=hidden,
                                                    num_attention_heads=heads, intermediate_size=ffn))


def make(shape, scratch):
    torch.manual_seed(0)
    model_of(shape).save_pretrained(scratch)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--shape", choices=list(SHAPES), required=True)
    args = parser.parse_args()
    once(args.work / args.shape, lambda scratch: make(args.shape, scratch))


if __name__ == "__main__":
    main()
