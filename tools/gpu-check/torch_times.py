"""PyTorch on the GPU: the steps of both workloads and the single kernels that kernel_bench times, one line of JSON each.

  torch_times.py SECONDS WHAT…     WHAT: eager, channels-last, compiled, compiled-lstm (variants of the steps; the best counts), kernels

With tf32 allowed or under bf16 autocast. Device events, after a warm-up; medians. A variant that this PyTorch cannot do is a line with `error`; the last line
names what was left out because the time was over.
"""
import json
import pathlib
import statistics
import sys
import time

START = time.monotonic()  # importing PyTorch takes seconds of the time, too

import torch  # noqa: E402
import torch._dynamo.utils  # noqa: E402
import torch.nn.functional as F  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True  # nothing is left in the sources
sys.path.insert(0, str(HERE.parent.parent / "packages/core/torch-peer"))
from steps import STEPS, VARIANTS  # noqa: E402  the same networks that `retroplume bench` compares with

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
WARM_UP = 0.2  # seconds, until the clocks are up
LONG, ROUNDS = 0.1, 15  # seconds and rounds that are measured at least


def synchronized():
    if DEVICE == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


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


def quantile(values, q):
    return values[int(q * (len(values) - 1) + 0.5)]


def measure(run):
    """Seconds of one run; the first, which compiles, is no part of the warm-up."""
    run()
    start, rounds = synchronized(), 0
    while rounds < 3 or synchronized() - start < WARM_UP:
        run()
        rounds += 1
    seconds = []
    while len(seconds) < ROUNDS or sum(seconds) < LONG:
        seconds.append(timed(run))
    seconds.sort()
    return {"median": statistics.median(seconds), "p10": quantile(seconds, 0.1), "p90": quantile(seconds, 0.9), "rounds": len(seconds)}


def allow(products):
    tf32 = products != "float32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True


def autocast(run, products):
    def inside():
        with torch.autocast(DEVICE, dtype=torch.bfloat16, enabled=products == "bf16"):
            run()

    return inside


def workload_step(described, step, products, variant):
    # All steps share their functions: what was compiled for others counts towards the limit beyond which dynamo silently runs eagerly.
    torch._dynamo.reset()
    weights = {key: torch.rand(shape) * 0.2 - 0.1 for key, shape in described["weights"].items()}
    for key in weights:
        if key.endswith("runningVariance"):
            weights[key] = torch.rand(described["weights"][key]) + 0.5
    inputs = {key: torch.rand(shape) for key, shape in described["inputs"][step].items()}
    made = STEPS[step](described["workload"], weights, inputs, 1e-4, **VARIANTS[variant])
    before = graphs()
    timing = measure(autocast(made.run, products))
    return {**timing, "graphs": graphs() - before} if VARIANTS[variant]["compiled"] else timing


def graphs():
    """Graphs that dynamo has made so far: a compiled variant without one has run eagerly."""
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


def number(line, name):
    return next(int(float(word.split("=")[1])) for word in line.split() if word.startswith(f"{name}="))


def convolution(line, kernel, products):
    """Seconds of one kernel of a convolution as a program's line describes it: Forward, BackwardInput or BackwardWeight."""
    transposed = "upconv2x2" in line
    n, h, w, c, o = (number(line, key) for key in ("batch", "height", "width", "inChannels", "outChannels"))
    k = 2 if transposed else number(line, "kernel")
    shape = (c, o, k, k) if transposed else (o, c, k, k)
    last = torch.channels_last
    x, weight = torch.rand(n, c, h, w).to(memory_format=last), torch.rand(shape).to(memory_format=last)
    stride, padding = ([2, 2], [0, 0]) if transposed else ([1, 1], [k // 2, k // 2])
    forward = (lambda: F.conv_transpose2d(x, weight, stride=2)) if transposed else (lambda: F.conv2d(x, weight, padding=k // 2))
    if kernel == "Forward":
        return measure(autocast(forward, products))
    gradient, mask = torch.rand_like(forward()), [kernel == "BackwardInput", kernel == "BackwardWeight", False]
    return measure(lambda: torch.ops.aten.convolution_backward(gradient, x, weight, None, stride, padding, [1, 1], transposed, [0, 0], 1, mask))


def step_jobs(described, variant):
    for products in ("tf32", "bf16", "float32"):
        for name in described:
            for step in STEPS:
                yield f"{name}-{step}", products, variant, lambda n=name, s=step, p=products: workload_step(described[n], s, p, variant)


def kernel_jobs():
    for products in ("tf32", "float32"):
        for path in sorted((HERE / "programs").glob("op-*conv*.txt")):
            line = next(each for each in path.read_text().splitlines() if each.startswith("run "))
            kind = "upconv2x2" if "upconv2x2" in line else "conv2d"
            for kernel in ("Forward", "BackwardInput", "BackwardWeight"):
                yield f"{path.stem} {kind}{kernel}", products, "channels-last", lambda t=line, k=kernel, p=products: convolution(t, k, p)


def main():
    deadline = START + float(sys.argv[1])
    torch.set_default_device(DEVICE)
    torch.manual_seed(1)
    described = json.loads((HERE / "programs" / "workloads.json").read_text())
    left_out = []
    for what in sys.argv[2:]:
        for name, products, variant, job in kernel_jobs() if what == "kernels" else step_jobs(described, what):
            labels = {"name": name, "products": products, "variant": variant}
            if time.monotonic() > deadline:
                left_out.append(" ".join(labels.values()))
                continue
            allow(products)
            try:
                print(json.dumps({**labels, **job()}), flush=True)
            except Exception as error:  # a variant that this PyTorch cannot do is no result
                print(json.dumps({**labels, "error": f"{type(error).__name__}: {error}"[:500]}), flush=True)
    print(json.dumps({"left_out": left_out}))


main()
