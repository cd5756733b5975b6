"""
What the kernels that PyTorch launches must read, write and multiply: the rules by which kernel_bench's roofline counts ours.

A call of ATen that computes is a kernel: the bytes of the tensors that it reads and writes, each once, what broadcasting repeats not at all; views are
free. Convolutions and products of matrices have operations, too; a kernel takes the longer of both. A call is several kernels where PyTorch's sources say so:
a convolution adds its bias by a second one (Convolution.cpp, ConvBackend::Cudnn) and brings an operand that is not channels last there first; its gradients
are three (data, filters, bias); padding, and the gradient of a slice, fill the whole and then copy the part.
"""
import dataclasses
import math

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

TFLOPS, TBYTES = 495.0, 3.0
"""An H100 (SXM): TF32 without sparsity; memory as copies reach it. As kernel_bench has them."""

aten = torch.ops.aten
FREE = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "detach", "alias", "_unsafe_view", "view", "reshape", "lift_fresh"}
FILLS = {"zeros", "zeros_like", "new_zeros", "ones", "ones_like", "full", "full_like", "new_full", "scalar_tensor", "zero_", "fill_"}
PRODUCTS = {"mm", "addmm", "bmm"}


@dataclasses.dataclass
class Kernel:
    name: str
    bytes: float
    flops: float = 0.0

    @property
    def seconds(self):
        return max(self.flops / (1e12 * TFLOPS), self.bytes / (1e12 * TBYTES))


def size_of(*tensors):
    """Bytes of what the tensors hold, a repeated element (stride 0) once."""
    held = 0
    for each in tensors:
        if each is not None:
            held += math.prod(size for size, stride in zip(each.shape, each.stride()) if stride != 0) * each.element_size()
    return held


def flops_of(func, args, out, **changed):
    return flop_registry[func._overloadpacket](*args, **changed, out_val=out)


def flat(values):
    """The tensors among arguments, those in lists, too."""
    for each in values:
        if isinstance(each, torch.Tensor):
            yield each
        elif isinstance(each, (list, tuple)):
            yield from flat(each)


def place(tensor):
    return (tensor.untyped_storage()._cdata, tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride()))


def once(tensors):
    return list({place(each): each for each in tensors}.values())


def channels_last(*operands):
    """Copies of those that are not: cuDNN's wrappers make them."""
    return [Kernel("to channels last", 2 * size_of(each)) for each in operands if not each.is_contiguous(memory_format=torch.channels_last)]


def convolution(args, out, func=aten.convolution.default):
    x, weight, bias = args[:3]
    kernels = [*channels_last(x), Kernel("convolution", size_of(x, weight, out), flops_of(func, args, out))]
    return kernels if bias is None else [*kernels, Kernel("convolution: bias", 2 * size_of(out) + size_of(bias))]


def convolution_backward(args, outs, func=aten.convolution_backward.default):
    gradient, x, weight, mask = *args[:3], args[10]
    parts = (("convolution: gradient of the input", (gradient, weight)), ("convolution: gradient of the filters", (gradient, x)))
    kernels = channels_last(gradient) + (channels_last(x) if mask[1] else [])
    for i, (name, read) in enumerate(parts):
        if mask[i]:
            only = [j == i for j in range(3)]
            flops = flops_of(func, (*args[:10], only), [out if wanted else None for out, wanted in zip(outs, only)])
            kernels.append(Kernel(name, size_of(*read, outs[i]), flops))
    return [*kernels, Kernel("convolution: gradient of the bias", size_of(gradient, outs[2]))] if mask[2] else kernels


def padding(args, out):
    x, pads = args[:2]
    if max(pads) <= 0:
        return [Kernel("padding", 2 * size_of(out))]
    return [Kernel("padding", size_of(out)), Kernel("padding", 2 * size_of(x))]


def part_backward(args, out):
    """The gradient of a slice or of an index."""
    return [Kernel("gradient of a part", size_of(out)), Kernel("gradient of a part", 2 * size_of(args[0]))]


def pool_backward(args, out):
    return [Kernel("max_pool2d: gradient", size_of(args[0], args[7], out))]  # of the input, the second argument, only the shape is looked at


def adam(args, _):
    parameters, gradients, means, squares = args[:4]
    return [Kernel("adam", sum(2 * size_of(*each) for each in (parameters, means, squares)) + size_of(*gradients))]


SPECIAL = {
    "convolution": convolution,
    "convolution_backward": convolution_backward,
    "constant_pad_nd": padding,
    "slice_backward": part_backward,
    "select_backward": part_backward,
    "max_pool2d_with_indices_backward": pool_backward,
    "_fused_adam_": adam,
}


def written_arguments(func, args):
    return [arg for arg, declared in zip(args, func._schema.arguments) if declared.alias_info is not None and declared.alias_info.is_write]


def kernels_of(func, args, kwargs, out):
    """The kernels of one call of ATen."""
    name = func._schema.name.split("::")[1]
    if not func._schema.name.startswith("aten::") or name in FREE or func.is_view:
        return []
    outs = out if isinstance(out, (list, tuple)) else [out]
    if name in SPECIAL:
        return SPECIAL[name](args, outs if name == "convolution_backward" else out)
    changed = once(flat(written_arguments(func, args)))
    read = [] if name in FILLS else once([*flat(args[1:] if name == "copy_" else args), *flat(kwargs.values())])
    made = [each for each in once(flat(outs)) if place(each) not in map(place, changed)]
    flops = flops_of(func, args, out) if name in PRODUCTS else 0.0
    moved = size_of(*read, *changed, *made)
    return [Kernel(name, moved, flops)] if moved else []


class Counter(TorchDispatchMode):
    """Collects the kernels of all calls of ATen inside. For the test against PyTorch's profiler: `seen(name)`, a context, is around each; `silent`: names of those without."""

    def __init__(self, seen=None):
        super().__init__()
        self.kernels, self.silent, self.seen = [], set(), seen

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if self.seen is None or func.namespace != "aten":
            out = func(*args, **kwargs)
        else:
            with self.seen(func._schema.name):
                out = func(*args, **kwargs)
        kernels = kernels_of(func, args, kwargs, out)
        self.kernels += kernels
        if not kernels:
            self.silent.add(func._schema.name)
        return out
