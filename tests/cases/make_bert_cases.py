"""Makes the reference cases in bert/: tiny random BERT models and what they should compute.

    python make_bert_cases.py [--only NAME]

See bert/README.md for the files and for what is meant by a position left out.
"""

import torch
import transformers
from encoders import encoder_forward, encoder_inputs
from reference import Family, run_cases

SHAPE = dict(vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
             intermediate_size=37, max_position_embeddings=48, type_vocab_size=2,
             hidden_act="gelu", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)

# One line a case: name, class, mask (None: the inputs have none), rows, length, configuration.
# A pooled head reads position 0, so the masks of those keep it.
CASES = [
    ("model", "BertModel", "right", 3, 12, {}),
    ("model_left", "BertModel", "left", 4, 13, dict(hidden_act="gelu_new")),
    ("masked_lm", "BertForMaskedLM", "right", 3, 12, {}),
    ("masked_lm_holes", "BertForMaskedLM", "left+holes", 3, 15, dict(hidden_act="gelu_new")),
    ("next_sentence", "BertForNextSentencePrediction", "right", 4, 11, dict(hidden_act="relu")),
    ("pretraining", "BertForPreTraining", "holes", 2, 33, {}),
    ("classification", "BertForSequenceClassification", "right", 5, 48,
     dict(num_labels=7, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
          classifier_dropout=0.2)),
    ("classification_holes", "BertForSequenceClassification", "holes", 4, 14,
     dict(num_labels=3, hidden_act="gelu_new")),
    ("classification_bare", "BertForSequenceClassification", None, 3, 9, dict(num_labels=2)),
    ("regression", "BertForSequenceClassification", "right", 4, 10,
     dict(num_labels=1, hidden_act="relu")),
    ("multi_label", "BertForSequenceClassification", "right", 3, 10,
     dict(num_labels=5, problem_type="multi_label_classification")),
    ("token_classification", "BertForTokenClassification", "left", 4, 12,
     dict(num_labels=4, hidden_size=36, num_attention_heads=3, type_vocab_size=3)),
    ("question_answering", "BertForQuestionAnswering", "right", 4, 14, {}),
    ("question_answering_holes", "BertForQuestionAnswering", "left+holes", 3, 16,
     dict(hidden_act="gelu_new")),
    ("multiple_choice", "BertForMultipleChoice", "right", 2, 10, dict(hidden_act="relu")),
]

# A bias that adds the same to everything that a softmax compares has no gradient but rounding:
# the key's always, and what moves all positions or all choices alike where those are compared.
ALWAYS_ZERO = ("attention.self.key.bias",)
ZERO_BY_KIND = {
    "BertForQuestionAnswering": ("qa_outputs.bias", "layer.1.output.LayerNorm.bias"),
    "BertForMultipleChoice": ("classifier.bias",),
}


def make_model(case):
    _, kind, _, _, _, changes = case
    config = transformers.BertConfig(**(SHAPE | changes), architectures=[kind])
    config._attn_implementation = "eager"
    model = getattr(transformers, kind)(config)
    # Weights and biases all far from their usual start, so that none can be left out unseen.
    with torch.no_grad():
        for key, tensor in model.named_parameters():
            centre = 1.0 if key.endswith("LayerNorm.weight") else 0.0
            scale = 0.3 if "embeddings.weight" in key else 0.15
            tensor.normal_(centre, scale)
    return model.eval()  # no dropout


def make_inputs(case, model):
    _, _, mask_kind, rows, length, _ = case
    return encoder_inputs(model, mask_kind, rows, length)


BERT = Family("bert", make_model, make_inputs, encoder_forward,
              lambda case: ALWAYS_ZERO + ZERO_BY_KIND.get(case[1], ()))

if __name__ == "__main__":
    run_cases([(BERT, CASES)], __doc__)
