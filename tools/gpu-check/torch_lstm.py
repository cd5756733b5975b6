"""
What an nn.LSTM moves on a GPU. It is cuDNN's, which is closed: these are counts of three ways, not of what it does.

`least`       one pass over what must be in memory: forward reads the inputs and writes outputs, gates and cell states (where a reverse pass follows), backward
              reads the outputs' gradients, gates, cell states and inputs, and writes what is asked for. Ours are counted so, too, but for
              their gates and cell states, which take two bytes each where products are rounded.
`persistent`  the same forward; backward as PyTorch calls it: one call for the gradients of gates (written, since the next one needs them) and of the inputs
              (computed whether asked for or not, "because it mutates reserve"), another for those of the weights, if asked for. PyTorch's rule (RNN.cpp,
              get_algo) asks for CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H in float32 where at most 192 units are hidden (forward) or 128 (backward), as here.
`standard`    CUDNN_RNN_ALGO_STANDARD by its published parts: a product for the inputs of all steps, then a product and a kernel over the gates a step.

With E = steps · sequences, C inputs, D hidden units: gates 4·E·D, cell states and outputs E·D, inputs E·C. Initial states are left out but for the zeros that
PyTorch fills, if none are given. cuDNN always writes the outputs of all steps.
"""
import torch
from torch import nn
from torch_counts import Kernel

WAYS = ("least", "persistent", "standard")


def forward(way, steps, sequences, inputs, hidden, kept):
    n, e, weights = sequences, steps * sequences, 4 * hidden * (inputs + hidden + 2)
    if way == "standard":
        product = Kernel("lstm: product of all inputs", 4 * (e * inputs + 4 * e * hidden + 4 * hidden * inputs), 8 * e * hidden * inputs)
        recurrent = Kernel("lstm: product of a step", 4 * (n * hidden + 4 * n * hidden + 4 * hidden * hidden), 8 * n * hidden * hidden)
        gates = Kernel("lstm: gates of a step", 4 * n * hidden * (4 + 4 + 1 + (4 if kept else 0) + 1 + 1))
        return [product, *[recurrent, gates] * steps]
    moved = e * inputs + e * hidden + (5 * e * hidden if kept else 0) + weights
    return [Kernel("lstm: forward", 4 * moved, 8 * e * hidden * (inputs + hidden))]


def backward(way, steps, sequences, inputs, hidden, of_inputs, of_weights):
    n, e, weights = sequences, steps * sequences, 4 * hidden * (inputs + hidden + 2)
    x, y, gates = e * inputs, e * hidden, 4 * e * hidden
    of_states = 8 * e * hidden * hidden
    dx, dw = 8 * e * hidden * inputs, 8 * e * hidden * (inputs + hidden)
    if way == "least":
        moved = y + gates + y + (x if of_weights else 0) + (x if of_inputs else 0) + (2 if of_weights else 1) * weights
        return [Kernel("lstm: backward", 4 * moved, of_states + (dx if of_inputs else 0) + (dw if of_weights else 0))]
    if way == "persistent":
        data = Kernel("lstm: gradients of gates and inputs", 4 * (y + gates + y + gates + x + weights), of_states + dx)
        return [data, Kernel("lstm: gradient of the weights", 4 * (gates + x + y + weights), dw)] if of_weights else [data]
    cells = Kernel("lstm: gradients of a step's gates", 4 * n * hidden * (1 + 1 + 4 + 2 + 1 + 4 + 1))
    recurrent = Kernel("lstm: gradient of a step's states", 4 * (n * hidden * 5 + 4 * hidden * hidden), 8 * n * hidden * hidden)
    kernels = [*[cells, recurrent] * steps, Kernel("lstm: gradient of the inputs", 4 * (gates + x + 4 * hidden * inputs), dx)]
    if of_weights:
        kernels.append(Kernel("lstm: gradient of the weights", 4 * (gates + x + 4 * hidden * inputs), 8 * e * hidden * inputs))
        kernels.append(Kernel("lstm: gradient of the weights", 4 * (gates + y + 4 * hidden * hidden), 8 * e * hidden * hidden))
        kernels.append(Kernel("lstm: gradient of the bias", 4 * gates))
    return kernels


class Calls(torch.autograd.Function):
    """Stands for cuDNN's: outputs of the right shape, and a record of the call."""

    @staticmethod
    def forward(ctx, kept, x, weight_inputs, weight_hidden, *others):
        steps, sequences, inputs = x.shape
        ctx.shape = (steps, sequences, inputs, weight_hidden.shape[1])
        ctx.like = [x, weight_inputs, weight_hidden, *others]
        CountedLstm.calls.append((forward, (*ctx.shape, kept)))
        return x.new_empty(steps, sequences, weight_hidden.shape[1])

    @staticmethod
    def backward(ctx, _):
        wanted = ctx.needs_input_grad[1:]
        CountedLstm.calls.append((backward, (*ctx.shape, wanted[0], wanted[1])))
        return None, *(torch.empty_like(each) if each_wanted else None for each, each_wanted in zip(ctx.like, wanted))


class CountedLstm(nn.Module):
    """In place of nn.LSTM: the same parameters, no computation; dynamo leaves it out of its graphs, as it does nn.LSTM."""

    calls = []

    def __init__(self, inputs, hidden):
        super().__init__()
        self.weight_ih_l0, self.weight_hh_l0 = nn.Parameter(torch.empty(4 * hidden, inputs)), nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias_ih_l0, self.bias_hh_l0 = nn.Parameter(torch.empty(4 * hidden)), nn.Parameter(torch.empty(4 * hidden))

    @torch._dynamo.disable
    def forward(self, x, states=None):
        weights = list(self.parameters())
        kept = torch.is_grad_enabled() and (x.requires_grad or weights[0].requires_grad)
        if states is None:
            zeros = x.shape[1] * self.weight_hh_l0.shape[1]
            CountedLstm.calls.append((lambda _, size: [Kernel("lstm: initial zeros", 4 * size)] * 2, (zeros,)))
        return Calls.apply(kept, x, *weights, *(states or ())), None


def taken():
    """The calls since the last time: for a way, their kernels."""
    calls, CountedLstm.calls = CountedLstm.calls, []
    return lambda way: [kernel for make, arguments in calls for kernel in make(way, *arguments)]
