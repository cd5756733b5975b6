"""PyTorch, the peer: torch_times.py, and behind a job that ends it."""
import pathlib
import sys
import time

from bench import STARTS
from commands import run

HERE = pathlib.Path(__file__).resolve().parent
CONTEXT_LOST = 3  # as torch_times.py has it


def pytorch(*what):
    """Variants of the steps, and `kernels`: their times, what PyTorch cannot do, and what was left out for want of time."""

    def body(limit):
        deadline = time.monotonic() + limit
        about, told, unreadable, stderr, starts = {}, [], [], "", 0
        while starts < STARTS:
            left = max(0.1, deadline - time.monotonic())
            done = run([sys.executable, HERE / "torch_times.py", f"{0.95 * left:.1f}", *what, "--skip", len(told)], left)
            starts += 1
            lines, broken = done.objects()
            begun = next((line for line in lines if "jobs" in line), None)
            about = begun or about
            results = [line for line in lines if "median" in line or "error" in line]
            told += results
            unreadable, stderr = unreadable + broken, done.err.strip() or stderr
            left_out = about.get("jobs", [])[len(told) :]
            ended = done.code == 0 or (begun and not left_out)
            if ended or done.timed_out or not begun:
                break
            if done.code != CONTEXT_LOST or not results or "error" not in results[-1]:  # it had no time to say what ended it
                told.append({"name": left_out[0], "error": done.ending()})
        result = {
            "ok": bool(ended or done.timed_out) and not unreadable,
            "about": {key: value for key, value in about.items() if key != "jobs"},
            "starts": starts,
            "times": [line for line in told if "median" in line],
            "cannot": [line for line in told if "error" in line],
            "left_out": about.get("jobs", [])[len(told) :],
        }
        if unreadable:
            result["unreadable"] = unreadable
        if stderr:
            result["stderr"] = stderr[-2000:]
        if not result["ok"]:
            result["error"] = stderr.splitlines()[-1] if stderr else done.ending()
        return {**result, **({"timed_out": True} if done.timed_out else {})}

    return body
