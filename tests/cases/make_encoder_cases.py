"""Makes the reference cases of BERT's relatives: tiny random models and what they should compute.

    python make_encoder_cases.py [--only NAME | --only FAMILY/NAME]

Files, and what is meant by a position left out: bert/README.md. RoBERTa numbers positions by the ids that are
not [PAD], so there every position left out holds [PAD].
"""

import torch
import transformers
from encoders import encoder_forward, encoder_inputs
from reference import Family, randomize, run_cases

BERT = dict(vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=37,
            max_position_embeddings=48, type_vocab_size=2, hidden_act="gelu", hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0)
SHAPES = {
    "Roberta": BERT | dict(type_vocab_size=1, pad_token_id=1),
    "DistilBert": dict(vocab_size=99, dim=32, n_layers=2, n_heads=4, hidden_dim=37, max_position_embeddings=48,
                       dropout=0.0, attention_dropout=0.0, seq_classif_dropout=0.0, qa_dropout=0.0),
    "Albert": BERT | dict(embedding_size=20, num_hidden_layers=3, classifier_dropout_prob=0.0,
                          hidden_act="gelu_new"),
    "Electra": BERT | dict(embedding_size=20),
    "MegatronBert": BERT,
}
ROBERTA = [
    ("model", "RobertaModel", "right", 3, 12, {}),
    ("masked_lm", "RobertaForMaskedLM", "holes", 3, 14, {}),
    ("classification", "RobertaForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("token_classification", "RobertaForTokenClassification", "left", 3, 12, dict(num_labels=4)),
    ("question_answering", "RobertaForQuestionAnswering", "right", 4, 14, {}),
    ("multiple_choice", "RobertaForMultipleChoice", "right", 2, 10, {}),
]
DISTILBERT = [
    ("model", "DistilBertModel", "left", 3, 12, {}),
    ("masked_lm", "DistilBertForMaskedLM", "holes", 3, 14, {}),
    ("classification", "DistilBertForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("token_classification", "DistilBertForTokenClassification", "left", 3, 12, dict(num_labels=4)),
    ("question_answering", "DistilBertForQuestionAnswering", "right", 4, 14, dict(activation="relu")),
]
ALBERT = [
    ("model", "AlbertModel", "right", 3, 12, dict(num_hidden_groups=2, inner_group_num=2)),
    ("pretraining", "AlbertForPreTraining", "holes", 3, 14, {}),
    ("masked_lm", "AlbertForMaskedLM", "left+holes", 3, 14, dict(num_hidden_groups=3)),
    ("classification", "AlbertForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("token_classification", "AlbertForTokenClassification", "left", 3, 12, dict(num_labels=4)),
    ("question_answering", "AlbertForQuestionAnswering", "right", 4, 14, dict(num_hidden_groups=2)),
    ("multiple_choice", "AlbertForMultipleChoice", "right", 2, 10, {}),
]
ELECTRA = [
    ("model", "ElectraModel", "left", 3, 12, {}),
    ("discriminator", "ElectraForPreTraining", "holes", 3, 14, {}),
    ("discriminator_bare", "ElectraForPreTraining", None, 3, 9, dict(embedding_size=32)),
    ("generator", "ElectraForMaskedLM", "right", 3, 12, {}),
    ("classification", "ElectraForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("token_classification", "ElectraForTokenClassification", "left", 3, 12, dict(num_labels=4)),
    ("question_answering", "ElectraForQuestionAnswering", "right", 4, 14, {}),
]
MEGATRON = [
    ("model", "MegatronBertModel", "right", 3, 12, {}),
    ("masked_lm", "MegatronBertForMaskedLM", "holes", 3, 14, {}),
    ("next_sentence", "MegatronBertForNextSentencePrediction", "right", 4, 11, {}),
    ("pretraining", "MegatronBertForPreTraining", "holes", 3, 14, {}),
    ("classification", "MegatronBertForSequenceClassification", "right", 4, 12, dict(num_labels=3)),
    ("token_classification", "MegatronBertForTokenClassification", "left", 3, 12, dict(num_labels=4)),
    ("question_answering", "MegatronBertForQuestionAnswering", "right", 4, 14, {}),
    ("multiple_choice", "MegatronBertForMultipleChoice", "right", 2, 10, {}),
]

# See make_bert_cases.py.
ZERO = ("attention.self.key.bias", "attention.k_lin.bias", "attention.key.bias")
ZERO_BY_HEAD = {
    "QuestionAnswering": ("qa_outputs.bias", "layer.1.output.LayerNorm.bias", "layer.1.output_layer_norm.bias",
                          "groups.1.albert_layers.0.full_layer_layer_norm.bias", "encoder.ln.bias"),
    "MultipleChoice": ("classifier.bias",),
}


def make_model(case):
    _, kind, _, _, _, changes = case
    family = next(name for name in SHAPES if kind.startswith(name))
    config = getattr(transformers, family + "Config")(**(SHAPES[family] | changes), architectures=[kind])
    config._attn_implementation = "eager"
    return randomize(getattr(transformers, kind)(config))


def make_inputs(case, model):
    _, kind, mask_kind, rows, length, _ = case
    return encoder_inputs(model, mask_kind, rows, length, pads=1.0 if kind.startswith("Roberta") else 0.5)


def family(folder):
    def zero(case):
        head = case[1].split("For")[-1]
        return ZERO + ZERO_BY_HEAD.get(head, ())

    return Family(folder, make_model, make_inputs, encoder_forward, zero)


if __name__ == "__main__":
    run_cases([(family("roberta"), ROBERTA), (family("distilbert"), DISTILBERT), (family("albert"), ALBERT),
               (family("electra"), ELECTRA), (family("megatron_bert"), MEGATRON)], __doc__)
