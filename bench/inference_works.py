"""The work of bench/inference.py.

"8x128" is one batch of 8 rows of 128 ids. BANKING77 and SST-2 are texts as they come, in batches of 1 and of 64, their
ids made beforehand: a file with a list of ids a line, which all sides read.
"""
import json

TEXTS = ("BANKING77", "SST-2")
BATCHES = (1, 64)
LONGEST = 128  # tokens of a text
CHECK = [[2000 + 37 * (i + 17 * row) for i in range(tokens)] for row, tokens in enumerate((17, 17, 9))]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def fixed(name):
    batch, tokens = map(int, name.split("x"))
    return {"name": name, "file": None, "batch": batch, "tokens": tokens, "texts": batch}


def ids_of(path, vocabulary, limit):
    from tokenizers import BertWordPieceTokenizer
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    tokenizer.enable_truncation(LONGEST)
    texts = [line.split("\t")[0] for line in path.read_text().splitlines()[1:]]
    texts = texts[::max(1, len(texts) // limit)][:limit]  # from all over: BANKING77 is sorted by label
    return [one.ids for one in tokenizer.encode_batch(texts)]


def of_texts(name, path, vocabulary, folder, limit):
    """The works of a file of texts; none, with a line that says why, where something is missing."""
    for what in (path, vocabulary):
        if what is None or not what.exists():
            print(f"{name} left out: " + (f"{what} is not there" if what else "no file of its was named"), flush=True)
            return []
    ids = ids_of(path, vocabulary, limit)
    file = write(folder / f"{name}.jsonl", ids)
    return [{"name": f"{name}, batch {batch}", "file": file, "batch": batch, "tokens": 0, "texts": len(ids)}
            for batch in BATCHES]


def works_of(args):
    """(works of every shape, works of texts)"""
    args.work.mkdir(parents=True, exist_ok=True)
    files = {"BANKING77": args.banking77, "SST-2": args.sst2}
    return ([fixed(name) for name in args.works if name not in TEXTS],
            [work for name in args.works if name in TEXTS
             for work in of_texts(name, files[name], args.vocabulary, args.work, args.texts)])
