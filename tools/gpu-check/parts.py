"""What gpu_check.py does, part by part. Each takes the seconds that it may use and returns what goes into the record: `ok` if nothing is wrong in what was done."""
import hashlib
import os
import pathlib
import re
import shutil
import tempfile
import time

import machine
from bench import once, sweep
from commands import run

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = HERE / "programs"
PRODUCTS = ("float32", "tf32", "bf16")
STEPS = [PROGRAMS / f"{workload}-{step}.txt" for workload in ("compact", "authors") for step in ("train", "invert", "infer")] + sorted(PROGRAMS.glob("surrogate-*.txt"))
TINY = sorted(PROGRAMS.glob("tiny-*.txt"))
KERNELS = sorted(PROGRAMS.glob("op-*.txt"))
# The batch that training is stated for, where the step above has another; the longest of all.
LARGE = [PROGRAMS / "authors-train-batch-8.txt"]
# The tallest tile takes 67 584 pixels or more, which no tiny program has.
TALL = PROGRAMS / "op-compact-conv3x3-2x184x232-32-32.txt"
# Sets that kernel_bench knows by name, of fields in the GPU's memory: the windows of a batch of training, and tracers.
TINY_FIELDS = [pathlib.Path(f"{what}-tiny") for what in ("windows", "tracers")]
FIELDS = [*TINY_FIELDS, *(pathlib.Path(name) for name in ("windows-surrogate", "windows-authors", "tracers-surrogate"))]
KEPT = 6000  # characters of a report


def build_folder(given):
    """
    Where to build: the folder that was given, or one of the system's for temporary files that this checkout alone uses. What has been built there with another
    generator or of another checkout CMake would refuse, so that then it is a folder in it.
    """
    generator = "Ninja" if shutil.which("ninja") else "Unix Makefiles"
    own = hashlib.sha256(f"{ROOT} {generator}".encode()).hexdigest()[:8]
    folder = given or pathlib.Path(tempfile.gettempdir()) / f"retroplume-gpu-check-{own}"
    cache = folder / "CMakeCache.txt"
    if not cache.is_file():
        return folder, generator
    made = dict(re.findall(r"^(CMAKE_GENERATOR|CMAKE_HOME_DIRECTORY):INTERNAL=(.*)$", cache.read_text(errors="replace"), re.MULTILINE))
    fits = made == {"CMAKE_GENERATOR": generator, "CMAKE_HOME_DIRECTORY": str(ROOT / "packages/native")}
    return folder if fits else folder / f"gpu-check-{own}", generator


def build(folder, generator, capability):
    """
    kernel_bench for this GPU alone; of every architecture where `capability` is None. Another toolkit may warn or spill where ours does not: compile.sh makes notes
    of that here, and the proof goes on.
    """

    def body(limit):
        deadline = time.monotonic() + limit
        configure = ["cmake", "-G", generator, "-S", ROOT / "packages/native", "-B", folder]
        if capability:
            configure.append(f"-DRETROPLUME_GPUS={capability}")
        if machine.nvcc():
            configure.append(f"-DCMAKE_CUDA_COMPILER={machine.nvcc()}")
        for command in (configure, ["cmake", "--build", folder, "--target", "kernel_bench", "--parallel", os.cpu_count()]):
            done = run(command, max(0.1, deadline - time.monotonic()), {"RETROPLUME_COMPILE_NOTES": "1"})
            if done.timed_out or done.code != 0:
                break
        notes = "".join(path.read_text(errors="replace") for path in sorted(folder.rglob("*.notes")))
        result = {"ok": done.code == 0, "architecture": f"sm_{capability}" if capability else "all", "generator": generator, "notes": notes[:KEPT]}
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
    return lambda limit: sweep(bench, "time", STEPS + KERNELS + (LARGE if products == "tf32" else []), products, limit)


def sanitizer(bench, tool, products, files, mode="check"):
    def body(limit):
        command = machine.sanitizer()
        if command is None:
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
