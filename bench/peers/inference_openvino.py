"""Times a classifier in OpenVINO: a peer of frugal's inference.

    python bench/peers/inference_openvino.py --model build/bench-models/inference/MiniLM-L6 --precision int8 --work 1x8

int8 is NNCF's post-training quantization, calibrated on random ids: its speed is as with real ones. The files,
SHAPE-openvino beside the model, are made once. Where all batches of a file have one shape, the model is compiled for
it, not for any shape. What is not in int8 is in fp32 or, by "bf16", in bf16: OpenVINO's own choice where the processor
has it, and the slower one on some.
"""
import numpy as np
import openvino as ov

from inference_worker import once, options, serve

NAMES = ("input_ids", "attention_mask")
SAMPLES = 32  # of 64 tokens, for calibration


def convert(folder, scratch):
    import torch
    from inference_onnx import Logits, load
    scratch.mkdir()
    sample = torch.ones(2, 16, dtype=torch.long)
    model = ov.convert_model(Logits(load(folder, "sdpa")), example_input=(sample, sample),
                             input=[(name, [-1, -1], ov.Type.i64) for name in NAMES])
    ov.save_model(model, scratch / "model.xml", compress_to_fp16=False)


def quantize(source, scratch):
    import nncf
    scratch.mkdir()
    draw = np.random.default_rng(0)
    model = ov.Core().read_model(source)
    samples = [{"input_ids": draw.integers(1000, 30000, (1, 64)), "attention_mask": np.ones((1, 64), np.int64)}
               for _ in range(SAMPLES)]
    made = nncf.quantize(model, nncf.Dataset(samples), model_type=nncf.ModelType.TRANSFORMER, subset_size=SAMPLES)
    ov.save_model(made, scratch / "model.xml", compress_to_fp16=False)


def model_file(folder, kind):
    place = folder.with_name(f"{folder.name}-openvino") / kind
    if kind == "fp32":
        once(place, lambda scratch: convert(folder, scratch))
    else:
        once(place, lambda scratch: quantize(model_file(folder, "fp32"), scratch))
    return place / "model.xml"


def main():
    args = options(__doc__.splitlines()[0], ["fp32", "bf16", "int8", "int8-bf16"])
    model = ov.Core().read_model(model_file(args.model, "int8" if "int8" in args.precision else "fp32"))
    settings = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": args.threads,
                "INFERENCE_PRECISION_HINT": "bf16" if "bf16" in args.precision else "f32"}

    def runner_of(shape):
        model.reshape({name: list(shape or (-1, -1)) for name in NAMES})
        request = ov.Core().compile_model(model, "CPU", settings).create_infer_request()

        def run(one):
            request.infer(one, share_inputs=True, share_outputs=True)
            return request.get_output_tensor(0).data

        return (lambda ids, mask: {"input_ids": ids, "attention_mask": mask}), run

    serve(args, runner_of, f"openvino {ov.__version__}")


if __name__ == "__main__":
    main()
