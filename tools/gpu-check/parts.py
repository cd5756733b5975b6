"""What gpu_check.py does, part by part. Each takes the seconds that it may use and returns what goes into the record: `ok` if nothing is wrong in what was done."""
import os
import pathlib
import shutil
import sys
import time

from bench import once, sweep
from commands import run

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = HERE / "programs"
PRODUCTS = ("float32", "tf32", "bf16")
CUDA = pathlib.Path("/usr/local/cuda/bin")
STEPS = [PROGRAMS / f"{workload}-{step}.txt" for workload in ("compact", "authors") for step in ("train", "invert", "infer")] + sorted(PROGRAMS.glob("surrogate-*.txt"))
TINY = sorted(PROGRAMS.glob("tiny-*.txt"))
KERNELS = sorted(PROGRAMS.glob("op-*.txt"))
# The tallest tile takes 67 584 pixels or more, which no tiny program has.
TALL = PROGRAMS / "op-compact-conv3x3-2x184x232-32-32.txt"
# Sets that kernel_bench knows by name, of fields in the GPU's memory: the windows of a batch of training, and tracers.
TINY_FIELDS = [pathlib.Path(f"{what}-tiny") for what in ("windows", "tracers")]
FIELDS = [*TINY_FIELDS, *(pathlib.Path(name) for name in ("windows-surrogate", "windows-authors", "tracers-surrogate"))]
KEPT = 6000  # characters of a report


def build(folder, gpu):
    """kernel_bench for this GPU alone. Another toolkit may warn or spill where ours does not: compile.sh makes notes of that here, and the proof goes on."""

    def body(limit):
        deadline = time.monotonic() + limit
        capability = gpu.split(",")[2].strip().replace(".", "")
        configure = ["cmake", "-S", ROOT / "packages/native", "-B", folder, f"-DRETROPLUME_GPUS={capability}"]
        if (CUDA / "nvcc").exists():
            configure.append(f"-DCMAKE_CUDA_COMPILER={CUDA / 'nvcc'}")
        for command in (configure, ["cmake", "--build", folder, "--target", "kernel_bench", "--parallel", os.cpu_count()]):
            done = run(command, max(0.1, deadline - time.monotonic()), {"RETROPLUME_COMPILE_NOTES": "1"})
            if done.timed_out or done.code != 0:
                break
        notes = "".join(path.read_text(errors="replace") for path in sorted(folder.rglob("*.notes")))
        result = {"ok": done.code == 0, "architecture": f"sm_{capability}", "notes": notes[:KEPT]}
        return result if result["ok"] else {**result, "timed_out": done.timed_out, "error": f"{done.ending()} {done.out[-1000:]}".strip()}

    return body


def device(bench):
    """Staging, the same bits again, and the graph against one instruction after another."""
    return lambda limit: sweep(bench, "device", TINY + STEPS, "tf32", limit)


def agreement(bench):
    """Every instruction against the CPU, whose results are made once for all products."""
    return lambda limit: sweep(bench, "check", TINY + KERNELS + STEPS, ",".join(PRODUCTS), limit)


def fields(bench):
    """What a batch of training is taken with, and tracers, against the CPU, and their times."""
    return lambda limit: sweep(bench, "fields", FIELDS, "float32", limit)


def times(bench, products):
    return lambda limit: sweep(bench, "time", STEPS + sorted(PROGRAMS.glob("*-train-batch-8.txt")) + KERNELS, products, limit)


def sanitizer(bench, tool, products, files, mode="check"):
    def body(limit):
        command = shutil.which("compute-sanitizer") or str(CUDA / "compute-sanitizer")
        if not os.path.exists(command):
            return {"ok": False, "error": "compute-sanitizer is not there"}
        done = once(bench, mode, files, products, limit, [command, "--tool", tool, "--error-exitcode", "9"])
        told = [line for line in f"{done.out}\n{done.err}".splitlines() if line.startswith("=========")]
        found = [line.strip("= ") for line in told if line.strip("= ") and "COMPUTE-SANITIZER" not in line]
        summary = [line for line in found if "SUMMARY" in line]
        result = {
            "ok": done.code == 0 or (done.timed_out and not found),
            "code": done.code,
            "programs": len(done.lines()),
            "of": len(files) * len(products.split(",")),
            "gist": [*found[:1], *(line for line in summary if line not in found[:1])],
            "report": "\n".join(told)[:KEPT],
        }
        if done.code != 0 and not found:
            result["error"] = done.ending()
        return {**result, **({"timed_out": True} if done.timed_out else {})}

    return body


def pytorch(*what):
    """The peer: variants of the steps, and `kernels`."""

    def body(limit):
        done = run([sys.executable, HERE / "torch_times.py", f"{0.95 * limit:.1f}", *what], limit)
        lines, unreadable = done.objects()
        result = {
            "ok": (done.code == 0 or done.timed_out) and not unreadable,
            "times": [line for line in lines if "median" in line],
            "cannot": [line for line in lines if "error" in line],
            "left_out": [name for line in lines for name in line.get("left_out", [])],
        }
        if unreadable:
            result["unreadable"] = unreadable
        if done.err.strip():
            result["stderr"] = done.err.strip()[-2000:]
        if not result["ok"]:
            result["error"] = done.err.strip().splitlines()[-1] if done.err.strip() else done.ending()
        return {**result, **({"timed_out": True} if done.timed_out else {})}

    return body
