"""PyTorch on the GPU: the steps of both workloads and the single kernels that kernel_bench times, one line of JSON each.

  torch_times.py SECONDS WHAT… [--skip JOBS]     WHAT: eager, channels-last, graph, graph-lstm, compiled, compiled-lstm (variants of the steps; the best counts), kernels

With tf32 allowed or under bf16 autocast; medians, after a warm-up. `graph` is channels-last as one CUDA graph, as our steps are, `graph-lstm` the same with the LSTM
written out (no LSTM of cuDNN is known to take a sequence for each pixel); compiled steps are captured, too, and so are kernels, up to fifty runs of each (`how`: `graph`;
what cannot be captured is timed from event to event, `how`: `events`, with the host's part in it). The first line says what PyTorch this is, and names all jobs in
their order: tf32 first, and of it training and inversion. A job that this PyTorch cannot do is a line with `error`; the last line names what was left out because the
time was over. Exit code: 3 if an error took the device's context with it: the jobs behind it need another process (--skip leaves out the first); 1 without CUDA,
unless RETROPLUME_TORCH_CPU=1 (to try this script).
"""
import argparse
import gc
import json
import os
import pathlib
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
from torch_timing import MOST, measure, measure_graph  # noqa: E402

PROGRAMS = HERE / "programs"
GPU = torch.cuda.is_available()
DEVICE = "cuda" if GPU else "cpu"
OPTIONS = {**VARIANTS, "graph": VARIANTS["channels-last"], "graph-lstm": {**VARIANTS["compiled-lstm"], "compiled": False}}
CAPTURED = ("graph", "graph-lstm", "compiled", "compiled-lstm")
# The batch that training is stated for, where the step of the workload has another (as parts.py has it), with the variants that may be the best.
LARGE = {"authors-train-batch-8": ("authors", "train", 8)}
WARM_UP, KERNEL_WARM_UP = 0.2, 0.05  # seconds
CONTEXT_LOST = 3


def allow(products):
    tf32 = products != "float32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True


def autocast(run, products):
    def inside():
        # What a cache keeps of one run would lie in the memory of the graph that captured it.
        with torch.autocast(DEVICE, dtype=torch.bfloat16, cache_enabled=False):
            run()

    return inside if products == "bf16" else run


def workload_step(described, step, products, variant, batches=1):
    """@param batches - so many times the workload's own batch"""
    # All steps share their functions: what was compiled for others counts towards the limit beyond which dynamo silently runs eagerly.
    torch._dynamo.reset()
    with torch.device(DEVICE):  # here alone: every call of PyTorch is slower while there is a default device
        weights = {key: torch.rand(shape) * 0.2 - 0.1 for key, shape in described["weights"].items()}
        for key in weights:
            if key.endswith("runningVariance"):
                weights[key] = torch.rand(described["weights"][key]) + 0.5
        inputs = {key: torch.rand([batches * shape[0], *shape[1:]]) for key, shape in described["inputs"][step].items()}
        made = STEPS[step](described["workload"], weights, inputs, 1e-4, **OPTIONS[variant])
    run, before = autocast(made.run, products), graphs()
    timing = measure_graph(run, WARM_UP) if GPU and variant in CAPTURED else measure(run, WARM_UP, GPU)
    return {**timing, "graphs": graphs() - before} if OPTIONS[variant]["compiled"] else timing


def graphs():
    """Graphs that dynamo has made so far: a compiled variant without one has run eagerly."""
    return torch._dynamo.utils.counters["stats"]["unique_graphs"]


def number(line, name):
    return next(int(float(word.split("=")[1])) for word in line.split() if word.startswith(f"{name}="))


def convolution(line, kernel):
    """Seconds of one kernel of a convolution as a program's line describes it: Forward, BackwardInput or BackwardWeight."""
    transposed = "upconv2x2" in line
    n, h, w, c, o = (number(line, key) for key in ("batch", "height", "width", "inChannels", "outChannels"))
    k = 2 if transposed else number(line, "kernel")
    shape = (c, o, k, k) if transposed else (o, c, k, k)
    last = torch.channels_last
    stride, padding = ([2, 2], [0, 0]) if transposed else ([1, 1], [k // 2, k // 2])
    with torch.device(DEVICE):
        x, weight = torch.rand(n, c, h, w).to(memory_format=last), torch.rand(shape).to(memory_format=last)
    run = (lambda: F.conv_transpose2d(x, weight, stride=2)) if transposed else (lambda: F.conv2d(x, weight, padding=k // 2))
    if kernel != "Forward":
        gradient, mask = torch.rand_like(run()), [kernel == "BackwardInput", kernel == "BackwardWeight", False]
        run = lambda: torch.ops.aten.convolution_backward(gradient, x, weight, None, stride, padding, [1, 1], transposed, [0, 0], 1, mask)  # noqa: E731
    return measure_graph(run, KERNEL_WARM_UP, MOST) if GPU else measure(run, KERNEL_WARM_UP, GPU)


def step_jobs(described, variant):
    for products in ("tf32", "bf16", "float32"):
        for name in described:
            for step in STEPS:
                yield f"{name}-{step}", products, variant, lambda n=name, s=step, p=products: workload_step(described[n], s, p, variant)
    for label, (name, step, batch) in LARGE.items() if variant in CAPTURED else ():
        batches = batch // described[name]["workload"]["batch"][step]
        yield label, "tf32", variant, lambda n=name, s=step, b=batches: workload_step(described[n], s, "tf32", variant, b)


def kernel_jobs():
    for products in ("tf32", "float32"):
        for path in sorted(PROGRAMS.glob("op-*conv*.txt")):
            line = next(each for each in path.read_text().splitlines() if each.startswith("run "))
            kind = "upconv2x2" if "upconv2x2" in line else "conv2d"
            for kernel in ("Forward", "BackwardInput", "BackwardWeight"):
                yield f"{path.stem} {kind}{kernel}", products, "channels-last", lambda t=line, k=kernel: convolution(t, k)


def rank(job):
    """What ends first where the time does not reach for all."""
    name, products = job[:2]
    if products == "tf32":
        return 0 if name.endswith(("-train", "-invert")) or name in LARGE else 1
    return 2 if products == "bf16" else 3


def jobs_of(what):
    described = json.loads((PROGRAMS / "workloads.json").read_text())
    jobs = [job for each in what for job in (kernel_jobs() if each == "kernels" else step_jobs(described, each))]
    return sorted(jobs, key=rank)


def tell(line):
    print(json.dumps(line), flush=True)


def context_lost():
    try:
        if GPU:
            torch.cuda.synchronize()
    except Exception:
        return True
    return False


def about():
    gpu = torch.cuda.get_device_name() if GPU else None
    return {"torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version() if GPU else None, "gpu": gpu}


def main():
    parser = argparse.ArgumentParser(description="Times PyTorch's steps and kernels on this machine's GPU.")
    parser.add_argument("seconds", type=float)
    parser.add_argument("what", nargs="+", choices=[*OPTIONS, "kernels"])
    parser.add_argument("--skip", type=int, default=0)
    options = parser.parse_args()
    if not GPU and os.environ.get("RETROPLUME_TORCH_CPU") != "1":
        sys.exit(f"torch_times: expected a PyTorch that finds a GPU but PyTorch {torch.__version__} finds no CUDA: install one built for CUDA")
    deadline = START + options.seconds
    torch.manual_seed(1)
    jobs = jobs_of(options.what)
    tell({**about(), "jobs": [" ".join(job[:3]) for job in jobs]})
    left = jobs[options.skip :]
    while left and time.monotonic() < deadline:
        name, products, variant, job = left.pop(0)
        labels = {"name": name, "products": products, "variant": variant}
        allow(products)
        try:
            tell({**labels, **job()})
        except Exception as error:  # a variant that this PyTorch cannot do is no result
            tell({**labels, "error": f"{type(error).__name__}: {error}"[:500]})
            if context_lost():
                sys.exit(CONTEXT_LOST)
        gc.collect()
        if GPU:
            torch.cuda.empty_cache()
    tell({"left_out": [" ".join(job[:3]) for job in left]})


if __name__ == "__main__":
    main()
