"""Times a classifier in PyTorch, eager with its own attention (sdpa): a peer of frugal's inference.

    python bench/peers/inference_pytorch.py --model build/bench-models/inference/MiniLM-L6 --precision fp32 --work 1x8

int8 is its dynamic quantization of all linear layers.
"""
import torch
import transformers
from transformers import AutoModelForSequenceClassification

from inference_worker import options, serve


def main():
    args = options(__doc__.splitlines()[0], ["fp32", "bf16", "int8"])
    torch.set_num_threads(args.threads)
    model = AutoModelForSequenceClassification.from_pretrained(
        args.model, dtype=torch.bfloat16 if args.precision == "bf16" else torch.float32, attn_implementation="sdpa").eval()
    if args.precision == "int8":
        model = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)

    def feeds(ids, mask):
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def run(one):
        with torch.inference_mode():
            return model(input_ids=one[0], attention_mask=one[1]).logits.float().numpy()

    serve(args, lambda shape: (feeds, run), f"torch {torch.__version__}, transformers {transformers.__version__}")


if __name__ == "__main__":
    main()
