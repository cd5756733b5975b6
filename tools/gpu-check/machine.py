"""The machine that a proof is made on: its GPU, where its tools lie, and what the record says of it."""
import glob
import os
import pathlib
import platform
import re
import shutil

from commands import run

CUDA = pathlib.Path("/usr/local/cuda/bin")
SMI_ELSEWHERE = "/usr/local/nvidia/bin/nvidia-smi"  # where containers are given the driver's programs
QUERY = ["--query-gpu=name,driver_version,compute_cap,memory.total", "--format=csv,noheader"]
STATE = ["--query-gpu=clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.limit,temperature.gpu,mig.mode.current,compute_mode", "--format=csv"]
PATIENCE = 60  # seconds that a driver may take to wake


def smi():
    return shutil.which("nvidia-smi") or (SMI_ELSEWHERE if os.path.exists(SMI_ELSEWHERE) else None)


def find_gpu():
    """
    Name, driver, compute capability and memory of the first GPU; None, and why, where nvidia-smi finds none. Where there is no nvidia-smi, or it does not
    answer, a text without a capability: kernel_bench will tell.
    """
    if smi() is None:
        return "a GPU that no nvidia-smi tells of", None
    done = run([smi(), *QUERY], PATIENCE)
    if done.timed_out:
        return f"a GPU of which nvidia-smi did not tell within {PATIENCE} s", None
    return (done.out.strip().splitlines()[0], None) if done.code == 0 and done.out.strip() else (None, f"nvidia-smi finds no GPU ({done.ending()})")


def capability_of(gpu):
    """90 of "NAME, DRIVER, 9.0, MEMORY"; None where it is not known."""
    found = re.fullmatch(r"(\d+)\.(\d+)", "".join(gpu.split(",")[2:3]).strip())
    return found[1] + found[2] if found else None


def compilers():
    """nvcc wherever it may lie, the toolkit's own first: what is on PATH may belong to another."""
    found = [CUDA / "nvcc", shutil.which("nvcc"), *sorted(glob.glob("/usr/local/cuda*/bin/nvcc"), reverse=True)]
    return [str(path) for path in found if path and os.path.exists(path)]


def nvcc():
    return next(iter(compilers()), None)


def sanitizer():
    """compute-sanitizer, which a toolkit has beside its programs or in a folder of its own, and other software of NVIDIA's anywhere."""
    toolkits = [*(str(pathlib.Path(path).resolve().parent.parent) for path in compilers()), "/usr/local/cuda*"]
    places = [f"{toolkit}/{folder}/compute-sanitizer" for toolkit in toolkits for folder in ("bin", "compute-sanitizer")]
    found = (path for place in [*places, "/opt/nvidia/**/compute-sanitizer"] for path in sorted(glob.glob(place, recursive=True)) if is_program(path))
    return shutil.which("compute-sanitizer") or next(found, None)


def is_program(path):
    return os.path.isfile(path) and os.access(path, os.X_OK)


def first_lines(command):
    """What a program says of itself; None where it is not there."""
    try:
        done = run(command, 20)
    except OSError:
        return None
    return [line for line in done.out.strip().splitlines() if line.strip()][:4] or done.ending()


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    return f"{found[1] if found else platform.processor()}, {os.cpu_count()} threads"


def gpu_state():
    """Clocks, limits and modes."""
    return first_lines([smi(), *STATE]) if smi() else None


def described():
    """What was measured with, for the record."""
    compiler = os.environ.get("CXX") or "c++"
    return {
        "processor": processor(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "gpu": gpu_state(),
        "nvcc": first_lines([nvcc(), "--version"]) if nvcc() else None,
        "compiler": first_lines([compiler, "--version"]),
        "cmake": first_lines(["cmake", "--version"]),
    }
