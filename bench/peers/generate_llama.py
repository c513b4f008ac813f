"""Times generation of a GPT-2 folder in llama.cpp, by its Python package xllamacpp: the peer of `frugal generate`.

    python bench/peers/generate_llama.py --model build/bench-models/gpt2 --type int8 --new 128 < prompts.jsonl

As generate_ct2.py. Makes FOLDER-fp32.gguf or FOLDER-int8.gguf (Q8_0: blocks of 32 weights with a 16-bit scale, the
head too) beside the folder once. The wheel's kernels are AVX2's: llama.cpp built for the machine itself may be faster.
"""
import argparse
import json
import pathlib
import sys
import time

import gguf
import xllamacpp
from safetensors.numpy import load_file

TYPES = {"fp32": gguf.GGMLQuantizationType.F32, "int8": gguf.GGMLQuantizationType.Q8_0}


def convert(folder, path, kind):
    config = json.loads((folder / "config.json").read_text())
    scratch = path.with_suffix(".part")
    writer = gguf.GGUFWriter(scratch, "gpt2")
    writer.add_block_count(config["n_layer"])
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(4 * config["n_embd"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([f"t{i}" for i in range(config["vocab_size"])])
    writer.add_token_types([gguf.TokenType.NORMAL] * config["vocab_size"])
    writer.add_token_merges(["t 1"])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.GPT2, config["n_layer"])
    for name, value in load_file(folder / "model.safetensors").items():
        if name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight")):
            value = value.T.copy()
        matrix = value.ndim == 2 and "wpe" not in name
        to = kind if matrix else TYPES["fp32"]
        writer.add_tensor(names.get_name(name, (".weight", ".bias")), gguf.quants.quantize(value, to), raw_dtype=to)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    scratch.rename(path)


def server_of(path, threads):
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_ctx = 1024
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.verbosity = 0
    return xllamacpp.Server(params)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True, help="GPT-2 folder")
    parser.add_argument("--type", default="fp32", choices=list(TYPES))
    parser.add_argument("--beams", type=int, default=1, choices=[1])
    parser.add_argument("--new", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    path = args.model.with_name(f"{args.model.name}-{args.type}.gguf")
    if not path.exists():
        convert(args.model, path, TYPES[args.type])
    prompts = [json.loads(line) for line in sys.stdin]
    if len(prompts) != 1:
        sys.exit("one prompt, please")
    server = server_of(path, args.threads)
    seconds = {1: [], args.new: []}
    for turn in range(args.repeats + 1):
        for new, times in seconds.items():
            start = time.perf_counter()
            answer = server.handle_completions({
                "prompt": prompts[0], "n_predict": new, "ignore_eos": True, "temperature": 0, "samplers": ["temperature"],
                "cache_prompt": False})
            taken = time.perf_counter() - start
            ids = [int(one) for one in answer["choices"][0]["text"].split("t")[1:]]
            if len(ids) != new:
                sys.exit(f"asked for {new} tokens, got {answer}")
            if turn > 0:
                times.append(taken)
    print(json.dumps({"one": seconds[1], "all": seconds[args.new], "ids": [ids],
                      "version": f"xllamacpp {xllamacpp.__version__}", "type": args.type}))


if __name__ == "__main__":
    main()
