"""
What an H100's limits allow PyTorch in the steps of both workloads: kernel by kernel the longer of its bytes at 3.0 TB/s and its products at 495 TFLOP/s (TF32).

  torch_limits.py [NAME…] [--variants V,…] [--kernels] [--json]     NAME: compact-train, …, authors-train-batch-8; all of them if none is given
  torch_limits.py --check NAME                                      holds the counted calls against PyTorch's profiler, on a few cells and this CPU

By the rules of `kernel_bench roofline`, whose sums (limits.txt) stand beside. Nothing is computed and no GPU is needed: PyTorch built for CPUs runs the steps of
packages/core/torch-peer on tensors without data (fake_cuda.py), at full size. Kernels of eager steps are the calls of ATen (torch_counts.py), those of compiled
ones what inductor fuses (torch_fusions.py); nn.LSTM is counted in three ways, since cuDNN is closed (torch_lstm.py), and not where it is written out.
"""
import argparse
import collections
import contextlib
import json
import pathlib
import re
import sys

import fake_cuda

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True  # nothing is left in the sources
sys.path.insert(0, str(HERE.parent.parent / "packages/core/torch-peer"))

BATCH_8 = {"authors-train-batch-8": ("authors", "train", 8)}
IDLE = {f"aten::{name}" for name in ("as_strided", "view", "_unsafe_view", "detach", "empty", "empty_strided", "broadcast_tensors", "dropout")}
"""Operators that move nothing: views, memory, and dropout outside of training."""
VARIANTS = ("channels-last", "channels-last-lstm", "compiled", "compiled-lstm")


def described():
    return json.loads((HERE / "programs/workloads.json").read_text())


def steps_of(workloads):
    return {**{f"{name}-{step}": (name, step, 1) for name in workloads for step in ("train", "invert", "infer")}, **BATCH_8}


def ours():
    """Milliseconds of our steps at the same limits: the sums of the tables in limits.txt, which `kernel_bench roofline` has printed."""
    text = (HERE / "limits.txt").read_text()
    tables = re.findall(r"^(\S+)\.txt: memory.*?^\| all \|.*?\| (\S+) \|$", text, re.MULTILINE | re.DOTALL)
    return {name: float(milliseconds) for name, milliseconds in tables}


def prepare():
    """PyTorch with CountedLstm in the place of nn.LSTM, and models that fake tensors can be put into."""
    import torch
    from torch_lstm import CountedLstm

    def to(model, memory_format):  # PyTorch exchanges parameters in place, which it refuses for fake ones
        for module in model.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None and parameter.dim() == 4:
                    changed = parameter.detach().contiguous(memory_format=memory_format)
                    module._parameters[name] = torch.nn.Parameter(changed, requires_grad=parameter.requires_grad)
        return model

    torch.nn.LSTM, torch.nn.Module.to = CountedLstm, to
    torch.nn.utils.fuse_conv_bn_eval = lambda convolution, _: convolution  # its numbers, which fake tensors have not


def made(workload, step, batches, device, shrink=lambda shape: shape, **options):
    import torch
    from steps import STEPS

    with torch.device(device):
        weights = {key: torch.empty(shape) for key, shape in workload["weights"].items()}
        inputs = {key: torch.empty([batches * shape[0], *shrink(shape)[1:]]) for key, shape in workload["inputs"][step].items()}
        return STEPS[step](workload["workload"], weights, inputs, 1e-4, **options)


def eager(step):
    """Kernels of a second run: the first makes the optimizer's moments. Returns a function of the LSTM's way."""
    from torch_counts import Counter
    from torch_lstm import taken

    step.run()
    taken()
    with Counter() as counter:
        step.run()
    lstm = taken()
    return lambda way: counter.kernels + lstm(way)


def compiled(make):
    """Kernels of what is compiled, as the first run compiles it, with what runs eagerly beside it: the LSTM of cuDNN and the optimizer."""
    import torch
    from torch_counts import Counter
    from torch_fusions import Fusions
    from torch_lstm import taken

    torch._dynamo.reset()
    fusions, before = Fusions(), torch.compile
    torch.compile = lambda function, dynamic, options: before(function, backend=fusions, dynamic=dynamic)
    try:
        step = make()
        taken()
        beside = []
        if hasattr(step, "optimizer"):
            optimize = step.optimizer.step

            def counted():
                optimize()  # makes the moments
                with Counter() as counter:
                    optimize()
                beside.extend(counter.kernels)

            step.optimizer.step = counted
        step.run()
    finally:
        torch.compile = before
    lstm = taken()
    return lambda way: fusions.kernels + beside + lstm(way)


def kernels_of_step(workload, step, batches, variant):
    options = {"channels_last": True, "written_out": variant.endswith("-lstm"), "compiled": variant.startswith("compiled")}

    def make():
        return made(workload, step, batches, "cuda", **options)

    with fake_cuda.tensors():
        return compiled(make) if options["compiled"] else eager(make())


def summary(kernels):
    """One row a kind of kernel, the longest first, and their sum."""
    rows = collections.defaultdict(lambda: [0, 0.0, 0.0, 0.0])
    for kernel in kernels:
        for name in (kernel.name, "all"):
            rows[name] = [have + more for have, more in zip(rows[name], (1, kernel.flops / 1e9, kernel.bytes / 1e9, 1e3 * kernel.seconds))]
    ordered = sorted(rows.items(), key=lambda row: (row[0] == "all", -row[1][3]))
    return [{"kernel": name, "calls": row[0], "gflop": row[1], "gbytes": row[2], "ms": row[3]} for name, row in ordered]


def limits(name, workload, step, batches, variant):
    from torch_lstm import WAYS

    of = kernels_of_step(workload, step, batches, variant)
    ways = (None,) if variant.endswith("-lstm") else WAYS
    return [{"name": name, "variant": variant, "lstm": way or "written out", "kernels": summary(of(way))} for way in ways]


def second_passes(results):
    """
    Milliseconds by step that our tables leave out: they count an operand once an op, but our batch norm reads its input (backward: the gradient, too) twice.
    Of eager PyTorch's kernels, which are of the same tensors.
    """
    share = {"native_batch_norm": 1 / 2, "native_batch_norm_backward": 2 / 3}
    eager = {each["name"]: each["kernels"] for each in results if each["variant"] == "channels-last" and each["name"].split("-")[1] == "train"}
    return {name: sum(share.get(row["kernel"], 0) * row["ms"] for row in rows) for name, rows in eager.items()}


def table(results, own):
    """A row a step, a column a variant and way of its LSTM: milliseconds, and how many times ours, with second passes and without."""
    columns = list(dict.fromkeys((each["variant"], each["lstm"]) for each in results))
    passes, cells = second_passes(results), {}
    for each in results:
        milliseconds, mine = each["kernels"][-1]["ms"], own[each["name"]]
        ratios = dict.fromkeys(f"{milliseconds / (mine + more):.2f}" for more in (passes.get(each["name"], 0), 0))
        cells[each["name"], each["variant"], each["lstm"]] = f"{milliseconds:.3f} ({'–'.join(ratios)})"
    heads = [f"{variant.removesuffix('-lstm').replace('channels-last', 'eager')}, {lstm}" for variant, lstm in columns]
    lines = [f"| step | ours | {' | '.join(heads)} |", "|---" * (len(columns) + 2) + "|"]
    for name in dict.fromkeys(each["name"] for each in results):
        mine = f"{own[name]:.3f}" + (f" to {own[name] + passes[name]:.3f}" if name in passes else "")
        lines.append(f"| {name} | {mine} | {' | '.join(cells[name, *column] for column in columns)} |")
    return "\n".join(lines)


def kernel_table(result):
    head = f"\n{result['name']}, {result['variant']}, LSTM {result['lstm']}\n\n| kernel | calls | GFLOP | GB | ms |\n|---|---|---|---|---|"
    rows = (f"| {row['kernel']} | {row['calls']} | {row['gflop']:.2f} | {row['gbytes']:.3f} | {row['ms']:.3f} |" for row in result["kernels"])
    return "\n".join([head, *rows])


def check(workload, step, batches):
    """
    Holds the counted calls of a step against what the profiler sees on this CPU, on 6 x 7 cells: `outside`, operators at the bottom, which compute, that are
    in no counted call, or in one of which no kernel was counted; `inside`, how many are in one.
    """
    import torch
    from torch_counts import Counter

    small = {workload["workload"]["rows"]: 6, workload["workload"]["cols"]: 7}
    running = made(workload, step, batches, "cpu", lambda shape: [small.get(size, size) for size in shape], channels_last=True, written_out=True, compiled=False)
    running.run()
    counter = Counter(lambda name: torch.profiler.record_function(f"counted {name}"))
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile, counter:
        running.run()
    events = [each for each in profile.events() if each.name.startswith("aten::")]
    events = [each for each in events if not any(child.name.startswith(("aten::", "PythonDispatchMode")) for child in each.cpu_children)]
    inside, outside = 0, collections.Counter()
    for event in events:
        call = event
        while call is not None and not call.name.startswith("counted "):
            call = call.cpu_parent
        if call is not None and call.name.removeprefix("counted ") not in counter.silent:
            inside += 1
        elif event.name not in IDLE:
            outside[event.name] += 1
    return {"inside": inside, "outside": dict(outside)}


def parse(steps):
    parser = argparse.ArgumentParser(description="Counts what PyTorch's steps must move and multiply, and what an H100's limits allow them.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(steps))
    parser.add_argument("--variants", default=",".join(VARIANTS), help=f"of {', '.join(VARIANTS)}")
    parser.add_argument("--kernels", action="store_true", help="the kinds of kernels of each, too")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", metavar="NAME")
    options = parser.parse_args()
    options.variants = options.variants.split(",")
    for word in (*options.names, *([options.check] if options.check else [])):
        if word not in steps:
            parser.error(f"expected one of {', '.join(steps)} but received {word}")
    for word in options.variants:
        if word not in VARIANTS:
            parser.error(f"--variants: expected some of {', '.join(VARIANTS)} but received {word}")
    return options


def main():
    workloads = described()
    steps = steps_of(workloads)
    options = parse(steps)
    if not options.check:
        fake_cuda.load()
    sys.path.insert(0, str(HERE))
    import torch

    if options.check:
        name, step, batches = steps[options.check]
        print(json.dumps(check(workloads[name], step, batches)))
        return
    prepare()
    if any(each.startswith("compiled") for each in options.variants):
        fake_cuda.pretend()
    results = []
    for key in options.names or steps:
        name, step, batches = steps[key]
        for variant in options.variants:
            results += limits(key, workloads[name], step, batches, variant)
    if options.json:
        print(json.dumps({"torch": torch.__version__, "ours": ours(), "limits": results}))
        return
    print(table(results, ours()))
    if options.kernels:
        print("\n".join(map(kernel_table, results)))


if __name__ == "__main__":
    main()
