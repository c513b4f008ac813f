"""Makes the reference cases in switch/: tiny random Switch Transformers.

    python make_switch_cases.py [--only NAME]

See reference.py for what a case is. A position left out is not there: it takes no expert's place and counts in no
loss. The reference lets it do both, so
- the routers' losses are computed here from the routers' logits, by the reference's formulas over the positions
  that are there; where none is left out, they must equal the reference's own;
- cases where experts overflow have masks on the right only, whose positions come after all the others.
"""

import dataclasses

from reference import Family, left_out, masks, run_cases, zeroed

import torch
import transformers
from torch.nn.functional import cross_entropy

SHAPE = dict(vocab_size=53, d_model=16, d_kv=6, d_ff=19, num_layers=2, num_decoder_layers=2, num_heads=2,
             num_experts=3, expert_capacity=64, num_sparse_encoder_layers=1, num_sparse_decoder_layers=1,
             dropout_rate=0.0, router_jitter_noise=0.0, router_z_loss_coef=0.02, router_aux_loss_coef=0.05,
             relative_attention_num_buckets=8, relative_attention_max_distance=12,
             decoder_start_token_id=0, pad_token_id=0, eos_token_id=1)


@dataclasses.dataclass
class Case:
    name: str
    kind: str = "SwitchTransformersForConditionalGeneration"
    mask: str | None = None  # of the source (None: the inputs have none)
    target_mask: str | None = None
    ids: bool = True  # decoder_input_ids are given, else made of labels
    labels: bool = True
    untied: bool = False
    rows: int = 3
    length: int = 12
    target_length: int = 9
    config: dict = dataclasses.field(default_factory=dict)

    def __getitem__(self, _):
        return self.name


CASES = [
    Case("bare", ids=False),
    Case("masked", mask="right", target_mask="right", ids=False),
    Case("masked_left", mask="left", target_mask="right", rows=4, config=dict(router_bias=True)),
    Case("masked_holes", mask="left+holes", target_mask="holes", rows=3, length=17,
         config=dict(dense_act_fn="gelu_new", num_experts=4)),
    Case("overflow", mask="right", target_mask="right", length=20, target_length=15,
         config=dict(expert_capacity=3)),
    Case("overflow_bare", ids=False, length=19, target_length=14, config=dict(expert_capacity=2)),
    Case("capacity_0", mask="right", ids=False, config=dict(expert_capacity=0)),
    # Steps: every layer sparse (no router loss), layers 1 and 3 (pooled in the loss), none at all.
    Case("step_1", mask="right", config=dict(num_layers=1, num_sparse_encoder_layers=1,
                                             num_sparse_decoder_layers=2)),
    Case("step_2", target_mask="right", config=dict(num_layers=4, num_sparse_encoder_layers=2,
                                                    num_decoder_layers=3, num_sparse_decoder_layers=1,
                                                    num_experts=2, d_ff=13)),
    Case("asked_for_no_sparse_layer", mask="right",
         config=dict(num_layers=3, num_sparse_encoder_layers=0, num_sparse_decoder_layers=5)),
    Case("untied", mask="right", ids=False, untied=True, config=dict(tie_word_embeddings=False)),
    Case("no_labels", mask="right", labels=False),
    Case("model", "SwitchTransformersModel", mask="left", target_mask="right"),
    Case("encoder", "SwitchTransformersEncoderModel", mask="right", rows=4, length=18,
         config=dict(expert_capacity=4)),
]


def make_model(case):
    kind = getattr(transformers, case.kind)
    config = kind.config_class(**(SHAPE | case.config), architectures=[case.kind])
    config._attn_implementation = "eager"
    model = kind(config)
    if case.untied:  # the head alone: without the tie the reference gives each stack a table of its own
        model.encoder.embed_tokens.weight = model.decoder.embed_tokens.weight = model.shared.weight
    assert not case.untied or "lm_head.weight" in dict(model.named_parameters())
    scales = {"layer_norm.weight": 0.15, "shared.weight": 0.5, "relative_attention_bias.weight": 0.6,
              "classifier.weight": 0.4, "wi.weight": 0.3, "wo.weight": 0.3}
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            scale = next((s for end, s in scales.items() if key.endswith(end)), 0.2)
            tensor.normal_(1.0 if key.endswith("norm.weight") else 0.0, scale)
    return model.eval()  # no dropout


def make_inputs(case, model):
    config = model.config
    shape = (case.rows, case.length)
    inputs = {"input_ids": torch.randint(1, config.vocab_size, shape)}
    if case.mask:
        mask = inputs["attention_mask"] = masks(case.mask, *shape)
        pad = (mask == 0) & (torch.rand(shape) < 0.5)  # whatever else stands there may not matter
        inputs["input_ids"][pad] = config.pad_token_id
    if case.kind.endswith("EncoderModel"):
        return inputs
    shape = (case.rows, case.target_length)
    if case.ids:
        inputs["decoder_input_ids"] = torch.randint(0, config.vocab_size, shape)
    if case.target_mask:
        inputs["decoder_attention_mask"] = masks(case.target_mask, *shape)
    if case.labels and case.kind.endswith("Generation"):
        inputs["labels"] = torch.randint(0, config.vocab_size, shape)
        inputs["labels"][0, -2:] = -100
    return inputs


def router_losses(layers, out):
    """The reference's z loss and load-balancing loss of one stack over the positions not left out."""
    logits = torch.cat(layers, dim=1)  # [B, layers * L, E]
    seen = (~out).repeat(1, len(layers)).to(logits.dtype)
    experts = logits.shape[-1]
    z = (torch.logsumexp(logits, -1) ** 2 * seen).sum() / seen.sum()
    chosen = torch.nn.functional.one_hot(logits.argmax(-1), experts).to(logits.dtype)
    mean = lambda x: (x * seen[..., None]).sum(1) / seen.sum(1, keepdim=True)
    return z, (mean(chosen) * mean(torch.softmax(logits, -1))).mean() * experts**2


def forward(model, inputs):
    """Named outputs and the loss, with the positions left out neither seen nor counted."""
    kind = type(model).__name__
    source = {key: inputs[key] for key in ("input_ids", "attention_mask") if key in inputs}
    out = left_out(inputs)
    if kind.endswith("EncoderModel"):
        return {"last_hidden_state": zeroed(model(**source).last_hidden_state, out)}

    ids = inputs.get("decoder_input_ids")
    if ids is None:
        ids = model._shift_right(inputs["labels"])
    target = {"decoder_input_ids": ids,
              "decoder_attention_mask": inputs.get("decoder_attention_mask", torch.ones_like(ids))}
    target_out = target["decoder_attention_mask"] == 0
    if kind.endswith("Model"):
        result = model(**source, **target)
        return {"last_hidden_state": zeroed(result.last_hidden_state, target_out),
                "encoder_last_hidden_state": zeroed(result.encoder_last_hidden_state, out)}
    result = model(**source, **target, output_router_logits=True)
    named = {"logits": zeroed(result.logits, target_out)}
    if "labels" not in inputs:
        return named
    labels = inputs["labels"].masked_fill(target_out, -100)
    loss = cross_entropy(result.logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
    config = model.config
    for layers, mask, step in ((result.encoder_router_logits, out, config.encoder_sparse_step),
                               (result.decoder_router_logits, target_out, config.decoder_sparse_step)):
        if step > 1 and layers:
            z, balance = router_losses(layers, mask)
            loss = loss + config.router_z_loss_coef * z + config.router_aux_loss_coef * balance
    if not out.any() and not target_out.any():
        own = model(**source, **target, labels=labels, output_router_logits=True).loss
        assert torch.allclose(own, loss), (own, loss)
    return named | {"loss": loss}


if __name__ == "__main__":
    run_cases([(Family("switch", make_model, make_inputs, forward), CASES)], __doc__)
