"""What XLNet's and ALBERT's published code does around the sentencepiece library, written from its description.

XLNet: prepro_utils.py of https://github.com/zihangdai/xlnet. ALBERT: tokenization.py of
https://github.com/google-research/albert, with the quotes of XLNet, as Transformers has had it from its first version.
Shared by make_sentencepiece_cases.py and bench/tokenizer/compare_sentencepiece.py.
"""

import unicodedata

MARK = "\u2581"  # a blank, in pieces


def clean(text, lower):
    """One blank between words, plain quotes, no accents."""
    text = " ".join(text.split()).replace("``", '"').replace("''", '"')
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return text.lower() if lower else text


def split_off_commas(model, pieces):
    """Pieces like "2000," again: the digits as a text of their own, then the comma."""
    for piece in pieces:
        if len(piece) < 2 or piece[-1] != "," or not piece[-2].isdigit():
            yield piece
            continue
        digits = model.encode(piece[:-1].replace(MARK, ""), return_type=str)
        if not piece.startswith(MARK) and digits[0].startswith(MARK):
            digits[0] = digits[0][1:]
        yield from (part for part in digits if part)
        yield ","


def encode(model, text, lower):
    """Ids of `text` by a sentencepiece.SentencePieceProcessor; `lower`: ALBERT's uncased models."""
    pieces = model.encode(clean(text, lower), return_type=str)
    return [model.piece_to_id(piece) for piece in split_off_commas(model, pieces)]
