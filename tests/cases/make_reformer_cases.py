"""Makes the reference cases of Reformer: tiny random models and what they should compute.

    python make_reformer_cases.py [--only NAME]

Files, and what is meant by a position left out: bert/README.md; what is particular to Reformer: reformer/README.md.

The reference draws its hash rotations anew in every call. Here they are drawn once by the reference itself, stored
as the inputs lsh_rotations.<k>, and given back to it in every later call. A hash is a choice of the largest: where
two are nearly equal, float32 and float64 may choose differently. So each case has a seed for which the best two are
never nearer than MARGIN times the vector's length, in ten steps either; the script checks that.
"""

import torch
import transformers
from reference import Family, left_out, masks, next_token_labels, randomize, run_cases, span_loss, zeroed
from torch.nn.functional import cross_entropy
from transformers.models.reformer.modeling_reformer import LSHSelfAttention

MARGIN = 2e-5

SHAPE = dict(vocab_size=60, hidden_size=24, num_attention_heads=2, attention_head_size=8, feed_forward_size=20,
             max_position_embeddings=64, axial_pos_shape=[4, 4], axial_pos_embds_dim=[8, 16],
             local_attn_chunk_length=4, lsh_attn_chunk_length=4, num_buckets=4, hidden_dropout_prob=0.0,
             local_attention_probs_dropout_prob=0.0, lsh_attention_probs_dropout_prob=0.0)
PLAIN = dict(axial_pos_embds=False)
LOCAL, LSH, MIXED = (dict(attn_layers=kinds) for kinds in
                     (["local", "local"], ["lsh", "lsh"], ["local", "lsh", "local", "lsh"]))
CAUSAL = dict(is_decoder=True)
LM, MASKED, CLASSES, ANSWERS = ("ReformerModelWithLMHead", "ReformerForMaskedLM",
                                "ReformerForSequenceClassification", "ReformerForQuestionAnswering")

# One line a case: name, class, mask (None: the inputs have none), rows, length, seed, configuration.
CASES = [
    ("local_model", "ReformerModel", "right", 3, 16, 1, LOCAL),
    ("local_model_padded", "ReformerModel", None, 2, 13, 1, LOCAL | PLAIN),
    ("local_model_short", "ReformerModel", "right", 3, 4, 1, LOCAL | dict(hidden_act="gelu")),
    ("local_model_wide", "ReformerModel", "left+holes", 3, 23, 1,
     LOCAL | PLAIN | CAUSAL | dict(local_num_chunks_before=2)),
    ("local_language_model", LM, "right", 3, 24, 1, LOCAL | CAUSAL | dict(axial_pos_shape=[4, 6])),
    ("local_masked_lm", MASKED, "holes", 3, 16, 1, LOCAL | dict(local_num_chunks_after=1, chunk_size_feed_forward=4)),
    ("lsh_model_padded", "ReformerModel", "right", 3, 14, 1, LSH | dict(num_hashes=2)),
    ("lsh_model_apart", "ReformerModel", None, 2, 16, 1, LSH | dict(num_hashes=2, lsh_num_chunks_before=0)),
    ("lsh_masked_lm", MASKED, "right", 3, 16, 1, LSH | dict(num_buckets=6)),
    ("lsh_masked_lm_ring", MASKED, None, 2, 8, 1, LSH | PLAIN | dict(lsh_num_chunks_before=3, num_buckets=2)),
    ("lsh_language_model", LM, None, 2, 16, 1, LSH | CAUSAL | dict(num_hashes=3)),
    ("lsh_factors", MASKED, "left+holes", 3, 24, 1,
     LSH | dict(num_hashes=2, num_buckets=[2, 4], lsh_num_chunks_after=1, axial_pos_shape=[4, 6])),
    ("mixed_model_padded", "ReformerModel", "holes", 3, 21, 1,
     MIXED | PLAIN | dict(lsh_attn_chunk_length=6, num_buckets=None, num_hashes=2)),
    ("mixed_language_model", LM, "right", 3, 32, 1,
     MIXED | CAUSAL | dict(lsh_attn_chunk_length=8, num_hashes=2, axial_pos_shape=[4, 8], chunk_size_lm_head=4,
                           chunk_size_feed_forward=8)),
    ("mixed_axes", MASKED, "right", 2, 24, 1,
     MIXED | dict(axial_pos_shape=[2, 3, 4], axial_pos_embds_dim=[4, 8, 12], local_num_chunks_before=0)),
    ("classification", CLASSES, "right", 4, 16, 1,
     MIXED | dict(num_labels=3, num_hashes=2, hidden_act="gelu_new", classifier_dropout=0.0)),
    ("classification_short", CLASSES, None, 3, 6, 1,
     MIXED | dict(num_labels=5, problem_type="multi_label_classification", lsh_attn_chunk_length=8,
                  local_attn_chunk_length=6, axial_pos_shape=[2, 3])),
    ("question_answering", ANSWERS, "left+holes", 3, 16, 1, MIXED | dict(num_hashes=2, num_labels=2)),
]

# What moves all positions alike has no gradient where they are compared.
ZERO = {ANSWERS: ("qa_outputs.bias", "encoder.layer_norm.bias")}

hash_vectors = LSHSelfAttention._hash_vectors


def hash_with_given_rotations(self, vectors, num_hashes, attention_mask, **others):
    """The reference's hash; the rotations are what `self.rotations` holds, or are left there."""
    draw = torch.randn

    def given(shape, **options):
        if self.rotations is None:
            torch.manual_seed(self.seed)
            self.rotations = draw(shape, **options)
        assert tuple(shape) == tuple(self.rotations.shape)
        return self.rotations.to(options["dtype"])

    torch.randn = given
    try:
        buckets = hash_vectors(self, vectors, num_hashes, attention_mask, **others)
    finally:
        torch.randn = draw
    rotated = torch.einsum("bmtd,mdhr->bmhtr", vectors, self.rotations.to(vectors.dtype)).detach()
    factors = [self.num_buckets] if isinstance(self.num_buckets, int) else self.num_buckets
    for part in rotated.split([factor // 2 for factor in factors], dim=-1):
        best = torch.cat([part, -part], dim=-1).topk(2, dim=-1).values
        gap = (best[..., 0] - best[..., 1]) / vectors.norm(dim=-1)[:, :, None]
        if attention_mask is not None:
            gap = gap.masked_fill(attention_mask[:, None, None] == 0, 1)
        assert gap.min() > MARGIN, ("nearly equal buckets: take another seed", gap.min().item())
    return buckets


LSHSelfAttention._hash_vectors = hash_with_given_rotations


def hashing_layers(model):
    return [module for module in model.modules() if isinstance(module, LSHSelfAttention)]


def make_model(case):
    name, kind, _, _, _, seed, changes = case
    torch.manual_seed(seed)
    config = transformers.ReformerConfig(**(SHAPE | changes), architectures=[kind])
    model = randomize(getattr(transformers, kind)(config))
    # Its backward pass runs in training mode only, which in turn wants whole chunks. There is no dropout.
    return model if kind == "ReformerModel" else model.train()


def make_inputs(case, model):
    _, kind, mask_kind, rows, length, seed, _ = case
    config, shape = model.config, (rows, length)
    inputs = {"input_ids": torch.randint(0, config.vocab_size, shape)}
    mask = torch.ones(shape, dtype=torch.long)
    if mask_kind:
        mask = inputs["attention_mask"] = masks(mask_kind, *shape)
    for number, layer in enumerate(hashing_layers(model)):
        layer.rotations, layer.seed = None, 100 * seed + number
    buckets = config.num_buckets
    with torch.no_grad():
        model(**inputs)
    torch.manual_seed(seed)  # in training mode the reference takes another seed each time
    for number, layer in enumerate(hashing_layers(model)):
        if layer.rotations is not None:
            inputs[f"lsh_rotations.{number}"] = layer.rotations
    config.num_buckets = buckets  # the first call has chosen them; the stored configuration leaves it open
    if kind in (LM, MASKED):
        inputs["labels"] = torch.randint(0, config.vocab_size, shape)
        inputs["labels"][torch.rand(shape) < 0.2] = -100
    if kind == CLASSES and config.problem_type == "multi_label_classification":
        inputs["labels"] = torch.randint(0, 2, (rows, config.num_labels)).float()
    elif kind == CLASSES:
        inputs["labels"] = torch.randint(0, config.num_labels, (rows,))
    if kind == ANSWERS:
        attended = [row.nonzero().flatten() for row in mask]
        for key in ("start_positions", "end_positions"):
            inputs[key] = torch.stack([row[torch.randint(len(row), (1,)).item()] for row in attended])
    return inputs


def forward(model, inputs):
    """Named outputs and the loss, with the positions left out neither seen nor counted."""
    kind, out = type(model).__name__, left_out(inputs)
    for number, layer in enumerate(hashing_layers(model)):
        layer.rotations = inputs.get(f"lsh_rotations.{number}")
    given = {key: value for key, value in inputs.items() if key in ("input_ids", "attention_mask")}
    if kind == "ReformerModel":
        return {"last_hidden_state": zeroed(model(**given).last_hidden_state, out)}
    if kind == ANSWERS:
        result = model(**given)
        logits = (result.start_logits, result.end_logits)
        ends = (inputs["start_positions"], inputs["end_positions"])
        return {"start_logits": zeroed(logits[0], out), "end_logits": zeroed(logits[1], out),
                "loss": span_loss(logits, ends, out)}
    labels = inputs["labels"]
    if kind == CLASSES:
        result = model(**given, labels=labels.to(model.dtype) if labels.is_floating_point() else labels)
        return {"logits": result.logits, "loss": result.loss}
    labels = next_token_labels(labels, out) if kind == LM else labels.masked_fill(out, -100)
    result = model(**given, labels=labels)
    return {"logits": zeroed(result.logits, out), "loss": result.loss}




def rounds(case):
    """A causal model's first token sees nothing but itself, in every round with the score -1e5. The reference adds the
    rounds' logarithms to that: of log 2, float32 keeps 0.6953, and the token gets 0.9978 of its own value."""
    changes = case[-1]
    return changes.get("is_decoder") and changes.get("num_hashes", 1) > 1


FAMILY = Family("reformer", make_model, make_inputs, forward, lambda case: ZERO.get(case[1], ()), rounds)

if __name__ == "__main__":
    run_cases([(FAMILY, CASES)], __doc__)
