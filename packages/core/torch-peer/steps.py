"""The three steps of a workload in PyTorch: train, invert, infer, each in several variants of which the fastest counts."""
import time

import numpy as np
import torch
import torch.nn.functional as F
from networks import NETWORKS, gradients, load_weights

VARIANTS = {
    "eager": {"channels_last": False, "written_out": False, "compiled": False},
    "channels-last": {"channels_last": True, "written_out": False, "compiled": False},
    "compiled": {"channels_last": True, "written_out": False, "compiled": True},
    "compiled-lstm": {"channels_last": True, "written_out": True, "compiled": True},
}
"""Memory format, whether the LSTM is written out, whether torch.compile runs on it."""


def read_arrays(folder, shapes):
    """Arrays that Retroplume has written as raw float32, by name."""
    return {name: torch.from_numpy(np.fromfile(f"{folder}/{name}.bin", dtype=np.float32)).view(shape) for name, shape in shapes.items()}


class Step:
    """What the steps share: the model, and fields in the variant's memory format. Windows stay [N, T, H, W, C]."""

    training = False

    def __init__(self, workload, weights, inputs, learning_rate, channels_last, written_out, compiled):
        self.learning_rate, self.compiled = learning_rate, compiled
        self.model = NETWORKS[workload["network"]["network"]](workload, written_out, channels_last)
        load_weights(self.model, weights)
        self.model.train(self.training)
        if not self.training:
            self.model.fold()
            self.model.requires_grad_(False)
        if channels_last:
            self.model.to(memory_format=torch.channels_last)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        self.inputs = {
            name: array.permute(0, 3, 1, 2).contiguous(memory_format=layout) if array.dim() == 4 else array for name, array in inputs.items()
        }
        # Beside the window and geography: tracers of the hour, or the concentrations before.
        self.beside = "tracers" if "tracers" in inputs else "y"
        self.prepare()

    def fields(self):
        """What the model is given where nothing is inverted."""
        if "steps" not in self.inputs:
            self.inputs["steps"] = torch.cat([self.inputs["emissions"], self.inputs["meteorology"]], 4)
        return [self.inputs[name] for name in ("steps", self.beside, "geography")]

    def prepare(self):
        """Makes what `run` uses of the model and the inputs."""

    def maybe_compiled(self, function, **options):
        # Shapes never change here. Left to itself dynamo would make the second workload's dynamic, which is slower code.
        return torch.compile(function, dynamic=False, options=options or None) if self.compiled else function

    def timed(self):
        start = time.perf_counter()
        self.run()
        return time.perf_counter() - start


class Train(Step):
    training = True

    def prepare(self):
        self.first = {name: value.clone() for name, value in self.model.state_dict().items()}
        # A CUDA graph takes no step of an optimizer that has not been told of it before its first one.
        on_gpu = next(self.model.parameters()).is_cuda
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=self.learning_rate, fused=True, capturable=on_gpu)
        self.loss = self.maybe_compiled(self.loss_of)

    def loss_of(self, steps, beside, geography, target):
        return F.l1_loss(self.model(steps, beside, geography), target)

    def run(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(*self.fields(), self.inputs["target"])
        loss.backward()
        self.optimizer.step()

    def results(self, names):
        """Of one pass from the first weights, without dropout: its random numbers differ from Retroplume's."""
        self.model.load_state_dict(self.first)
        dropouts = [module for module in self.model.modules() if isinstance(module, torch.nn.Dropout)]
        probabilities = [module.p for module in dropouts]
        for module in dropouts:
            module.p = 0.0
        self.optimizer.zero_grad(set_to_none=True)
        out = self.model(*self.fields())
        loss = F.l1_loss(out, self.inputs["target"])
        loss.backward()
        for module, probability in zip(dropouts, probabilities):
            module.p = probability
        return {"out": out.permute(0, 2, 3, 1), "misfit": loss, **{f"grad {name}": g for name, g in gradients(self.model, names).items()}}


class Invert(Step):
    def prepare(self):
        # cuDNN keeps what its reverse pass needs in training mode alone. An LSTM of one layer computes the same in either; dropout stays off.
        for module in self.model.modules():
            if isinstance(module, torch.nn.LSTM):
                module.train()
        self.emissions = self.inputs["emissions"].clone().requires_grad_()
        self.sources = {"emissions": self.emissions}
        if self.beside == "tracers":
            self.sources["tracers"] = self.inputs["tracers"].requires_grad_()
        self.loss = self.maybe_compiled(self.loss_of)
        self.update = self.maybe_compiled(self.update_of)

    def loss_of(self, emissions, meteorology, beside, geography, target, weight):
        out = self.model(torch.cat([emissions, meteorology], 4), beside, geography)
        return (weight * (out - target).abs()).sum() / out.numel(), out

    def update_of(self, emissions, gradient, lower, upper):
        emissions.copy_(torch.minimum(torch.maximum(emissions - self.learning_rate * gradient, lower), upper))

    def gradient(self):
        fields = (self.inputs[name] for name in ("meteorology", self.beside, "geography", "target", "weight"))
        loss, out = self.loss(self.emissions, *fields)
        return torch.autograd.grad(loss, list(self.sources.values())), loss, out

    def run(self):
        gradients, _, _ = self.gradient()
        with torch.no_grad():
            self.update(self.emissions, gradients[0], self.inputs["lower"], self.inputs["upper"])

    def results(self, _names):
        with torch.no_grad():
            self.emissions.copy_(self.inputs["emissions"])
        (of_emissions, *of_tracers), loss, out = self.gradient()
        tracers = {"grad tracers": gradient.permute(0, 2, 3, 1) for gradient in of_tracers}
        return {"out": out.permute(0, 2, 3, 1), "misfit": loss, "grad emissions": of_emissions, **tracers}


class Infer(Step):
    def prepare(self):
        self.forward = self.maybe_compiled(self.model.forward, freezing=True)  # freezing packs the constant weights once

    def run(self):
        with torch.no_grad():
            self.out = self.forward(*self.fields())

    def results(self, _names):
        self.run()
        return {"out": self.out.permute(0, 2, 3, 1)}


STEPS = {"train": Train, "invert": Invert, "infer": Infer}
