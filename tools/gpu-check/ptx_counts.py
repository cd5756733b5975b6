#!/usr/bin/env python3
"""
A table of what kernels ask of a GPU, from what `kernel_bench_ptx` has counted (RETROPLUME_PTX_COUNTS=FILE, packages/native/src/testing/ptx/counts.h).

    RETROPLUME_PTX_COUNTS=counts.tsv packages/native/build/Release/kernel_bench_ptx check PROGRAM --device cuda --products tf32
    python3 tools/gpu-check/ptx_counts.py counts.tsv [KERNEL]

Milliseconds are what each unit of an H100 (SXM) would take by itself at its peak: the schedulers (four instructions a cycle and multiprocessor), shared
memory (128 bytes), the second-level cache (32 bytes, if the first never hit), tensor cores. No cache, no latency, and PTX for the machine's own
instructions: limits to compare kernels by, not times. With KERNEL, a part of a name, the instructions of that kernel that ask for most.
"""
import collections
import csv
import shutil
import subprocess
import sys

PROCESSORS, HERTZ = 132, 1.83e9
CYCLES = PROCESSORS * HERTZ
L2_BYTES = 5.5e12
TENSOR_FLOPS = {"m16n8k8": 2 * 16 * 8 * 8, "m16n8k16": 2 * 16 * 8 * 16}
TENSOR_PEAK = {"m16n8k8": 495e12, "m16n8k16": 990e12}
NUMBERS = ("launches", "blocks", "executed", "lanes", "globalBytes", "sectors", "sharedBytes", "wavefronts")


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = [{**row, **{name: int(row[name]) for name in NUMBERS}} for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    names = sorted({row["kernel"] for row in rows})
    if shutil.which("c++filt"):
        plain = subprocess.run(["c++filt"], input="\n".join(names), text=True, capture_output=True, check=True).stdout.split("\n")
        shorter = [name.replace("retroplume::", "").replace("cuda::", "").replace("(anonymous namespace)::", "") for name in plain]
        known = dict(zip(names, shorter))
        for row in rows:
            row["kernel"] = known[row["kernel"]]
    return rows


def tensor_seconds(row):
    shape = next((shape for shape in TENSOR_FLOPS if f"mma.sync.aligned.{shape}." in row["text"]), None)
    return row["executed"] * TENSOR_FLOPS[shape] / TENSOR_PEAK[shape] if shape else 0.0


def ratio(units, size, asked):
    return f"{units * size / asked:.2f}" if asked else ""


def kernels(rows):
    totals = collections.defaultdict(lambda: collections.Counter())
    for row in rows:
        total = totals[row["kernel"]]
        total.update({name: row[name] for name in NUMBERS[2:]})
        total["tensor"] += tensor_seconds(row)
        total["launches"], total["blocks"] = row["launches"], row["blocks"]
    print("| kernel | launches | blocks | schedulers, ms | shared, ms | L2, ms | tensor, ms | lanes | sectors / least | passes / least |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    lines = []
    for name, total in totals.items():
        units = (total["executed"] / 4 / CYCLES, total["wavefronts"] / CYCLES, total["sectors"] * 32 / L2_BYTES, total["tensor"])
        lines.append((max(units), name, units, total))
    for _, name, units, total in sorted(lines, key=lambda line: -line[0]):
        times = " | ".join(f"{1e3 * unit:.3f}" for unit in units)
        lanes = f"{total['lanes'] / total['executed']:.1f}"
        least = f"{ratio(total['sectors'], 32, total['globalBytes'])} | {ratio(total['wavefronts'], 128, total['sharedBytes'])}"
        print(f"| {name.split('(')[0] if '<' not in name else name[:90]} | {total['launches']} | {total['blocks']} | {times} | {lanes} | {least} |")
    print(f"| all | | | {' | '.join(f'{1e3 * sum(line[2][i] for line in lines):.3f}' for i in range(4))} | | | |")


def instructions(rows, part):
    chosen = [row for row in rows if part in row["kernel"]]
    if not chosen:
        sys.exit(f"ptx_counts: expected a kernel with {part!r} in its name but there is none")
    print("| kernel | instruction | executed | lanes | sectors / least | passes / least | text |")
    print("|---|---|---|---|---|---|---|")
    for row in sorted(chosen, key=lambda row: -max(row["executed"] / 4, row["wavefronts"], row["sectors"] * 32 / L2_BYTES * CYCLES))[:40]:
        least = f"{ratio(row['sectors'], 32, row['globalBytes'])} | {ratio(row['wavefronts'], 128, row['sharedBytes'])}"
        print(f"| {row['kernel'][:60]} | {row['instruction']} | {row['executed']} | {row['lanes'] / row['executed']:.1f} | {least} | `{row['text'][:90]}` |")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    rows = read(sys.argv[1])
    kernels(rows) if len(sys.argv) == 2 else instructions(rows, sys.argv[2])


if __name__ == "__main__":
    main()
