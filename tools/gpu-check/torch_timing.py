"""Seconds that a GPU takes for what PyTorch starts. Of a CPU, to try the scripts, seconds of the host."""
import statistics
import time

import torch

LONG, ROUNDS = 0.1, 15  # seconds and rounds that are measured at least
MOST, TOGETHER = 50, 1e-3  # runs in one graph, and seconds that they take together: as kernel_bench has them


def synchronized(gpu):
    if gpu:
        torch.cuda.synchronize()
    return time.perf_counter()


def timed(run, gpu):
    if not gpu:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / 1e3


def quantile(values, q):
    return values[int(q * (len(values) - 1) + 0.5)]


def measure(run, warm_up, gpu, runs=1):
    """
    Seconds of one run, of which `run` makes `runs`. The first, which compiles, is no part of the warm-up, which lasts `warm_up` seconds: until the clocks are up.

    On an idle GPU the events see the host start a single run, too.
    """
    run()
    start, rounds = synchronized(gpu), 0
    while rounds < 3 or synchronized(gpu) - start < warm_up:
        run()
        rounds += 1
    seconds = []
    while len(seconds) < ROUNDS or sum(seconds) < LONG:
        seconds.append(timed(run, gpu))
    each = sorted(taken / runs for taken in seconds)
    return {"median": statistics.median(each), "p10": quantile(each, 0.1), "p90": quantile(each, 0.9), "rounds": len(each), "how": "events" if gpu else "host"}


def captured(run, stream, runs):
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, stream=stream):
            for _ in range(runs):
                run()
    except Exception:
        torch.cuda.set_stream(torch.cuda.default_stream())  # where its end fails, too, the context leaves us on the other
        raise
    return graph


def measure_graph(run, warm_up, most=1):
    """
    Seconds of one run, of at most `most` in one CUDA graph, as kernel_bench times what it runs: the host's part does not count. `how` is `graph`; where it cannot
    be captured it is `events`, and `why` says what PyTorch says.
    """
    # On the stream that captures, or autograd would go over to the one that it saw first.
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
        stream.synchronize()
        once = timed(run, True) if most > 1 else TOGETHER
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    runs = max(1, min(most, int(TOGETHER / once)))
    try:
        graph = captured(run, stream, runs)
    except Exception as error:
        return {**measure(run, warm_up, True), "why": f"{type(error).__name__}: {error}"[:300]}
    return {**measure(graph.replay, warm_up, True, runs), "how": "graph", "runs": runs}
