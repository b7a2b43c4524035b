"""Writes the summaries beside this file with torchinfo itself, for networks that ../shared/golden has none of.

    pip install torch torchinfo==1.6.5 && python make.py

The module is the tutorial's, nested as there, with every convention of `Configuration`. What PyTorch's convolution
cannot pad by itself (TensorFlow's odd pixel) is a ZeroPad2d before it.
"""
import json, math, os
import torch, torch.nn as nn, torchinfo

BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + [(512, 1)] * 5 + [(1024, 2), (1024, 1)]


def width(channels, alpha, rounding):
    if rounding == "floor":
        return max(int(channels * alpha), 8)
    if rounding == "truncate":
        return int(channels * alpha)
    rounded = max(8, int(channels * alpha + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels * alpha else rounded


class MobileNet(nn.Module):
    def __init__(self, c):
        super().__init__()
        size, wide = c["size"], lambda n: width(n, c["alpha"], c["channelRounding"])

        def conv(i, o, kernel, stride, groups, extra=False, zeros=c["padding"]):
            nonlocal size
            modules, padding = [], 0
            if kernel == 3:
                total = max((math.ceil(size / stride) - 1) * stride + 3 - size, 0)
                before, after = total // 2, total - total // 2
                if zeros == "keras":
                    before, after = (1, 1) if stride == 1 else (0, 1)
                if extra:
                    padding = 4
                elif zeros == "symmetric":
                    padding = 1
                elif before == after:
                    padding = before
                else:
                    modules.append(nn.ZeroPad2d((before, after, before, after)))
                    size += before + after
            modules.append(nn.Conv2d(i, o, kernel, stride, padding, groups=groups, bias=False))
            size = (size + 2 * padding - kernel) // stride + 1
            activation = {"relu6": nn.ReLU6, "relu": nn.ReLU, "leakyRelu": nn.LeakyReLU}[c["activation"]]
            return modules + [nn.BatchNorm2d(o), activation()]

        self.first_conv = nn.Sequential(*conv(c["inputChannels"], wide(32), 3, 2, 1, zeros=c.get("stemPadding", c["padding"])))
        spec = [s for i, s in enumerate(BLOCKS) if c["depth"] == "full" or not 6 <= i <= 10]
        channels, layers = wide(32), []
        for i, (o, stride) in enumerate(spec):
            last = i == len(spec) - 1 and c["lastBlock"] == "stride2"
            layers.append(nn.Sequential(*conv(channels, channels, 3, 2 if last else stride, channels, last),
                                        *conv(channels, wide(o), 1, 1, 1)))
            channels = wide(o)
        self.layers = nn.Sequential(*layers)
        pooling = c.get("pooling", "average")
        self.pool = nn.Flatten() if pooling == "none" else {"average": nn.AvgPool2d, "max": nn.MaxPool2d}[pooling](size, 1)
        channels *= size ** 2 if pooling == "none" else 1
        self.tail = []
        for n, hidden in enumerate(c.get("headLayers", []) if c["head"] else []):
            kinds = {"relu": nn.ReLU, "relu6": nn.ReLU6, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
            setattr(self, f"dense{n}", nn.Linear(channels, hidden["units"]))
            self.tail.append(f"dense{n}")
            if hidden["activation"] != "none":
                setattr(self, f"activation{n}", kinds[hidden["activation"]]())
                self.tail.append(f"activation{n}")
            channels = hidden["units"]
        if c["head"] and c["dropout"]:
            self.dropout = nn.Dropout(c["dropout"])
            self.tail.append("dropout")
        if c["head"]:
            self.classifier = nn.Linear(channels, 1 if c.get("binary") else c["classes"])
            self.tail.append("classifier")
        if c["head"] and c["output"] != "logits":
            self.answer = nn.Softmax(1) if c["output"] == "softmax" else nn.Sigmoid()
            self.tail.append("answer")

    def forward(self, x):
        x = self.pool(self.layers(self.first_conv(x)))
        if self.tail and x.dim() > 2:
            x = torch.flatten(x, 1)
        for name in self.tail:
            x = getattr(self, name)(x)
        return x


def summarize(configuration, batch, depth, columns):
    shape = (batch, configuration["inputChannels"], configuration["size"], configuration["size"])
    return str(torchinfo.summary(MobileNet(configuration), shape, verbose=0, depth=depth, col_names=columns)) + "\n"


if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    for case in json.load(open(os.path.join(folder, "cases.json"))):
        text = summarize(case["configuration"], case["batch"], case["depth"], case["columns"])
        with open(os.path.join(folder, case["name"] + ".txt"), "w") as file:
            file.write(text)
