/** Python programs that stand for those that gpu_check.py runs. */

/** A kernel_bench that agrees on everything and logs how it was called. A test puts its own lines where a program's line would be printed. */
export const bench = (beforeLine = ''): string => `
import json, os, subprocess, sys, time
mode, words = sys.argv[1], sys.argv[2:]
files = [os.path.basename(word) for word in words if word.endswith(".txt") or word.startswith(("windows-", "tracers-"))]
products = words[words.index("--products") + 1].split(",")
here = os.path.dirname(os.path.abspath(__file__))
sanitized = os.environ.get("SANITIZED", "")
with open(here + "/calls", "a") as calls:
    calls.write(json.dumps({"mode": mode, "products": products, "files": files, "sanitized": sanitized}) + "\\n")
for file in files:
    for product in products:
${beforeLine.replace(/^/gm, '        ')}
        line = {"program": file, "products": product, "ok": True}
        if mode in ("time", "fields"):
            line = {"program": file, "products": product, "step": {"median": 2e-3, "p10": 1e-3, "p90": 3e-3}}
        print(json.dumps(line), flush=True)
`;

/** nvidia-smi of a machine with one. */
export const gpu = 'print("NVIDIA Imagined, 570.0, 9.0, 81559 MiB")';

/** Says what a sanitizer says, runs what it is given, and ends with its own code if it found anything. */
export const sanitizer = (finding = ''): string => `
import os, subprocess, sys
tool = sys.argv[sys.argv.index("--tool") + 1]
print("========= COMPUTE-SANITIZER", flush=True)
code = subprocess.run(sys.argv[5:], env={**os.environ, "SANITIZED": tool}).returncode
finding = ${JSON.stringify(finding)}
if finding and tool == "memcheck":
    print("========= " + finding)
    print("=========     at conv2d_kernel+0x40\\n" + "========= more\\n" * 2000)
print("========= ERROR SUMMARY: " + ("1 error" if finding else "0 errors"))
sys.exit(9 if finding and tool == "memcheck" else code)
`;

/** Stands for the module `torch`. */
export const noTorch = `raise ModuleNotFoundError("No module named 'torch'")`;

/** Leaves notes of the compiler if asked to; `end` is what it does last of a build. */
export const cmake = (end: string): string => `
import os, pathlib, shutil, sys
if "--build" in sys.argv:
    folder = pathlib.Path(sys.argv[sys.argv.index("--build") + 1])
    (folder / "Release").mkdir(parents=True)
    if os.environ.get("RETROPLUME_COMPILE_NOTES"):
        (folder / "conv2d_cuda.cu.o.notes").write_text("conv2d_kernel spills 8 bytes\\n")
    ${end}`;
