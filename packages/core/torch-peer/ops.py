"""Single ops in PyTorch, each in the layout that suits PyTorch best, timed one by one as Retroplume's kernels are.

Weight and input gradients are timed apart (convolution_backward with an output mask). The cases are those of packages/core/src/bench/ops/op-cases.ts.
"""
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from networks import CellLstm, LstmWeights


def timed(seconds, op, body):
    start = time.perf_counter()
    result = body()
    seconds[op] = time.perf_counter() - start
    return result


class Case:
    def __init__(self, spec, folder):
        self.params = {call["op"]: call["params"] for call in spec["calls"]}
        self.arrays = {
            name: torch.from_numpy(np.fromfile(os.path.join(folder, name + ".bin"), dtype=np.float32))
            for name, array in spec["arrays"].items()
            if array.get("draw")
        }
        self.out = {}

    def variants(self, compiles):
        """What is timed: functions that write the seconds of each kernel into a dictionary. The better counts."""
        return {"torch-channels-last": self.run}

    def first(self):
        return next(iter(self.params.values()))

    def nhwc(self, name, batch, height, width, channels):
        """A channels-last tensor of shape N, C, H, W."""
        return self.arrays[name].view(batch, height, width, channels).permute(0, 3, 1, 2)

    def pixels(self, name):
        p = self.first()
        return self.arrays[name].view(p["pixels"], p["channels"])


def flat_nhwc(tensor):
    return tensor.permute(0, 2, 3, 1).contiguous().flatten()


class Conv2d(Case):
    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        p = self.first()
        n, h, w, c, o, k = (p[x] for x in ("batch", "height", "width", "inChannels", "outChannels", "kernel"))
        self.x, self.g = self.nhwc("input", n, h, w, c), self.nhwc("gradOutput", n, h, w, o)
        self.w = self.arrays["weight"].view(k, k, c, o).permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)
        self.b, self.pad, self.o = self.arrays["bias"], (k - 1) // 2, o

    def backward(self, mask):
        pad = [self.pad, self.pad]
        return torch.ops.aten.convolution_backward(self.g, self.x, self.w, [self.o], [1, 1], pad, [1, 1], False, [0, 0], 1, mask)

    def run(self, seconds):
        with torch.no_grad():
            self.y = timed(seconds, "conv2dForward", lambda: F.conv2d(self.x, self.w, self.b, padding=self.pad))
            self.gx = timed(seconds, "conv2dBackwardInput", lambda: self.backward([True, False, False])[0])
            _, self.gw, self.gb = timed(seconds, "conv2dBackwardWeight", lambda: self.backward([False, True, True]))

    def results(self):
        weight = self.gw.permute(2, 3, 1, 0).contiguous().flatten()
        return {"output": flat_nhwc(self.y), "gradInput": flat_nhwc(self.gx), "gradWeight": weight, "gradBias": self.gb}


class Upconv2x2(Case):
    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        p = self.first()
        n, h, w, c, o = (p[x] for x in ("batch", "height", "width", "inChannels", "outChannels"))
        self.x, self.g = self.nhwc("input", n, h, w, c), self.nhwc("gradOutput", n, 2 * h, 2 * w, o)
        self.w = self.arrays["weight"].view(2, 2, c, o).permute(2, 3, 0, 1).contiguous(memory_format=torch.channels_last)
        self.b, self.o = self.arrays["bias"], o

    def backward(self, mask):
        return torch.ops.aten.convolution_backward(self.g, self.x, self.w, [self.o], [2, 2], [0, 0], [1, 1], True, [0, 0], 1, mask)

    def run(self, seconds):
        with torch.no_grad():
            self.y = timed(seconds, "upconv2x2Forward", lambda: F.conv_transpose2d(self.x, self.w, self.b, stride=2))
            self.gx = timed(seconds, "upconv2x2BackwardInput", lambda: self.backward([True, False, False])[0])
            _, self.gw, self.gb = timed(seconds, "upconv2x2BackwardWeight", lambda: self.backward([False, True, True]))

    def results(self):
        weight = self.gw.permute(2, 3, 0, 1).contiguous().flatten()
        return {"output": flat_nhwc(self.y), "gradInput": flat_nhwc(self.gx), "gradWeight": weight, "gradBias": self.gb}


class Lstm(Case):
    """An LSTM over all cells as one batch, steps first; the transposition to that layout is not counted."""

    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        p = self.first()
        n, t, cells, c, d = (p[x] for x in ("batch", "steps", "cells", "inChannels", "hidden"))
        self.sizes, self.all_states = (n, t, cells, c, d), p["allStates"]
        self.x = self.arrays["input"].view(n, t, cells, c).permute(1, 0, 2, 3).reshape(t, n * cells, c).requires_grad_()
        shown = t if self.all_states else 1
        self.g = self.arrays["gradOutput"].view(n, cells, shown, d).permute(2, 0, 1, 3).reshape(shown, n * cells, d).contiguous()
        self.net = torch.nn.LSTM(c, d)
        with torch.no_grad():
            self.net.weight_ih_l0.copy_(self.arrays["weightInput"].view(c, 4 * d).T)
            self.net.weight_hh_l0.copy_(self.arrays["weightHidden"].view(d, 4 * d).T)
            self.net.bias_ih_l0.copy_(self.arrays["bias"])
            self.net.bias_hh_l0.zero_()

        # The same written out, step by step: torch.compile fuses that, while nn.LSTM is opaque to it.
        written_out = CellLstm(c, {"hidden": d, "allStates": self.all_states, "learnedInitialState": False}, True, True)
        written_out.rnn = LstmWeights(self.net)
        shown_states = slice(None) if self.all_states else slice(-1, None)
        self.compiled = torch.compile(lambda x: torch.stack(written_out.loop(x)[shown_states]))

    def variants(self, compiles):
        return {**super().variants(compiles), **({"torch-compiled-lstm": self.run_compiled} if compiles else {})}

    def run(self, seconds):
        self.run_function(seconds, lambda x: self.net(x)[0] if self.all_states else self.net(x)[0][-1:])

    def run_compiled(self, seconds):
        self.run_function(seconds, self.compiled)

    def run_function(self, seconds, function):
        self.x.grad = None
        self.net.zero_grad()
        self.y = timed(seconds, "lstmForward", lambda: function(self.x))
        timed(seconds, "lstmBackward", lambda: self.y.backward(self.g))

    def results(self):
        n, t, cells, c, d = self.sizes
        return {
            "output": self.y.detach().view(-1, n, cells, d).permute(1, 2, 0, 3).reshape(-1),
            "gradInput": self.x.grad.view(t, n, cells, c).permute(1, 0, 2, 3).reshape(-1),
            "gradWeightInput": self.net.weight_ih_l0.grad.T.reshape(-1),
            "gradWeightHidden": self.net.weight_hh_l0.grad.T.reshape(-1),
            "gradBias": self.net.bias_ih_l0.grad,
        }


class Autograd(Case):
    """An op as a function of leaves, forward and backward by autograd."""

    ops = ()

    def run(self, seconds):
        for leaf in self.leaves:
            leaf.grad = None
        self.y = timed(seconds, self.ops[0], self.forward)
        timed(seconds, self.ops[1], lambda: self.y.backward(self.g))


class Prelu(Autograd):
    ops = ("preluForward", "preluBackward")

    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        self.x, self.slope, self.g = self.pixels("input").requires_grad_(), self.arrays["slope"].requires_grad_(), self.pixels("gradOutput")
        self.leaves = [self.x, self.slope]

    def forward(self):
        return F.prelu(self.x, self.slope)

    def results(self):
        return {"output": self.y.detach().flatten(), "gradInput": self.x.grad.flatten(), "gradSlope": self.slope.grad}


class BatchNorm(Autograd):
    ops = ("batchNormTrainForward", "batchNormTrainBackward")

    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        p = self.first()
        # One row of pixels, channels last: PyTorch takes its channels-last kernels.
        self.x = self.pixels("input").view(1, 1, p["pixels"], p["channels"]).permute(0, 3, 1, 2).requires_grad_()
        self.g = self.pixels("gradOutput").view(1, 1, p["pixels"], p["channels"]).permute(0, 3, 1, 2)
        self.scale, self.shift = self.arrays["scale"].requires_grad_(), self.arrays["shift"].requires_grad_()
        self.mean, self.variance = torch.zeros(p["channels"]), torch.zeros(p["channels"])
        self.leaves = [self.x, self.scale, self.shift]

    def forward(self):
        return F.batch_norm(self.x, self.mean, self.variance, self.scale, self.shift, True, 0.1, 1e-5)

    def results(self):
        return {"output": flat_nhwc(self.y.detach()), "gradInput": flat_nhwc(self.x.grad), "gradScale": self.scale.grad, "gradShift": self.shift.grad}


class Maxpool2x2(Autograd):
    ops = ("maxpool2x2Forward", "maxpool2x2Backward")

    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        p = self.first()
        n, h, w, c = (p[x] for x in ("batch", "height", "width", "channels"))
        self.x, self.g = self.nhwc("input", n, h, w, c).requires_grad_(), self.nhwc("gradOutput", n, h // 2, w // 2, c)
        self.leaves = [self.x]

    def forward(self):
        return F.max_pool2d(self.x, 2)

    def results(self):
        return {"output": flat_nhwc(self.y.detach()), "gradInput": flat_nhwc(self.x.grad)}


class Dropout(Autograd):
    ops = ("dropoutForward", "dropoutBackward")

    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        self.x, self.g = self.arrays["input"].requires_grad_(), self.arrays["gradOutput"]
        self.leaves = [self.x]

    def forward(self):
        return F.dropout(self.x, 0.1, True)

    def results(self):
        return {}


class L1Loss(Autograd):
    ops = ("lossForward", "lossBackward")

    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        self.x, self.target, self.weight = self.arrays["prediction"].requires_grad_(), self.arrays["target"], self.arrays["weight"]
        self.g = torch.tensor(1.0)
        self.leaves = [self.x]

    def forward(self):
        return (self.weight * (self.x - self.target).abs()).sum() / self.first()["divisor"]

    def results(self):
        return {"gradPrediction": self.x.grad}


class Adam(Case):
    def __init__(self, spec, folder):
        super().__init__(spec, folder)
        parameter = torch.nn.Parameter(self.arrays["parameter"])
        parameter.grad = self.arrays["gradient"]
        self.optimiser = torch.optim.Adam([parameter], lr=1e-3, weight_decay=1e-4, fused=True)

    def run(self, seconds):
        timed(seconds, "adam", self.optimiser.step)

    def results(self):
        return {}


KINDS = {
    "conv2d": Conv2d,
    "upconv2x2": Upconv2x2,
    "lstm": Lstm,
    "prelu": Prelu,
    "batchNorm": BatchNorm,
    "maxpool2x2": Maxpool2x2,
    "dropout": Dropout,
    "l1Loss": L1Loss,
    "adam": Adam,
}
