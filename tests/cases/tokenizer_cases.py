"""What the cases of the tokenizers share: texts, and what Hugging Face's `tokenizers` makes of them."""
import json
import random


def byte_offsets(text, encoding):
    ends = [0]
    for c in text:
        ends.append(ends[-1] + len(c.encode("utf-8")))
    return [[ends[a], ends[b]] for a, b in encoding.offsets]


def sample(path, seed, most):
    """Lines of a table of language, line number and text: of each language as many, up to `most` in all."""
    by_language = {}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            language, _, text = line.rstrip("\n").split("\t", 2)
            by_language.setdefault(language, []).append(text)
    rng = random.Random(seed)
    texts = []
    while len(texts) < most:
        for language in sorted(by_language):
            texts.append(rng.choice(by_language[language]))
    return texts[:most]


def pair_cases(tokenizer, pairs, limits):
    cases = []
    for first, second in pairs:
        for limit in limits:
            if limit:
                tokenizer.enable_truncation(limit)
            else:
                tokenizer.no_truncation()
            found = tokenizer.encode(first, second)
            cases.append({"first": first, "second": second, "max_length": limit, "ids": found.ids,
                          "types": found.type_ids})
    tokenizer.no_truncation()
    return cases


def decode_cases(tokenizer, texts):
    cases = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        for skip in [True, False]:
            cases.append({"ids": ids, "skip": skip, "text": tokenizer.decode(ids, skip_special_tokens=skip)})
    return cases


def write_texts(path, texts):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("[\n" + ",\n".join(json.dumps(text, ensure_ascii=False) for text in texts) + "\n]\n")


def write(path, parts):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("{\n")
        for i, (name, cases) in enumerate(parts.items()):
            lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
            file.write(f'"{name}": [\n{lines}\n]' + (",\n" if i + 1 < len(parts) else "\n"))
        file.write("}\n")
