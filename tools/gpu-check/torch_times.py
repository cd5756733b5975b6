"""PyTorch on the GPU: the steps of both workloads and the single kernels that kernel_bench times, one line of JSON each. Arguments: seconds to take.

With tf32 allowed or under bf16 autocast; eager, channels last, and compiled (the best counts). Device events, after a warm-up; medians.
"""
import json
import pathlib
import statistics
import sys
import time

import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "packages/core/torch-peer"))
from steps import STEPS, VARIANTS  # noqa: E402  the same networks that `retroplume bench` compares with

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
ROUNDS = 15


def timed(run):
    if DEVICE == "cpu":  # to try this script
        start = time.perf_counter()
        run()
        return time.perf_counter() - start
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3


def measure(name, products, variant, run):
    for _ in range(3):
        run()
    seconds = sorted(timed(run) for _ in range(ROUNDS))
    tenth = ROUNDS // 10
    timing = {"median": statistics.median(seconds), "p10": seconds[tenth], "p90": seconds[-1 - tenth]}
    print(json.dumps({"name": name, "products": products, "variant": variant, **timing}), flush=True)


def allow(products):
    tf32 = products != "float32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True


def autocast(run, products):
    def inside():
        with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=products == "bf16"):
            run()

    return inside


def workload_steps(name, described, products, variant):
    for step in STEPS:
        weights = {key: torch.rand(shape) * 0.2 - 0.1 for key, shape in described["weights"].items()}
        for key in weights:
            if key.endswith("runningVariance"):
                weights[key] = torch.rand(described["weights"][key]) + 0.5
        inputs = {key: torch.rand(shape) for key, shape in described["inputs"][step].items()}
        try:
            made = STEPS[step](described["workload"], weights, inputs, 1e-4, **VARIANTS[variant])
            measure(f"{name}-{step}", products, variant, autocast(made.run, products))
        except Exception as error:  # a variant that this PyTorch cannot do is no result
            print(f"{name} {step} {variant} {products}: {error}", file=sys.stderr)


def number(line, name):
    return next(int(float(word.split("=")[1])) for word in line.split() if word.startswith(f"{name}="))


def convolution(line, transposed):
    n, h, w, c, o = (number(line, key) for key in ("batch", "height", "width", "inChannels", "outChannels"))
    k = 2 if transposed else number(line, "kernel")
    shape = (c, o, k, k) if transposed else (o, c, k, k)
    last = torch.channels_last
    x, weight = torch.rand(n, c, h, w).to(memory_format=last), torch.rand(shape).to(memory_format=last)
    stride, padding = ([2, 2], [0, 0]) if transposed else ([1, 1], [k // 2, k // 2])
    forward = (lambda: F.conv_transpose2d(x, weight, stride=2)) if transposed else (lambda: F.conv2d(x, weight, padding=k // 2))
    gradient = torch.rand_like(forward())

    def backward(which):
        mask = [which == "input", which == "weight", False]
        return lambda: torch.ops.aten.convolution_backward(gradient, x, weight, None, stride, padding, [1, 1], transposed, [0, 0], 1, mask)

    return {"Forward": forward, "BackwardInput": backward("input"), "BackwardWeight": backward("weight")}


def single_kernels(products):
    for path in sorted((HERE / "programs").glob("op-*conv*.txt")):
        line = next(each for each in path.read_text().splitlines() if each.startswith("run "))
        transposed = "upconv2x2" in line
        for kernel, run in convolution(line, transposed).items():
            kind = "upconv2x2" if transposed else "conv2d"
            measure(f"{path.stem} {kind}{kernel}", products, "channels-last", autocast(run, products) if kernel == "Forward" else run)


def main():
    deadline = time.monotonic() + float(sys.argv[1])
    torch.set_default_device(DEVICE)
    torch.manual_seed(1)
    described = json.loads((HERE / "programs" / "workloads.json").read_text())
    for variant in ("channels-last", "compiled-lstm", "compiled", "eager"):
        for products in ("tf32", "bf16", "float32"):
            for name in described:
                if time.monotonic() > deadline:
                    return
                allow(products)
                workload_steps(name, described[name], products, variant)
        if variant == "compiled-lstm":
            for products in ("tf32", "float32"):
                allow(products)
                if time.monotonic() < deadline:
                    single_kernels(products)


main()
