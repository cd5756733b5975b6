"""kernel_bench on the GPU: programs one after another, and behind one that ends it."""
import time
from collections import Counter

from commands import run

KERNEL_FAILED = 3  # a kernel failed on the device, whose context is lost: kernel_bench ends and wants to be started again
NO_DEVICE = 4
FINAL = (2, NO_DEVICE)  # wrong usage, no device: no program is at fault
STARTS = 64  # each costs seconds: the time that a part has is the limit
ENVIRONMENT = {
    # Arrays of a gigabyte are made again and again: given back to the system each time, they would cost a page fault every 4 KB.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "1099511627776",
    # A kernel that is loaded when it is first launched may be so while a step is recorded, where compute-sanitizer would report what that does.
    "CUDA_MODULE_LOADING": "EAGER",
}


def once(bench, mode, files, products, limit, before=()):
    """One run over files. `before`: a command that runs kernel_bench."""
    return run([*before, bench, mode, *files, "--device", "cuda", "--products", products], limit, ENVIRONMENT)


def sweep(bench, mode, files, products, limit):
    """
    All files within `limit` seconds, in at most 64 runs: one that ends early is followed by one over the files behind the program that it ended at.

    Returns the lines of all runs as `programs`, what is wrong as `failed`, and the programs with fewer lines than products as `missing`.
    """
    deadline = time.monotonic() + limit
    each, left, starts, programs, seen, failed, unreadable = len(products.split(",")), list(files), 0, [], Counter(), [], []
    while left and starts < STARTS:
        done = once(bench, mode, left, products, max(0.1, deadline - time.monotonic()))
        starts += 1
        read, broken = done.objects()
        programs, unreadable = programs + read, unreadable + broken
        seen.update(done.programs())
        at = stopped_at(done, left, each)
        failed += [{"program": line["program"], "products": line.get("products"), "error": line.get("failed")} for line in read if not line.get("ok", True)]
        if done.timed_out or done.code in FINAL:
            break
        told = done.code == KERNEL_FAILED and failed and failed[-1]["program"] == left[at].name
        if at < len(left) and not told:
            failed.append({"program": left[at].name, "error": done.ending()})
        left = left[at + 1 :]
    missing = [file.name for file in files if seen[file.name] < each]
    ok = not failed and not unreadable and (done.timed_out or (done.code == 0 and not missing))
    result = {"ok": ok, "code": done.code, "starts": starts, "of": len(files), "failed": failed, "missing": missing, "programs": programs}
    if unreadable:
        result["unreadable"] = unreadable
    if done.err.strip():
        result["stderr"] = done.err.strip()[-2000:]
    return {**result, **({"timed_out": True} if done.timed_out else {})}


def stopped_at(done, files, each):
    """Index of the program that a run ended at; the number of files if it came to its end."""
    names = [file.name for file in files]
    printed = [name for name in done.programs() if name in names]
    if not printed:
        return 0
    last = names.index(printed[-1])
    # After a failed kernel the products behind it are not tried, so that the count says nothing.
    return last if done.code == KERNEL_FAILED or printed.count(printed[-1]) < each else last + 1
