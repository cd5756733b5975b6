#!/usr/bin/env python3
"""Proves the CUDA kernels on the machine's GPU and times them: one command, no Node, no network, nine minutes.

  python3 tools/gpu-check/gpu_check.py [--out FOLDER] [--minutes 9] [--build FOLDER]

Needs CMake, a C++ compiler, the CUDA toolkit and Python; PyTorch with CUDA, if it is there, is the peer. Builds kernel_bench, runs every instruction of both
workloads and every case of single kernels on the GPU against the CPU (float32, tf32, bf16), the small ones under compute-sanitizer, times all of them with device
events, then PyTorch on the same workloads and kernels. Writes FOLDER/gpu-check.json after every part and FOLDER/gpu-check.md at the end. Exit code: 0 all agree;
1 something differs or a part failed; 4 no GPU or no toolkit.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = HERE / "programs"
PRODUCTS = ("float32", "tf32", "bf16")


class Check:
    def __init__(self, out, minutes, build):
        self.out, self.build = out, build
        self.deadline = time.monotonic() + 60 * minutes
        self.record = {"parts": {}}

    def left(self):
        return max(1.0, self.deadline - time.monotonic())

    def save(self):
        (self.out / "gpu-check.json").write_text(json.dumps(self.record, indent=1) + "\n")

    def part(self, name, body, share=1.0):
        """Runs one part in at most `share` of the time left. What fails is recorded, and the next part begins."""
        start, limit = time.monotonic(), share * self.left()
        print(f"{name} (at most {limit:.0f} s)", file=sys.stderr, flush=True)
        try:
            result = body(limit)
            ok = result.pop("ok", True)
        except subprocess.TimeoutExpired:
            result, ok = {"error": f"took longer than {limit:.0f} s"}, False
        except (OSError, subprocess.CalledProcessError, ValueError) as error:
            result, ok = {"error": f"{error} {(getattr(error, 'stderr', None) or '')[-2000:]}"}, False
        self.record["parts"][name] = {"ok": ok, "seconds": round(time.monotonic() - start, 1), **result}
        self.save()
        return ok

    def bench(self, arguments, limit, before=()):
        """Lines of JSON that kernel_bench prints."""
        command = [*before, str(self.build / "Release" / "kernel_bench"), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return done, lines


def gpu_name():
    if shutil.which("nvidia-smi") is None:
        return None
    query = ["nvidia-smi", "--query-gpu=name,driver_version,compute_cap,memory.total", "--format=csv,noheader"]
    done = subprocess.run(query, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else None


def build(check):
    def body(limit):
        capability = check.record["gpu"].split(",")[2].strip().replace(".", "")
        configure = ["cmake", "-S", ROOT / "packages/native", "-B", check.build, f"-DRETROPLUME_GPUS={capability}"]
        if os.path.exists("/usr/local/cuda/bin/nvcc"):
            configure.append("-DCMAKE_CUDA_COMPILER=/usr/local/cuda/bin/nvcc")
        for command in (configure, ["cmake", "--build", check.build, "--target", "kernel_bench", "--parallel", str(os.cpu_count())]):
            subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=limit)
        return {"architecture": f"sm_{capability}"}

    return body


def files(pattern):
    return sorted(PROGRAMS.glob(pattern))


def agree(check, products):
    def body(limit):
        chosen = files("tiny-*.txt") + files("op-*.txt") + [PROGRAMS / f"{w}-{s}.txt" for w in ("compact", "authors") for s in ("train", "invert", "infer")]
        done, lines = check.bench(["check", *chosen, "--device", "cuda", "--products", products], limit)
        return {"ok": done.returncode == 0 and len(lines) == len(chosen), "programs": lines, "error": done.stderr[-2000:]}

    return body


def sanitize(check, tool):
    def body(limit):
        sanitizer = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
        if not os.path.exists(sanitizer):
            return {"ok": False, "error": "compute-sanitizer is not there"}
        before = [sanitizer, "--tool", tool, "--error-exitcode", "9"]
        done, lines = check.bench(["check", *files("tiny-*.txt"), "--device", "cuda"], limit, before)
        return {"ok": done.returncode == 0, "programs": len(lines), "summary": (done.stdout + done.stderr).strip().splitlines()[-1:]}

    return body


def times(check, products):
    def body(limit):
        steps = [PROGRAMS / f"{w}-{s}.txt" for w in ("compact", "authors") for s in ("train", "invert", "infer")]
        chosen = steps + files("*-train-batch-8.txt") + files("op-*.txt")
        done, lines = check.bench(["time", *chosen, "--device", "cuda", "--products", products], limit)
        return {"ok": done.returncode == 0 and len(lines) == len(chosen), "programs": lines, "error": done.stderr[-2000:]}

    return body


def peer(check):
    def body(limit):
        done = subprocess.run([sys.executable, str(HERE / "torch_times.py"), str(limit - 5)], capture_output=True, text=True, timeout=limit)
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return {"ok": done.returncode == 0, "times": lines, "error": done.stderr[-2000:]}

    return body


def milliseconds(timing):
    return f"{1e3 * timing['median']:.3g} ({1e3 * timing['p10']:.3g}–{1e3 * timing['p90']:.3g})"


def table(record):
    """The steps of both workloads: ours, and PyTorch's best with the same products."""
    ours = {(p["program"].removesuffix(".txt"), p["products"]): p["step"] for n, part in record["parts"].items() if n.startswith("times") for p in part.get("programs", [])}
    theirs = {}
    for each in record["parts"].get("pytorch", {}).get("times", []):
        key = (each["name"], each["products"])
        if key not in theirs or each["median"] < theirs[key]["median"]:
            theirs[key] = each
    lines = [f"{record['gpu']}, {record['date']}", "", "| step | products | ours, ms | best PyTorch, ms | variant | ratio |", "|---|---|---|---|---|---|"]
    for (name, products), timing in sorted(ours.items()):
        best = theirs.get((name, products))
        if name.startswith("op-"):
            continue
        end = f"{milliseconds(best)} | {best['variant']} | {best['median'] / timing['median']:.2f}" if best else "– | – | –"
        lines.append(f"| {name} | {products} | {milliseconds(timing)} | {end} |")
    lines += ["", "| part | result | seconds |", "|---|---|---|"]
    lines += [f"| {name} | {'agrees' if part['ok'] else 'FAILED: ' + str(part.get('error', ''))[:200]} | {part['seconds']} |" for name, part in record["parts"].items()]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Proves and times the CUDA kernels on this machine's GPU.")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("gpu-check"))
    parser.add_argument("--build", type=pathlib.Path, help="default: a folder of the system's for temporary files")
    parser.add_argument("--minutes", type=float, default=9)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    check = Check(options.out, options.minutes, options.build or pathlib.Path(tempfile.gettempdir()) / "retroplume-gpu-check")
    check.record |= {"gpu": gpu_name(), "date": time.strftime("%Y-%m-%d")}
    if check.record["gpu"] is None:
        print("gpu-check: DEVICE_CUDA_MISSING: nvidia-smi finds no GPU: run this on a machine that has one", file=sys.stderr)
        return 4
    if not check.part("build", build(check), 0.45):
        print(f"gpu-check: {check.record['parts']['build']['error']}", file=sys.stderr)
        return 4
    ok = [check.part(f"agreement {products}", agree(check, products), 0.3) for products in PRODUCTS]
    ok += [check.part(f"times {products}", times(check, products), 0.3) for products in PRODUCTS]
    ok += [check.part(f"sanitizer {tool}", sanitize(check, tool), 0.3) for tool in ("memcheck", "racecheck", "synccheck")]
    check.part("pytorch", peer(check), 0.95)
    text = table(check.record)
    (options.out / "gpu-check.md").write_text(text)
    print(text)
    return 0 if all(ok) else 1


if __name__ == "__main__":
    sys.exit(main())
