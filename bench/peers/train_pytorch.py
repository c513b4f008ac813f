"""Fine-tunes a BERT folder for classification with PyTorch: the peer that frugal is measured by.

Plain eager fp32, the way most people do it: AutoModelForSequenceClassification, AdamW, linear
warm-up and decay, clipping, batches of similar length padded to their longest row.

    python train_pytorch.py --model models/all-MiniLM-L6-v2 \
        --train examples/banking77/train.tsv --test examples/banking77/test.tsv \
        --layers 0,2,5 --seed 0 --out result.json
"""

import argparse
import json
import os
import platform
import random
import resource
import statistics
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a folder is given: nothing to look up

import torch
import transformers
from transformers import AutoModelForSequenceClassification, AutoTokenizer

# Rows are shuffled, then sorted by length within blocks of this many batches: nearly as little
# padding as a full sort, and yet every epoch has other batches.
BLOCK_BATCHES = 50


def read_tsv(path):
    with open(path, encoding="utf-8") as file:
        rows = [line.rstrip("\n").split("\t") for line in file][1:]
    return [row[0] for row in rows], [row[1] for row in rows]


def batches_of(ids, batch, rng):
    order = list(range(len(ids)))
    rng.shuffle(order)
    made = []
    block = batch * BLOCK_BATCHES
    for start in range(0, len(order), block):
        part = sorted(order[start : start + block], key=lambda row: len(ids[row]))
        made += [part[i : i + batch] for i in range(0, len(part), batch)]
    rng.shuffle(made)
    return made


def pad(ids, rows):
    longest = max(len(ids[row]) for row in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    for i, row in enumerate(rows):
        tokens[i, : len(ids[row])] = torch.tensor(ids[row])
        mask[i, : len(ids[row])] = 1
    return tokens, mask


def accuracy(model, ids, labels, batch):
    order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    right = 0
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            tokens, mask = pad(ids, rows)
            guess = model(input_ids=tokens, attention_mask=mask).logits.argmax(-1)
            right += int((guess == torch.tensor([labels[row] for row in rows])).sum())
    return right / len(ids)


def keep_layers(model, layers):
    """The student's start: the named layers of the teacher, in that order."""
    kept = [model.bert.encoder.layer[i] for i in layers]
    model.bert.encoder.layer = torch.nn.ModuleList(kept)
    model.config.num_hidden_layers = len(layers)


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts in KiB


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder with config, weights, tokenizer")
    parser.add_argument("--train", required=True, help="TSV with header: sentence, label")
    parser.add_argument("--test", help="TSV; without it no accuracy is measured")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--lr", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--layers", help="layers to keep, as 0,2,5 (default: all)")
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--max-steps", type=int, help="stop early; the schedule shrinks with it")
    parser.add_argument("--optimizer", choices=["default", "fused"], default="default",
                        help="AdamW as torch picks it on a CPU, or its fused kernel")
    parser.add_argument("--save", help="folder for the fine-tuned model")
    parser.add_argument("--out", help="file for the result (default: standard output)")
    return parser.parse_args()


def main():
    args = options()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = random.Random(args.seed)

    texts, names = read_tsv(args.train)
    label_names = sorted(set(names))
    label_ids = {name: i for i, name in enumerate(label_names)}
    labels = [label_ids[name] for name in names]
    tokenizer = AutoTokenizer.from_pretrained(args.model)

    def encode(lines):
        return tokenizer(lines, truncation=True, max_length=args.max_length)["input_ids"]

    ids = encode(texts)

    rss_before_model = peak_bytes()  # the interpreter and its libraries
    model = AutoModelForSequenceClassification.from_pretrained(
        args.model, num_labels=len(label_names), dtype=torch.float32,
        id2label=dict(enumerate(label_names)), label2id=label_ids)
    layers = [int(i) for i in args.layers.split(",")] if args.layers else None
    if layers:
        keep_layers(model, layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01,
                                  fused=True if args.optimizer == "fused" else None)
    steps = args.epochs * -(-len(ids) // args.batch)
    if args.max_steps:
        steps = min(steps, args.max_steps)
    schedule = transformers.get_linear_schedule_with_warmup(optimizer, round(0.1 * steps), steps)

    model.train()
    losses, tokens_seen, tokens_padded, rates = [], 0, 0, []
    begin, cpu_begin = time.perf_counter(), time.process_time()
    while len(losses) < steps:
        for rows in batches_of(ids, args.batch, rng):
            start = time.perf_counter()
            tokens, mask = pad(ids, rows)
            loss = model(input_ids=tokens, attention_mask=mask,
                         labels=torch.tensor([labels[row] for row in rows])).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            real = int(mask.sum())
            tokens_seen += real
            tokens_padded += mask.numel()
            rates.append((real, time.perf_counter() - start))
            if len(losses) == steps:
                break
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin

    # A shared machine stalls now and then, so beside the plain rate the median over groups of
    # ten steps. The first two steps, which still allocate, are left out of it.
    groups = [rates[i : i + 10] for i in range(2, len(rates), 10) if len(rates[i : i + 10]) == 10]
    result = {
        "peer": "pytorch eager fp32",
        "torch": torch.__version__, "transformers": transformers.__version__,
        "python": platform.python_version(), "threads": args.threads,
        "layers": layers or list(range(model.config.num_hidden_layers)),
        "parameters": sum(p.numel() for p in model.parameters()),
        "attention": model.config._attn_implementation, "optimizer": args.optimizer,
        "batch": args.batch, "lr": args.lr, "seed": args.seed, "epochs": args.epochs,
        "steps": steps, "seconds": round(seconds, 2), "cpu_seconds": round(cpu_seconds, 2),
        "tokens": tokens_seen, "tokens_with_padding": tokens_padded,
        "tokens_per_second": round(tokens_seen / seconds, 1),
        "tokens_per_second_median": round(statistics.median(
            sum(n for n, _ in g) / sum(t for _, t in g) for g in groups), 1) if groups else None,
        "peak_rss_bytes": peak_bytes(), "rss_before_model_bytes": rss_before_model,
        "loss_first": losses[0], "loss_last_mean_10": statistics.fmean(losses[-10:]),
    }
    if args.test:
        test_texts, test_names = read_tsv(args.test)
        test_labels = [label_ids[name] for name in test_names]
        result["test_rows"] = len(test_labels)
        result["test_accuracy"] = accuracy(model, encode(test_texts), test_labels, args.batch)
    if args.save:
        model.save_pretrained(args.save)
        tokenizer.save_pretrained(args.save)
    text = json.dumps(result, indent=2)
    if args.out:
        with open(args.out, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    else:
        print(text)


if __name__ == "__main__":
    main()
