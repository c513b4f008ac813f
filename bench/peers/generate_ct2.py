"""Times generation in CTranslate2: the peer of `frugal generate`.

    python bench/peers/generate_ct2.py --model build/bench-models/gpt2-ct2 --type int8 --new 128 < prompts.jsonl

Standard input: a JSON list of ids a line, all lines one batch. Prints seconds of every run for 1 and for --new tokens,
after one unmeasured run of each, and the ids. No end token may come before the last step.
"""
import argparse
import json
import pathlib
import sys
import time

import ctranslate2

TYPES = {"fp32": "float32", "int8": "int8"}


def runner(args, prompts):
    """Returns f(number of tokens) -> ids of each prompt's best hypothesis, and the model."""
    settings = {"device": "cpu", "compute_type": TYPES[args.type], "inter_threads": 1, "intra_threads": args.threads}
    tokens = [[f"t{i}" for i in ids] for ids in prompts]
    if (pathlib.Path(args.model) / "shared_vocabulary.json").exists():  # an encoder-decoder model's
        model = ctranslate2.Translator(args.model, **settings)
        return lambda new: [[int(t[1:]) for t in r.hypotheses[0]] for r in model.translate_batch(
            tokens, beam_size=args.beams, min_decoding_length=new, max_decoding_length=new)], model
    model = ctranslate2.Generator(args.model, **settings)
    return lambda new: [r.sequences_ids[0] for r in model.generate_batch(
        tokens, beam_size=args.beams, min_length=new, max_length=new, include_prompt_in_result=False)], model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="converted folder")
    parser.add_argument("--type", default="fp32", choices=list(TYPES))
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    prompts = [json.loads(line) for line in sys.stdin]
    generate, model = runner(args, prompts)
    seconds = {1: [], args.new: []}
    for turn in range(args.repeats + 1):
        for new, times in seconds.items():
            start = time.perf_counter()
            ids = generate(new)
            taken = time.perf_counter() - start
            if [len(one) for one in ids] != [new] * len(prompts):
                sys.exit(f"asked for {new} tokens, got {[len(one) for one in ids]}")
            if turn > 0:
                times.append(taken)
    print(json.dumps({"one": seconds[1], "all": seconds[args.new], "ids": ids, "version": ctranslate2.__version__,
                      "type": model.compute_type}))


if __name__ == "__main__":
    main()
