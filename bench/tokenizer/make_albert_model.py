"""Makes ALBERT's SentencePiece model from its pieces as text, for comparisons.

    python3 bench/tokenizer/make_albert_model.py 30k-clean.vocab DONOR.model FOLDER     (pip install sentencepiece==0.2.3)

30k-clean.vocab is published with ALBERT v1 (piece TAB score a line). DONOR is a model that was trained with the rules
nmt_nfkc, as ALBERT's was: T5's or XLNet's. FOLDER gets spiece.model and tokenizer_config.json.
"""

import json
import os
import sys

from sentencepiece import sentencepiece_model_pb2 as pb

CONTROL = {"<pad>", "[CLS]", "[SEP]", "[MASK]"}


def main():
    vocab, donor, folder = sys.argv[1:]
    model, source = pb.ModelProto(), pb.ModelProto()
    with open(donor, "rb") as file:
        source.ParseFromString(file.read())
    model.normalizer_spec.CopyFrom(source.normalizer_spec)
    model.trainer_spec.model_type = pb.TrainerSpec.UNIGRAM
    with open(vocab, encoding="utf-8") as file:
        for line in file:
            text, score = line.rstrip("\n").split("\t")
            piece = model.pieces.add()
            piece.piece, piece.score = text, float(score)
            # What it was told to keep: ( ) " - . and others, which have no probability.
            piece.type = (piece.CONTROL if text in CONTROL else piece.UNKNOWN if text == "<unk>" else
                          piece.USER_DEFINED if piece.score == 0 else piece.NORMAL)
    model.trainer_spec.vocab_size = len(model.pieces)
    model.trainer_spec.unk_id = [piece.piece for piece in model.pieces].index("<unk>")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "spiece.model"), "wb") as file:
        file.write(model.SerializeToString())
    with open(os.path.join(folder, "tokenizer_config.json"), "w", encoding="utf-8") as file:
        json.dump({"tokenizer_class": "AlbertTokenizer", "do_lower_case": True, "keep_accents": False}, file, indent=2)


main()
