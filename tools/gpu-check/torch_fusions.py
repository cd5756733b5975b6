"""
What the kernels of a compiled step must move: inductor lowers and fuses for an H100 (fake_cuda.py), and is stopped before it generates code.

Of a fused kernel each buffer that others read or wrote counts once each way, as far as the kernel's index reaches into it; what lives inside the kernel counts
nothing. Convolutions and products of matrices are calls of ATen here, too, without a bias (inductor fuses it into what follows), and are counted as such.
Two of inductor's passes are left out, since they compute on the device: constants are not folded, and weights of inference not frozen. Neither moves a field.
"""
import math

import torch
import torch._inductor.compile_fx as compile_fx
import torch._inductor.debug
from torch._inductor.dependencies import StarDep, WeakDep
from torch._inductor.graph import GraphLowering
from torch._inductor.ir import FallbackKernel, MultiOutput, RandomSeeds
from torch._inductor.scheduler import ExternKernelSchedulerNode, NopKernelSchedulerNode
from torch._inductor.virtualized import V
from torch.utils._pytree import tree_map
from torch_counts import PRODUCTS, Kernel, flat, flops_of, kernels_of, size_of


def hint(size):
    return V.graph.sizevars.optimization_hint(size, fallback=0)


def elements(dependency):
    """Of a buffer, where an index goes: no more than the kernel has, where the index is read from memory."""
    if isinstance(dependency, StarDep):
        return hint(V.graph.get_numel(dependency.name))
    return math.prod(map(hint, dependency.size)) if dependency.is_indirect() else hint(dependency.get_numel())


def moved_by(dependencies):
    """Bytes: of each buffer all that is reached, and no more than it has."""
    reached = {}
    for each in dependencies:
        if not isinstance(each, WeakDep):
            reached.setdefault(each.name, []).append(elements(each))
    total = 0
    for name, parts in reached.items():
        whole = hint(V.graph.get_numel(name))
        total += min(sum(parts), whole) * torch.empty(0, dtype=V.graph.get_dtype(name), device="meta").element_size()
    return total


def leaves_kernel(scheduler, name, nodes):
    return any(user.node not in nodes for user in scheduler.name_to_buf[name].users)


def fused(scheduler, node):
    nodes = set(node.get_nodes())
    made = {each.name for each in node.read_writes.writes}
    inside = {name for name in made if not leaves_kernel(scheduler, name, nodes)}
    changed = {name for output in node.get_outputs() for name in output.get_mutations()}  # in place: an order, no read
    read = [each for each in node.read_writes.reads if each.name not in made and not (isinstance(each, StarDep) and each.name in changed)]
    written = [each for each in node.read_writes.writes if each.name not in inside]
    return [Kernel("fused", moved_by(read) + moved_by(written))]


def value(argument):
    return argument.meta["val"] if isinstance(argument, torch.fx.Node) else argument


def call_of(node):
    """The call of ATen that an external kernel stands for: with its bias, what it is made of are two."""
    origins = [node.node.get_origin_node(), *node.node.origins]
    fallback = isinstance(node.node, FallbackKernel)
    for each in origins:
        if each is not None and each.op == "call_function" and isinstance(each.target, torch._ops.OpOverload):
            if each.target is node.node.op_overload if fallback else name_of(each.target) in {"convolution", *PRODUCTS}:
                return each
    raise NotImplementedError(f"torch_limits: a kernel of inductor's is not known: {node.node.python_kernel_name}")


def name_of(func):
    return func._schema.name.split("::")[1]


def extern(node):
    """A call of ATen: a convolution, a product, or what inductor has no kernel of its own for."""
    if isinstance(node.node, (MultiOutput, RandomSeeds)):  # a part of another call's result; eight bytes a dropout
        return []
    call = call_of(node)
    args, out = [tree_map(value, each) for each in call.args], call.meta["val"]
    if isinstance(node.node, FallbackKernel):
        return kernels_of(call.target, args, {key: value(each) for key, each in call.kwargs.items()}, out)
    operands = args[:2] if name_of(call.target) == "convolution" else flat(args)  # as the call sees them: a part of a buffer, mostly, for a product
    return [Kernel(name_of(call.target), size_of(*operands, out), flops_of(call.target, args, out))]


def kernels_of_node(scheduler, node):
    if isinstance(node, NopKernelSchedulerNode):
        return []
    return extern(node) if isinstance(node, ExternKernelSchedulerNode) else fused(scheduler, node)


class Fusions:
    """A backend of torch.compile that collects kernels and computes nothing: `kernels`, and `graphs`, of how many graphs they are."""

    def __init__(self):
        self.kernels, self.graphs = [], 0

    def __call__(self, module, inputs, **_):
        return compile_fx.compile_fx(module, inputs, inner_compile=self.lower)

    def lower(self, module, inputs, is_inference=False, is_backward=False, **_):
        compile_fx.view_to_reshape(module)
        with torch.no_grad():
            fake = compile_fx.fake_tensor_prop(module, inputs)
        compile_fx._recursive_record_original_output_strides(module)
        with torch.no_grad(), V.set_fake_mode(fake):
            compile_fx._recursive_post_grad_passes(module, is_inference=is_inference)
            graph = GraphLowering(module, example_inputs=inputs, is_inference=is_inference, is_backward=bool(is_backward))
            graph.freeze_runtime_asserts()
            with V.set_graph_handler(graph), V.set_extern_kernel_nodes([]), V.set_debug_handler(torch._inductor.debug.DebugContext()):
                graph.run(*inputs)
                graph.init_wrapper_code()
                graph._update_scheduler()
                for node in graph.scheduler.nodes:
                    self.kernels += kernels_of_node(graph.scheduler, node)
        self.graphs += 1
        return outputs_of(module)


def empty(like):
    return torch.empty_strided(like.shape, like.stride(), dtype=like.dtype, device=like.device)


def outputs_of(module):
    """A function that returns empty tensors as those of the graph."""
    (outputs,) = next(node for node in module.graph.nodes if node.op == "output").args
    values = [value(each) for each in outputs]

    def run(*_):
        return [empty(each) if isinstance(each, torch.Tensor) else each for each in values]

    run._boxed_call = True
    return run
