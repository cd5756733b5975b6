"""Retroplume's networks with an LSTM (packages/core/src/nn) as a PyTorch user would write it, so that both can be timed on the same weights.

Modules are named as Retroplume names its parameters, up to the leaves that PyTorch names itself (`load_weights`). Windows come as [N, T, H, W, C], the
layout that lets nn.LSTM read a single sample in place; fields as [N, H, W, C], turned to [N, C, H, W] in the memory format that the variant wants.
"""
import re

import torch
import torch.nn.functional as F
from torch import nn


class LstmWeights(nn.Module):
    """The parameters of an nn.LSTM under their names. torch.compile stops at an nn.LSTM even where only its weights are read, and would leave the loop uncompiled."""

    def __init__(self, rnn):
        super().__init__()
        for name, parameter in rnn.named_parameters():
            self.register_parameter(name, parameter)


class CellLstm(nn.Module):
    """One LSTM for every cell. `written_out`: the steps as plain tensor operations, which torch.compile fuses; nn.LSTM is opaque to it."""

    def __init__(self, channels, settings, written_out, channels_last):
        super().__init__()
        self.hidden, self.all_states = settings["hidden"], settings["allStates"]
        self.written_out, self.channels_last = written_out, channels_last
        rnn = nn.LSTM(channels, self.hidden)
        self.rnn = LstmWeights(rnn) if written_out else rnn
        learned = settings["learnedInitialState"]
        self.initialHidden = nn.Parameter(torch.zeros(self.hidden)) if learned else None
        self.initialCell = nn.Parameter(torch.zeros(self.hidden)) if learned else None

    def forward(self, steps):
        n, t, h, w, c = steps.shape
        x = steps.transpose(0, 1).reshape(t, n * h * w, c)
        states = self.loop(x) if self.written_out else self.library(x)
        if not self.all_states:
            return self.image(states[-1].view(n, h, w, self.hidden))
        states = torch.stack(states) if self.written_out else states
        return self.image(states.view(t, n, h, w, self.hidden).permute(1, 2, 3, 0, 4).reshape(n, h, w, t * self.hidden))

    def image(self, features):
        image = features.permute(0, 3, 1, 2)
        return image if self.channels_last else image.contiguous()

    def initial(self, x):
        cells = x.shape[1]
        if self.initialHidden is None:
            zero = x.new_zeros(cells, self.hidden)
            return zero, zero
        return self.initialHidden.expand(cells, -1), self.initialCell.expand(cells, -1)

    def library(self, x):
        if self.initialHidden is None:
            return self.rnn(x)[0]
        hidden, cell = self.initial(x)
        return self.rnn(x, (hidden[None].contiguous(), cell[None].contiguous()))[0]

    def loop(self, x):
        rnn, states = self.rnn, []
        hidden, cell = self.initial(x)
        for step in x.unbind(0):
            gates = F.linear(step, rnn.weight_ih_l0, rnn.bias_ih_l0) + F.linear(hidden, rnn.weight_hh_l0, rnn.bias_hh_l0)
            i, f, g, o = gates.chunk(4, 1)
            cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
            hidden = torch.sigmoid(o) * torch.tanh(cell)
            states.append(hidden)
        return states


class Block(nn.Module):
    """3x3 conv, batch norm, P-ReLU, dropout."""

    def __init__(self, channels, width, settings):
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width) if settings["batchNorm"] else nn.Identity()
        self.prelu = nn.PReLU(width)
        self.dropout = nn.Dropout(settings["dropout"])

    def forward(self, x):
        return self.dropout(self.prelu(self.norm(self.conv(x))))

    def fold(self):
        """The frozen batch norm becomes part of the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv, self.norm = torch.nn.utils.fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


def pad_to_levels(x, levels):
    period = 2**levels
    return F.pad(x, (0, -x.shape[3] % period, 0, -x.shape[2] % period))


class Unet(nn.Module):
    def __init__(self, channels, settings):
        super().__init__()
        widths, self.levels = settings["widths"], len(settings["widths"]) - 1

        def blocks(first, count, width):
            return nn.ModuleDict({str(i): Block(first if i == 0 else width, width, settings) for i in range(count)})

        encoder = [channels, *widths]
        for level in range(self.levels):
            setattr(self, f"down{level}", blocks(encoder[level], settings["encoderConvs"], widths[level]))
            up = blocks(2 * widths[level], settings["decoderConvs"], widths[level])
            up["upconv"] = nn.ConvTranspose2d(widths[level + 1], widths[level], 2, stride=2)
            setattr(self, f"up{level}", up)
        self.middle = blocks(encoder[self.levels], settings["encoderConvs"], widths[-1])
        self.pool = nn.MaxPool2d(2)

    @staticmethod
    def run(blocks, x):
        for name, block in blocks.items():
            x = block(x) if name != "upconv" else x
        return x

    def forward(self, x):
        height, width = x.shape[2:]
        return self.ends(x)[1][0][:, :, :height, :width]

    def ends(self, x):
        """What the levels end with: on the way down, the deepest last, and up; the finest, up[0], is as large as the padded input."""
        x = pad_to_levels(x, self.levels)
        down, up = [], [None] * self.levels
        for level in range(self.levels):
            down.append(self.run(getattr(self, f"down{level}"), x))
            x = self.pool(down[-1])
        x = self.run(self.middle, x)
        down.append(x)
        for level in reversed(range(self.levels)):
            blocks = getattr(self, f"up{level}")
            x = up[level] = self.run(blocks, torch.cat([blocks["upconv"](x), down[level]], 1))
        return down, up


class Stack(nn.Module):
    """conv, P-ReLU, conv, P-ReLU …"""

    def __init__(self, channels, layers):
        super().__init__()
        for i, layer in enumerate(layers):
            setattr(self, f"conv{i}", nn.Conv2d(channels, layer["width"], layer["kernel"], padding=layer["kernel"] // 2))
            setattr(self, f"prelu{i}", nn.PReLU(layer["width"]))
            channels = layer["width"]
        self.depth = len(layers)

    def forward(self, x):
        for i in range(self.depth):
            x = getattr(self, f"prelu{i}")(getattr(self, f"conv{i}")(x))
        return x


class Branch(nn.Module):
    """A stack beside the trunk, or one for each channel."""

    def __init__(self, channels, settings):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels) if settings.get("normalizeInput") else nn.Identity()
        self.per_channel = channels if settings.get("perChannel") else 0
        if not self.per_channel:
            self.stack = Stack(channels, settings["layers"])
        for i in range(self.per_channel):
            setattr(self, f"channel{i}", Stack(1, settings["layers"]))

    def forward(self, x):
        x = self.norm(x)
        if not self.per_channel:
            return [self.stack(x)]
        return [getattr(self, f"channel{i}")(x[:, i : i + 1]) for i in range(self.per_channel)]


class Perceptron(nn.Module):
    """Of each cell: two 1x1 convolutions."""

    def __init__(self, channels, width, species):
        super().__init__()
        self.conv0, self.conv1 = nn.Conv2d(channels, width, 1), nn.Conv2d(width, species, 1)

    def forward(self, x):
        return self.conv1(F.relu(self.conv0(x)))


ACTIVATIONS = {"relu": F.relu, "softplus": F.softplus, "none": lambda x: x}


class LstmUnet(nn.Module):
    """`workload` is that of packages/core/src/bench/workloads/workloads.ts."""

    def __init__(self, workload, written_out, channels_last):
        super().__init__()
        settings = workload["network"]
        species, steps = settings["species"], workload["steps"] if settings["allStates"] else 1
        self.lstm = CellLstm(workload["channels"], settings, written_out, channels_last)
        self.unet = Unet(steps * settings["hidden"], settings)
        self.y = Branch(species, settings["yBranch"])
        self.geography = Branch(workload["geography"], settings["geographyBranch"])
        self.activation = ACTIVATIONS[settings["headActivation"]]
        self.per_species = settings["perSpeciesHead"]
        own = settings["yBranch"]["layers"][-1]["width"] * (1 if self.per_species or not self.y.per_channel else species)
        features = settings["widths"][0] + own + settings["geographyBranch"]["layers"][-1]["width"]
        if self.per_species:
            self.head = nn.ModuleDict({f"species{s}": Perceptron(features, settings["headWidth"], 1) for s in range(species)})
        else:
            self.head = Perceptron(features, settings["headWidth"], species)

    def forward(self, steps, y, geography):
        trunk, y, geography = self.unet(self.lstm(steps)), self.y(y), self.geography(geography)
        if not self.per_species:
            return self.activation(self.head(torch.cat([trunk, *y, *geography], 1)))
        heads = [head(torch.cat([trunk, y[s if len(y) > 1 else 0], *geography], 1)) for s, head in enumerate(self.head.values())]
        return self.activation(torch.cat(heads, 1))

    def fold(self):
        for module in self.modules():
            if isinstance(module, Block):
                module.fold()


class Gated(nn.Module):
    """Convolutions without bias or activation, and factors that a context gives."""

    def __init__(self, context, width, **layers):
        super().__init__()
        self.gate = nn.Conv2d(context, width, 1)
        for name, layer in layers.items():
            self.add_module(name, layer)


class Carrier(nn.Module):
    """The linear U-Net of a response-unet. Fields are [N, C, H, W], emissions [N, T, H, W, E]; `known` and the levels' ends make the gates."""

    def __init__(self, known, emitted, tracers, settings):
        super().__init__()
        self.convs = {"down": settings["encoderConvs"], "up": settings["decoderConvs"]}
        widths, self.levels = settings["widths"], len(settings["widths"]) - 1

        def conv(channels, width, kernel, **options):
            return nn.Conv2d(channels, width, kernel, bias=False, **options)

        def convs(first, count, width):
            return {f"conv{i}": conv(first if i == 0 else width, width, 3, padding=1) for i in range(count)}

        self.emissions = Gated(known, emitted, input=conv(emitted, widths[0], 1))
        self.tracers = Gated(known, tracers, input=conv(tracers, widths[0], 1))
        for level, width in enumerate(widths):
            layers = convs(width, self.convs["down"], width)
            if level > 0:
                layers["downconv"] = conv(widths[level - 1], width, 2, stride=2)
            setattr(self, f"down{level}", Gated(width, width, **layers))
        for level in range(self.levels):
            width = widths[level]
            upconv = nn.ConvTranspose2d(widths[level + 1], width, 2, stride=2, bias=False)
            setattr(self, f"up{level}", Gated(width, width, upconv=upconv, **convs(2 * width, self.convs["up"], width)))
        self.output = conv(widths[0], settings["species"], 1)

    def sources(self, known, emissions, tracers):
        n, t, h, w, e = emissions.shape
        emitted = emissions.permute(0, 1, 4, 2, 3).reshape(n, t * e, h, w) * self.emissions.gate(known)
        return self.emissions.input(emitted) + self.tracers.input(tracers * self.tracers.gate(known))

    def gated(self, x, kind, level, context):
        gated = getattr(self, f"{kind}{level}")
        for i in range(self.convs[kind]):
            x = getattr(gated, f"conv{i}")(x)
        return x * gated.gate(context[level])

    def forward(self, x, down, up):
        x, skips = pad_to_levels(x, self.levels), []
        for level in range(self.levels + 1):
            x = getattr(self, f"down{level}").downconv(x) if level > 0 else x
            x = self.gated(x, "down", level, down)
            skips.append(x)
        for level in reversed(range(self.levels)):
            x = torch.cat([getattr(self, f"up{level}").upconv(x), skips[level]], 1)
            x = self.gated(x, "up", level, up)
        return self.output(x)


class ResponseUnet(nn.Module):
    """The network of a case by default. The emissions are the first channels of `steps`."""

    def __init__(self, workload, written_out, channels_last):
        super().__init__()
        settings = workload["network"]
        self.channels = workload["emissions"]
        states = settings["hidden"] * (workload["steps"] if settings["allStates"] else 1)
        known = settings["cellWidth"]
        self.lstm = CellLstm(workload["channels"], settings, written_out, channels_last)
        self.cell = nn.Conv2d(states + workload["tracers"], known, 1)
        self.unet = Unet(known, settings)
        self.geography = Branch(workload["geography"], settings["geographyBranch"])
        features = settings["widths"][0] + settings["geographyBranch"]["layers"][-1]["width"]
        self.head = Perceptron(features, settings["headWidth"], settings["species"])
        self.carrier = Carrier(known, workload["steps"] * self.channels, workload["tracers"], settings)

    def forward(self, steps, tracers, geography):
        height, width = tracers.shape[2:]
        known = torch.tanh(self.cell(torch.cat([self.lstm(steps), tracers], 1)))
        down, up = self.unet.ends(known)
        sources = self.carrier.sources(known, steps[..., : self.channels], tracers)
        carried = self.carrier(sources, down, up)[:, :, :height, :width]
        features = [up[0][:, :, :height, :width], *self.geography(geography)]
        return carried + self.head(torch.cat(features, 1))

    fold = LstmUnet.fold


NETWORKS = {"lstm-unet": LstmUnet, "response-unet": ResponseUnet}

LEAVES = [
    (r"^lstm\.weightInput$", "lstm.rnn.weight_ih_l0"),
    (r"^lstm\.weightHidden$", "lstm.rnn.weight_hh_l0"),
    (r"^lstm\.bias$", "lstm.rnn.bias_ih_l0"),
    (r"\.norm\.scale$", ".norm.weight"),
    (r"\.norm\.shift$", ".norm.bias"),
    (r"\.norm\.runningMean$", ".norm.running_mean"),
    (r"\.norm\.runningVariance$", ".norm.running_var"),
    (r"\.(prelu\d?)\.slope$", r".\1.weight"),
    (r"^(y|geography)\.(conv|prelu)", r"\1.stack.\2"),
]


def torch_name(name):
    """Retroplume's name of a parameter or buffer → PyTorch's."""
    for pattern, replacement in LEAVES:
        name = re.sub(pattern, replacement, name)
    return name


def torch_axes(name, dimensions):
    """The permutation from Retroplume's layout of a parameter to PyTorch's: filters [K, K, C_in, C_out], LSTM weights [C, 4D]."""
    if dimensions == 4:
        return (2, 3, 0, 1) if re.search("upconv|downconv", name) else (3, 2, 0, 1)
    return (1, 0) if dimensions == 2 else tuple(range(dimensions))


def load_weights(model, weights):
    """Sets parameters and buffers from arrays by Retroplume's names and in its layouts; every one of the model must be given."""
    state = {torch_name(name): array.permute(torch_axes(name, array.dim())).contiguous() for name, array in weights.items()}
    state["lstm.rnn.bias_hh_l0"] = torch.zeros_like(state["lstm.rnn.bias_ih_l0"])  # one bias: nn.LSTM adds two
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise ValueError(f"the network and the weights differ: missing {missing}, unexpected {unexpected}")


def inverse(axes):
    return [axes.index(i) for i in range(len(axes))]


def gradients(model, names):
    """Gradients of the parameters by Retroplume's names and in its layouts."""
    parameters = dict(model.named_parameters())
    result = {}
    for name in names:
        gradient = parameters[torch_name(name)].grad
        result[name] = gradient.permute(inverse(torch_axes(name, gradient.dim())))
    return result
