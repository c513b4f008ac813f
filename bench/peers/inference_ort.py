"""Times a classifier in ONNX Runtime: a peer of frugal's inference.

    python bench/peers/inference_ort.py --model build/bench-models/inference/MiniLM-L6 --precision int8 --work 1x8

The ONNX files, SHAPE-onnx beside the model, are made once. Every graph optimisation is on; "fused" is after ONNX
Runtime's own tool for BERT.
"""
import numpy as np
import onnxruntime as ort

from inference_worker import options, serve


def main():
    args = options(__doc__.splitlines()[0], ["fp32", "fp32-fused", "int8", "int8-fused"])
    path = args.model.with_name(f"{args.model.name}-onnx") / args.precision / "model.onnx"
    if not path.exists():
        from inference_onnx import onnx_file  # only now: it brings PyTorch
        onnx_file(args.model, args.precision)
    settings = ort.SessionOptions()
    settings.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    settings.intra_op_num_threads = args.threads
    settings.inter_op_num_threads = 1
    session = ort.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])

    names = [one.name for one in session.get_inputs()]

    def feeds(ids, mask):
        every = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return {name: every[name] for name in names}

    serve(args, lambda shape: (feeds, lambda one: session.run(None, one)[0]), f"onnxruntime {ort.__version__}")


if __name__ == "__main__":
    main()
