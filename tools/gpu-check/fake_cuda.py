"""Fake tensors on "cuda" where no GPU is and PyTorch is built for CPUs: `load` before PyTorch is imported, then everything inside `tensors()`."""
import contextlib
import ctypes
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import types

HERE = pathlib.Path(__file__).resolve().parent
H100 = types.SimpleNamespace(
    name="H100", major=9, minor=0, multi_processor_count=132, total_memory=80 << 30, warp_size=32, max_threads_per_multi_processor=2048,
    regs_per_multiprocessor=65536, gcnArchName="", shared_memory_per_block_optin=232448, shared_memory_per_multiprocessor=233472, L2_cache_size=50 << 20,
)  # fmt: skip


def load():
    """PyTorch asks for its hooks once, as it is imported: the device must be there before."""
    found = importlib.util.find_spec("torch")
    if found is None:
        sys.exit("torch_limits: expected PyTorch but this Python has none: install it, built for CPUs")
    folder = pathlib.Path(found.origin).parent
    if list((folder / "lib").glob("libtorch_cuda*")):
        sys.exit(f"torch_limits: expected a PyTorch built for CPUs but {folder} is built for CUDA")
    for name in (*sorted(file.name for file in (folder / "lib").glob("libgomp*")), "libc10.so", "libtorch_cpu.so"):
        ctypes.CDLL(str(folder / "lib" / name), mode=ctypes.RTLD_GLOBAL)
    with tempfile.TemporaryDirectory() as temporary:
        library = f"{temporary}/fake_cuda.so"
        flags = ["-std=c++20", "-O0", "-shared", "-fPIC", f"-I{folder}/include", f"-L{folder}/lib"]
        try:
            subprocess.run(["c++", *flags, str(HERE / "fake_cuda.cc"), "-o", library, "-lc10", "-ltorch_cpu"], check=True, capture_output=True, text=True)
        except FileNotFoundError:
            sys.exit("torch_limits: expected a C++ compiler but there is no c++: install one")
        except subprocess.CalledProcessError as error:
            sys.exit(f"torch_limits: fake_cuda.cc was not compiled for this PyTorch:\n{error.stderr[-2000:]}")
        ctypes.CDLL(library)


def pretend():
    """What PyTorch's compiler asks of the device and of Triton before it fuses: an H100. Nothing is generated, Triton is not needed."""
    import torch
    import torch._inductor.config
    import torch._inductor.scheduler
    from torch._subclasses.fake_tensor import FakeTensorMode

    FakeTensorMode.avoid_device_init = property(lambda _: True)
    cuda = torch.cuda
    cuda._lazy_init = lambda: None
    cuda._get_device_properties = lambda _: H100
    cuda._get_device_index = lambda *_, **__: 0
    cuda._exchange_device = lambda _: 0
    cuda._maybe_exchange_device = lambda _: 0  # a function of its own: dynamo has a table by these
    cuda.current_device, cuda.device_count = lambda: 0, lambda: 1
    cuda.is_available = cuda.is_initialized = lambda: True
    cuda.get_device_capability = lambda _=None: (H100.major, H100.minor)
    cuda.get_rng_state, cuda.set_rng_state = lambda *_: torch.zeros(1, dtype=torch.uint8), lambda *_: None
    torch._inductor.scheduler.has_triton = lambda: True
    torch._inductor.config.joint_graph_constant_folding = False  # computes constants on the device


@contextlib.contextmanager
def tensors():
    """Fake tensors, with convolutions in the layout that cuDNN's have: channels last where the input or the filters are."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    def layout(x, weight, *_):
        last = any(each.is_contiguous(memory_format=torch.channels_last) for each in (x, weight))
        return torch.channels_last if last else torch.contiguous_format

    before = torch._C._conv_determine_backend_memory_format
    torch._C._conv_determine_backend_memory_format = layout
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            yield
    finally:
        torch._C._conv_determine_backend_memory_format = before
