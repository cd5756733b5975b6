"""The PyTorch peer of `retroplume bench`: a process that is spoken to in lines of JSON on stdin and answers in lines of JSON on stdout.

  python main.py THREADS     answers at once what this PyTorch is
  {"op": case, "folder": F}                        reads the case's arrays
  {"step": name, "workload": …, "shapes": {"weights": …, "inputs": …}, "learningRate": r, "variants": [names], "folder": F}
                                                   builds and warms up the step's variants
  {"results": [names], "variant": v}               writes arrays to F as NAME.peer.bin, in Retroplume's layout
  {"run": variant or null}                         runs once, answers {"seconds": …}: a number of a step; of an op, one a variant and kernel
  {"peak": true}                                   the process's peak resident memory so far, in bytes
"""
import json
import os
import resource
import sys
import time

import numpy as np
import torch
from ops import KINDS
from steps import STEPS, VARIANTS, read_arrays


def vector_isa():
    """The instruction set that torch.compile's C++ uses: None where its check fails, as it does without libsleef, and code would be scalar."""
    try:
        from torch._inductor.cpu_vec_isa import pick_vec_isa

        isa = pick_vec_isa()
        return str(isa) if isa else None
    except Exception as error:  # no compiler, a missing module: torch.compile does not work here
        print(f"torch.compile is not used: {error}", file=sys.stderr)
        return None


def gemm_gflops(size=768):
    """Speed of a matrix product: a reference BLAS shows here."""
    a, b = torch.rand(size, size), torch.rand(size, size)
    best = min(timed_product(a, b) for _ in range(8))
    return 2 * size**3 / best / 1e9


def timed_product(a, b):
    start = time.perf_counter()
    torch.mm(a, b)
    return time.perf_counter() - start


class Peer:
    def __init__(self, compiles):
        self.compiles = compiles
        self.folder, self.op, self.variants = None, None, {}

    def handle(self, message):
        if "op" in message:
            return self.prepare_op(message)
        if "step" in message:
            return self.prepare_step(message)
        if "results" in message:
            return self.write(message)
        if "run" in message:
            return {"seconds": self.run_op() if self.op else self.variants[message["run"]].timed()}
        return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}

    def prepare_op(self, message):
        self.folder, self.variants = message["folder"], {}
        self.op = KINDS[message["op"]["kind"]](message["op"], self.folder)
        return {"ready": True}

    def run_op(self):
        seconds = {}
        for name, run in self.op.variants(self.compiles).items():
            run(seconds.setdefault(name, {}))
        return seconds

    def prepare_step(self, message):
        self.folder, self.op, self.variants = message["folder"], None, {}
        weights, inputs = (read_arrays(self.folder, message["shapes"][kind]) for kind in ("weights", "inputs"))
        for name in message["variants"]:
            step = STEPS[message["step"]](message["workload"], weights, inputs, message["learningRate"], **VARIANTS[name])
            step.timed()  # compiles
            self.variants[name] = step
        return {"ready": True}

    def write(self, message):
        names = message["results"]
        if self.op:
            results = self.op.results()
        else:
            results = self.variants[message["variant"]].results([n.removeprefix("grad ") for n in names if n.startswith("grad ")])
        for name in names:
            results[name].detach().contiguous().numpy().astype(np.float32).tofile(os.path.join(self.folder, name + ".peer.bin"))
        return {"written": True}


def answer(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(1)
    compiler = vector_isa() if os.environ.get("RETROPLUME_PEER_COMPILES") else None
    answer({"version": torch.__version__, "oneDnn": torch.backends.mkldnn.is_available(), "gemmGflops": gemm_gflops(), "compiles": compiler})
    peer = Peer(compiler is not None)
    for line in sys.stdin:
        try:
            answer(peer.handle(json.loads(line)))
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})


main()
