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
    calls.write(json.dumps({"mode": mode, "products": products, "files": files, "sanitized": sanitized, "keeps": os.environ.get("MALLOC_MMAP_MAX_")}) + "\\n")
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

/** Leaves notes of the compiler if asked to, and its words in `cmake.log`; `end` is what it does last of a build. */
export const cmake = (end: string): string => `
import json, os, pathlib, shutil, sys
if "--version" in sys.argv:
    sys.exit(print("cmake version 3.99"))
with open(os.path.dirname(os.path.abspath(__file__)) + "/cmake.log", "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
if "--build" in sys.argv:
    folder = pathlib.Path(sys.argv[sys.argv.index("--build") + 1])
    (folder / "Release").mkdir(parents=True)
    if os.environ.get("RETROPLUME_COMPILE_NOTES"):
        (folder / "conv2d_cuda.cu.o.notes").write_text("conv2d_kernel spills 8 bytes\\n")
    ${end}`;

/** Stands for the module `torch`, whose script it ends: it tells of three jobs, does from the first that is not skipped on what `does` says of each. */
export const torchOf = (...does: string[]): string => `
import json, os, sys
at = int(sys.argv[sys.argv.index("--skip") + 1])
print(json.dumps({"torch": "2.99", "jobs": ["a tf32 graph", "b tf32 graph", "c tf32 graph"]}), flush=True)
def tell(name, **what):
    print(json.dumps({"name": name, "products": "tf32", "variant": "graph", **what}), flush=True)
def times(name):
    tell(name, median=4e-3, p10=3e-3, p90=5e-3)
def job0():
    ${does[0]}
def job1():
    ${does[1]}
def job2():
    ${does[2]}
for job in (job0, job1, job2)[at:]:
    job()
os._exit(0)`;

/**
 * Stands for the module `torch`: a GPU that takes 5 µs for what `torch.launch` starts, and a host that takes 20 to start it, or 10 to start a graph of
 * them. `refuses`: what the end of a capture raises.
 */
export const virtualTorch = (refuses = ''): string => `
import contextlib, types
host, busy, graph_of = 0.0, 0.0, None

def launch():
    global host, busy
    if graph_of is not None:
        graph_of.kernels += 1
        return
    host += 20e-6
    busy = max(busy, host) + 5e-6

class Event:
    def __init__(self, enable_timing):
        pass
    def record(self):
        self.at = max(host, busy)
    def synchronize(self):
        cuda.synchronize()
    def elapsed_time(self, end):
        return 1e3 * (end.at - self.at)

class CUDAGraph:
    kernels = 0
    def replay(self):
        global host, busy
        host += 10e-6
        busy = max(busy, host) + 5e-6 * self.kernels

class Stream:
    def wait_stream(self, other):
        pass
    def synchronize(self):
        cuda.synchronize()

@contextlib.contextmanager
def stream(of):
    before = cuda.current
    cuda.current = of
    yield
    cuda.current = before

@contextlib.contextmanager
def graph(of, stream):
    global graph_of
    cuda.current, graph_of = stream, of
    yield
    graph_of = None
    ${refuses}
    cuda.current = cuda.default

def synchronize():
    global host
    host = max(host, busy)

def set_stream(of):
    cuda.current = of

cuda = types.SimpleNamespace(Event=Event, CUDAGraph=CUDAGraph, Stream=Stream, stream=stream, graph=graph, synchronize=synchronize, set_stream=set_stream)
cuda.default = cuda.current = Stream()
cuda.current_stream, cuda.default_stream = lambda: cuda.current, lambda: cuda.default
`;
