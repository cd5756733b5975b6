#!/usr/bin/env python3
"""Proves the CUDA kernels on the machine's GPU and times them: one command, no Node, no network, nine minutes.

  python3 tools/gpu-check/gpu_check.py [--out FOLDER] [--minutes 9] [--build FOLDER | --bench FILE]

Needs CMake, ninja or make, a C++ compiler, the CUDA toolkit and Python; PyTorch with CUDA, if it is there, is the peer. Builds kernel_bench (or takes --bench, a built
one), checks staging and repeatability on the device, runs every instruction of both workloads and every case of single kernels on the GPU against the CPU (float32, tf32,
bf16), times all of them with device events, then PyTorch on the same workloads and kernels; some programs run under compute-sanitizer, and what time is left is for
compiled PyTorch. Writes FOLDER/gpu-check.json and FOLDER/gpu-check.md after every part, and kernel-resources.txt, what the compiler says that kernels take. What is
measured when a part's time is over stays. Exit code: 0 all agree; 1 something
differs, a part failed or did not come to its end (of PyTorch and synccheck it need not); 4 no GPU, no toolkit or no build.
"""
import argparse
import json
import os
import pathlib
import signal
import shutil
import sys
import time
import traceback

sys.dont_write_bytecode = True  # nothing is left in the sources

import machine  # noqa: E402
import parts  # noqa: E402
from bench import NO_DEVICE  # noqa: E402
from peer import pytorch  # noqa: E402
from summary import table  # noqa: E402

MAY_BE_LATE = "sanitizer synccheck"
PEER = "pytorch"


class Check:
    def __init__(self, out, minutes):
        self.out = out
        self.deadline = time.monotonic() + 60 * minutes
        self.record = {"parts": {}}

    def save(self):
        """A disk that fills up, or a table that cannot be made of what was printed, ends nothing: the next part tries again."""
        try:
            write(self.out / "gpu-check.json", json.dumps(self.record, indent=1) + "\n")
            write(self.out / "gpu-check.md", table(self.record))
        except Exception as error:
            print(f"gpu-check: the record could not be written: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return False
        return True

    def keep(self, path):
        """A file that a part has made, beside the record."""
        try:
            shutil.copyfile(path, self.out / path.name)
        except OSError as error:
            print(f"gpu-check: {path.name} could not be kept: {error}", file=sys.stderr, flush=True)

    def part(self, name, body, share):
        """Runs one part in at most `share` of the time left. What fails is recorded, and the next part begins."""
        start = time.monotonic()
        limit = share * (self.deadline - start)
        print(f"{name} (at most {max(0, limit):.0f} s)", file=sys.stderr, flush=True)
        try:
            result = body(limit) if limit > 0 else {"ok": True, "timed_out": True}
        except Exception as error:  # a fault of ours must not cost what comes after
            what = str(error) if isinstance(error, (OSError, ValueError)) else f"{type(error).__name__}: {error}"
            result = {"ok": False, "error": what, "traceback": traceback.format_exc()[-parts.KEPT :]}
        state = "failed" if not result.pop("ok") else "late" if result.get("timed_out") else "ok"
        self.record["parts"][name] = {"state": state, "seconds": round(time.monotonic() - start, 1), **result}
        self.save()
        return self.record["parts"][name]

    def proves(self):
        states = {name: part["state"] for name, part in self.record["parts"].items() if not name.startswith(PEER)}
        return all(state == "ok" or (state == "late" and name == MAY_BE_LATE) for name, state in states.items())


def write(path, text):
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)


def plan(bench):
    """Parts in the order of their worth, each with the share of the time left that it may take."""
    yield "agreement", parts.agreement(bench), 0.35
    yield "times fields", parts.fields(bench), 0.1
    for products in ("tf32", "bf16", "float32"):
        yield f"times {products}", parts.times(bench, products), 0.2
    yield f"{PEER} eager", pytorch("channels-last", "kernels", "eager"), 0.3
    yield f"{PEER} graph", pytorch("graph", "graph-lstm"), 0.25
    yield "sanitizer memcheck", parts.sanitizer(bench, "memcheck", "float32,tf32", [*parts.TINY, parts.TALL]), 0.35
    yield "sanitizer racecheck", parts.sanitizer(bench, "racecheck", "tf32", parts.TINY), 0.35
    yield "sanitizer fields", parts.sanitizer(bench, "memcheck", "float32", parts.TINY_FIELDS, "fields"), 0.2
    yield MAY_BE_LATE, parts.sanitizer(bench, "synccheck", "bf16", parts.TINY), 0.35
    yield f"{PEER} compiled", pytorch("compiled-lstm", "compiled"), 1.0


def fail(message):
    print(f"gpu-check: {message}", file=sys.stderr)
    return 4


def main():
    parser = argparse.ArgumentParser(description="Proves and times the CUDA kernels on this machine's GPU.")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpu-check"))
    parser.add_argument("--build", type=pathlib.Path, help="default: a folder of the system's for temporary files")
    parser.add_argument("--bench", type=pathlib.Path, help="a built kernel_bench, instead of building one")
    parser.add_argument("--minutes", type=float, default=9)
    options = parser.parse_args()
    if options.bench and not options.bench.is_file():
        parser.error(f"--bench: expected a built kernel_bench but received {options.bench}, which is no file: leave it out to have one built")
    # Without this a signal would end us alone, and leave the command that runs.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        write(options.out / "gpu-check.probe", "")
        (options.out / "gpu-check.probe").unlink()
    except OSError as error:
        parser.error(f"--out: expected a folder that can be made and written to but the system says {error}: give another one")
    check = Check(options.out, options.minutes)
    gpu, why = machine.find_gpu()
    if gpu is None:
        return fail(f"DEVICE_CUDA_MISSING: {why}: run this on a machine that has a GPU")
    check.record |= {"gpu": gpu, "date": time.strftime("%Y-%m-%d"), "machine": machine.described()}
    folder, generator = (None, None) if options.bench else parts.build_folder(options.build)
    bench = options.bench.resolve() if options.bench else folder / "Release" / "kernel_bench"
    if options.bench is None and check.part("build", parts.build(folder, generator, machine.capability_of(gpu)), 0.45)["state"] != "ok":
        why = check.record["parts"]["build"]["error"]
        need = "install CMake, ninja or make, a C++ compiler and the CUDA toolkit, or pass --bench"
        return fail(f"GPU_CHECK_NOT_BUILT: expected a built kernel_bench but received {why}: {need}")
    check.keep(bench.with_name("kernel-resources.txt"))
    part = check.part("device", parts.device(bench), 0.15)
    if part.get("code") == NO_DEVICE:
        return fail(part.get("stderr") or "kernel_bench finds no device: expected exit code 0 but received 4: see nvidia-smi")
    for name, body, share in plan(bench):
        check.part(name, body, share)
    check.record["machine"]["gpu afterwards"] = machine.gpu_state()
    if check.save():
        print(table(check.record))
    else:
        print(json.dumps(check.record))
    return 0 if check.proves() else 1


if __name__ == "__main__":
    sys.exit(main())
