"""What PyTorch and what is built on it write: state dicts, TorchScript, ONNX of both exporters and quantized, timm,
Hugging Face.

    python make_pytorch.py FOLDER PHOTOS
"""
import json, math, os, warnings
import numpy as np
import onnx, onnxruntime, timm, torch, transformers
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from torch import nn
from common import NORMS, Kind, check, making, normalized, preprocessing

warnings.filterwarnings("ignore")
onnxruntime.set_default_logger_severity(3)
runtime, ort = f"PyTorch {torch.__version__.split('+')[0]}", f"onnxruntime {onnxruntime.__version__}"
ZIP, LEGACY, CHECKPOINT, SCRIPT = (Kind(f"pytorch-{what}", runtime) for what in ("zip", "legacy", "checkpoint", "script"))
OLD, DYNAMO, QDQ, QLINEAR = (Kind(f"onnx-{what}", ort) for what in ("pytorch-old", "pytorch-dynamo", "qdq", "qoperator"))
TIMM = Kind("timm", f"timm {timm.__version__}")
HF = Kind("huggingface", f"transformers {transformers.__version__}")
BLOCKS = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]

# Networks as people write them. `names`: what their code calls its layers.
DESIGNS = [
    dict(name="tutorial", alpha=.25, size=224, names="tutorial", last="stride2", classes=5),
    dict(name="sequential", alpha=.25, size=96, names="sequential", activation="relu", classes=4),
    dict(name="hidden", alpha=.35, size=130, names="features", head=[("relu", 32), "dropout"], classes=3),
    dict(name="binary", alpha=.1, size=150, names="blocks", output="sigmoid", classes=1, norm="unit"),
    dict(name="labels", alpha=.25, size=200, names="features", head=[("tanh", 16), "norm"], output="sigmoid", classes=6),
    dict(name="max", alpha=.25, size=160, names="blocks", pool="max", output="softmax", classes=5, norm="tf"),
    dict(name="flatten", alpha=.25, size=96, names="blocks", pool="flatten", head=[("relu", 24), ("relu6", 12)],
         output="softmax", classes=4, norm="unit"),
    dict(name="same", alpha=.25, size=300, names="blocks", padding="same", norm="tf", epsilon=1e-3, classes=7),
    dict(name="normalized", alpha=.5, size=128, names="sequential", activation="leakyRelu", bias=True, graph=True,
         norm="unit", classes=5),
    dict(name="wide", alpha=1.3, size=96, names="tutorial", pool="mean", output="softmax", classes=3),
]
# Weights alone, TorchScript's too, tell neither activations nor what is between the layers of a head.
ALONE = [
    dict(name="tutorial-stride2", alpha=.25, size=224, names="tutorial", last="stride2", classes=5),
    dict(name="tutorial", alpha=.25, size=160, names="tutorial", classes=4),
    dict(name="tutorial-small", alpha=.1, size=96, names="tutorial", classes=3),
    dict(name="sequential-relu", alpha=.25, size=96, names="sequential", activation="relu", classes=4),
    dict(name="sequential-wide", alpha=1.3, size=96, names="sequential", activation="relu", classes=3),
    dict(name="features", alpha=.25, size=130, names="features", head=["dropout"], classes=5),
    dict(name="features-hidden", alpha=.35, size=150, names="features", head=[("relu", 32), "dropout"], classes=3),
    dict(name="blocks", alpha=.35, size=200, names="blocks", classes=6),
    dict(name="blocks-bias", alpha=.25, size=128, names="blocks", bias=True, classes=10),
    dict(name="blocks-big", alpha=.5, size=300, names="blocks", classes=5),
]
for design in DESIGNS + ALONE:
    for key, value in dict(output="logits", norm="imagenet", padding="symmetric", activation="relu6", bias=False, last="stride1",
                           pool="average", head=[], epsilon=1e-5, graph=False).items(): design.setdefault(key, value)


class Same(nn.Module):
    """TensorFlow's padding, as its ports to PyTorch write it."""
    def __init__(self, size, stride):
        super().__init__()
        total = max((math.ceil(size / stride) - 1) * stride + 3 - size, 0)
        self.pad = [total // 2, total - total // 2] * 2
    def forward(self, x): return nn.functional.pad(x, self.pad)


class Normalize(nn.Module):
    """Preprocessing inside the network."""
    def __init__(self, mean, std):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) / 255)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) / 255)
    def forward(self, x): return (x - self.mean) / self.std


class Separable(nn.Module):
    """A block in words of its own, for the code shape `blocks`."""
    def __init__(self, depthwise, pointwise):
        super().__init__()
        self.depthwise_pad = depthwise[0] if len(depthwise) > 3 else nn.Identity()
        self.depthwise_conv, self.depthwise_bn, self.depthwise_act = depthwise[-3:]
        self.pointwise_conv, self.pointwise_bn, self.pointwise_act = pointwise
    def forward(self, x):
        x = self.depthwise_act(self.depthwise_bn(self.depthwise_conv(self.depthwise_pad(x))))
        return self.pointwise_act(self.pointwise_bn(self.pointwise_conv(x)))


class Mean(nn.Module):
    def forward(self, x): return x.mean((2, 3), keepdim=True)


class Network(nn.Module):
    def __init__(self, design):
        super().__init__()
        names = design["names"]
        width = lambda channels: int(channels * design["alpha"])
        size = design["size"]
        def convolution(i, o, kernel, stride, padding=1, groups=1):
            nonlocal size
            act = {"relu": nn.ReLU, "relu6": nn.ReLU6, "leakyRelu": lambda: nn.LeakyReLU(.1)}[design["activation"]]()
            pads = []
            if kernel == 3 and design["padding"] == "same": pads, padding = [Same(size, stride)], 0
            if kernel == 1: padding = 0
            conv = nn.Conv2d(i, o, kernel, stride, padding, groups=groups, bias=design["bias"])
            size = math.ceil(size / stride) if padding < 4 else (size + 5) // 2 + 1
            return [*pads, conv, nn.BatchNorm2d(o, eps=design["epsilon"]), act]
        channels = width(32)
        stem, blocks = convolution(3, channels, 3, 2), []
        for i, (o, stride) in enumerate(BLOCKS):
            last = i == 12 and design["last"] == "stride2"
            blocks.append((convolution(channels, channels, 3, 2 if last else stride, 4 if last else 1, channels),
                           convolution(channels, width(o), 1, 1)))
            channels = width(o)
        if names == "tutorial":
            self.first_conv = nn.Sequential(*stem)
            self.layers = nn.Sequential(*[nn.Sequential(*a, *b) for a, b in blocks])
        elif names == "sequential":
            self.model = nn.Sequential(nn.Sequential(*stem), *[nn.Sequential(*a, *b) for a, b in blocks])
        elif names == "features":
            self.features = nn.Sequential(*[nn.Sequential(*part) for part in (stem, *[p for block in blocks for p in block])])
        else:
            self.stem = nn.Sequential(*stem)
            self.blocks = nn.ModuleList([Separable(*block) for block in blocks])
        self.pool = {"average": nn.AdaptiveAvgPool2d(1), "max": nn.AdaptiveMaxPool2d(1), "flatten": nn.Identity(),
                     "mean": Mean()}[design["pool"]]
        features, head = channels * (size * size if design["pool"] == "flatten" else 1), []
        for what in design["head"]:
            if what == "dropout": head.append(nn.Dropout(.2))
            elif what == "norm": head.append(nn.BatchNorm1d(features))
            else:
                head += [nn.Linear(features, what[1]), {"relu": nn.ReLU, "relu6": nn.ReLU6, "tanh": nn.Tanh}[what[0]]()]
                features = what[1]
        self.last = nn.Linear(features, design["classes"])
        if head: self.classifier = nn.Sequential(*head, self.last)
        elif names == "sequential": self.fc = self.last
        else: self.classifier = self.last
        del self.last
        self.end = {"logits": nn.Identity(), "softmax": nn.Softmax(1), "sigmoid": nn.Sigmoid()}[design["output"]]
        self.input = Normalize(*NORMS["imagenet"]) if design["graph"] else nn.Identity()

    def head(self): return self.classifier
    def trunk(self, x): return self.features(x)
    def logits(self, x): return self.classifier(torch.flatten(self.pool(self.trunk(self.input(x))), 1))
    def forward(self, x): return self.end(self.logits(x))


class Tutorial(Network):
    def trunk(self, x): return self.layers(self.first_conv(x))


class Sequential(Network):
    def head(self): return self.fc
    def logits(self, x): return self.fc(torch.flatten(self.pool(self.model(self.input(x))), 1))


class Blocks(Network):
    def trunk(self, x):
        x = self.stem(x)
        for block in self.blocks: x = block(x)
        return x


CODE = dict(tutorial=Tutorial, sequential=Sequential, features=Network, blocks=Blocks)


def plausible(net, logits, last, inputs, seed):
    """Random weights, batch norm's statistics of the photographs, last biases such that no class always wins."""
    random = torch.Generator().manual_seed(seed)
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, norms):
                module.weight.copy_(.7 + .7 * torch.rand(module.weight.shape, generator=random))
                module.bias.copy_(.3 + .4 * torch.randn(module.bias.shape, generator=random))
            elif isinstance(module, (nn.Conv2d, nn.Linear)):
                fan = module.weight[0].numel()
                module.weight.copy_(torch.randn(module.weight.shape, generator=random) * (2 / fan) ** .5)
                if module.bias is not None: module.bias.copy_(.1 * torch.randn(module.bias.shape, generator=random))
        net.eval()
        for module in net.modules():
            if isinstance(module, norms): module.train(); module.momentum = 1.
        logits(inputs)
        net.eval()
        for module in net.modules():
            if isinstance(module, norms): module.momentum = .1
        values = logits(inputs)
        gain = .8 / values.std(0).mean()
        last.weight.mul_(gain)
        last.bias.copy_((last.bias - values.mean(0)) * gain + .3 * torch.randn(last.bias.shape, generator=random))
    return net


def asked(design): return torch.from_numpy(normalized(design["size"], design["norm"]).transpose(0, 3, 1, 2).copy())


def network(design, seed):
    net, inputs = CODE[design["names"]](design), asked(design)
    head = net.head()
    plausible(net, net.logits, head if isinstance(head, nn.Linear) else head[-1], inputs, seed)
    return net, inputs, answers(net, inputs, design)


def answers(net, inputs, design, alone=False):
    """Weights alone do not say what is between the layers of a head: such a network is read without it."""
    with torch.no_grad():
        if alone and any(what[0] == "relu" for what in design["head"]):
            return net.pool(net.trunk(inputs[:3])).flatten(1).numpy()
        return net(inputs[:3]).numpy()


def said(design):
    """What a person says of a file that holds the whole graph."""
    return preprocessing(design["norm"])


def said_of_weights(design):
    """What a person says of a file of weights alone, of which a reader takes the usual for granted."""
    usual = dict(padding="symmetric", lastBlock="stride1", activation="relu6", epsilon=1e-5, output="logits")
    if design["names"] == "tutorial": usual["lastBlock"] = "stride2"
    if design["names"] == "sequential": usual["activation"] = "relu"
    own = dict(padding=design["padding"], lastBlock=design["last"], activation=design["activation"],
               epsilon=design["epsilon"], output=design["output"])
    differing = {field: value for field, value in own.items() if value != usual[field]}
    return dict(size=design["size"], preprocessing=preprocessing(design["norm"]).get("preprocessing", {}),
                **({"configuration": differing} if differing else {}))


for seed, design in enumerate(ALONE):
    if not any(kind.wanted for kind in (ZIP, LEGACY, CHECKPOINT, SCRIPT)): break
    net, inputs, _ = network(design, seed)
    outputs = answers(net, inputs, design, alone=True)
    state, name = net.state_dict(), design["name"]
    def make():
        torch.save(state, ZIP.file(f"{name}.pth"))
        ZIP.row(f"{name}.pth", outputs, options=said_of_weights(design))
    making(ZIP, f"{name}.pth", make)
    def make():
        torch.save(state, LEGACY.file(f"{name}.pt"), _use_new_zipfile_serialization=False)
        LEGACY.row(f"{name}.pt", outputs, options=said_of_weights(design))
    making(LEGACY, f"{name}.pt", make)
    def make():
        script = torch.jit.script(net) if seed % 2 else torch.jit.trace(net, inputs[:1])
        script.save(SCRIPT.file(f"{name}.pt"))
        SCRIPT.row(f"{name}.pt", outputs, options=said_of_weights(design))
    making(SCRIPT, f"{name}.pt", make)
    def make():
        optimizer = torch.optim.SGD(net.parameters(), 1e-4, momentum=.9)
        nn.functional.cross_entropy(net(inputs[:2]), torch.tensor([0, 1])).backward()
        optimizer.step()
        after = answers(net, inputs, design, alone=True)
        data_parallel = {f"module.{key}": value for key, value in net.state_dict().items()}
        torch.save([dict(epoch=7, state_dict=data_parallel, best_acc1=50.1, optimizer=optimizer.state_dict()),
                    dict(model_state_dict=net.state_dict(), epoch=3, loss=.5),
                    dict(net=data_parallel, acc=91.2, epoch=12), dict(model=net.state_dict(), args={"lr": .1})][seed % 4],
                   CHECKPOINT.file(f"{name}.tar"))
        CHECKPOINT.row(f"{name}.tar", after, options=said_of_weights(design))
    making(CHECKPOINT, f"{name}.tar", make)


def run(path, inputs):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return np.stack([session.run(None, {name: picture[None].numpy()})[0][0] for picture in inputs[:3]])


class Calibration(CalibrationDataReader):
    def __init__(self, name, inputs): self.rows = iter([{name: picture[None].numpy()} for picture in inputs])
    def get_next(self): return next(self.rows, None)


def output_scale(path):
    """The scale of the last tensor, where the graph ends in DequantizeLinear."""
    graph = onnx.load(path).graph
    last = next(node for node in graph.node if node.output[0] == graph.output[0].name)
    if last.op_type != "DequantizeLinear": return {}
    return dict(scale=float(onnx.numpy_helper.to_array(next(t for t in graph.initializer if t.name == last.input[1]))))


for seed, design in enumerate(DESIGNS):
    if not any(kind.wanted for kind in (OLD, DYNAMO, QDQ, QLINEAR)): break
    net, inputs, outputs = network(design, 200 + seed)
    name = design["name"]
    old = os.path.join(os.path.dirname(OLD.file("")), f"{name}.onnx")
    def make():
        batch = dict(dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}}) if seed % 2 else {}
        # Sometimes as it is exported while one debugs: batch norm unfolded.
        training = torch.onnx.TrainingMode.PRESERVE if seed % 4 == 3 else torch.onnx.TrainingMode.EVAL
        torch.onnx.export(net, (inputs[:1],), old, input_names=["input"], output_names=["output"], dynamo=False,
                          opset_version=[9, 11, 12, 13, 17][seed % 5], training=training,
                          do_constant_folding=seed % 4 != 3, **batch)
        rows = run(old, inputs)
        check(np.abs(rows - outputs).max() < 1e-3, f"{design['name']}: the file is another network")
        OLD.row(f"{name}.onnx", rows, options=said(design))
    making(OLD, f"{name}.onnx", make)
    def make():
        path = DYNAMO.file(f"{name}.onnx")
        torch.onnx.export(net, (inputs[:1],), path, dynamo=True, external_data=seed % 3 == 0, verbose=False)
        rows = run(path, inputs)
        check(np.abs(rows - outputs).max() < 1e-3, f"{design['name']}: the file is another network")
        DYNAMO.row(f"{name}.onnx", rows, options=said(design))
    making(DYNAMO, f"{name}.onnx", make)
    for kind, form in ((QDQ, QuantFormat.QDQ), (QLINEAR, QuantFormat.QOperator)):
        def make():
            path, source = kind.file(f"{name}.onnx"), kind.file(f"{name}.float.onnx")
            torch.onnx.export(net, (inputs[:1],), source, input_names=["input"], output_names=["output"], dynamo=False,
                              opset_version=17)
            types = [QuantType.QUInt8, QuantType.QInt8][seed % 2]
            quantize_static(source, path, Calibration("input", inputs), quant_format=form, per_channel=seed % 3 != 2,
                            activation_type=types, weight_type=QuantType.QInt8)
            os.remove(source)
            kind.row(f"{name}.onnx", run(path, inputs), options=said(design), **output_scale(path))
        making(kind, f"{name}.onnx", make)

# timm: widths, sizes and classes; folders as timm publishes them, and files of weights alone.
for seed, (alpha, size, classes) in enumerate([(.25, 224, 5), (.25, 130, 4), (.35, 150, 3), (.5, 200, 6), (.1, 96, 4), (1.3, 96, 3),
                                             (.25, 300, 7), (.75, 128, 2), (1.25, 96, 5), (1, 96, 10)]):
    if not TIMM.wanted: break
    folder = seed % 2 == 0
    file = f"a{alpha}-{size}" + ("" if folder else ".safetensors")
    design = dict(size=size, norm="tf", output="logits")
    def make():
        from timm.models import efficientnet
        from timm.models._hub import save_for_hf
        from safetensors.torch import save_file
        arch = {1: "mobilenetv1_100", 1.25: "mobilenetv1_125"}.get(alpha)
        net = timm.create_model(arch, num_classes=classes) if arch else efficientnet._gen_mobilenet_v1(
            "mobilenetv1_100", alpha, pretrained=False, num_classes=classes)
        inputs = asked(design)
        plausible(net, net, net.classifier, inputs, 300 + seed)
        if folder: save_for_hf(net, TIMM.file(file), model_config=dict(num_classes=classes), safe_serialization=True)
        else: save_file(net.state_dict(), TIMM.file(file), {"format": "pt"})
        with torch.no_grad(): TIMM.row(file, net(inputs[:3]).numpy(), options=dict(size=size))
    making(TIMM, file, make)

for seed, (alpha, size, classes, same, act) in enumerate([
        (.25, 224, 5, True, "relu6"), (.25, 130, 4, True, "relu6"), (.35, 150, 3, True, "relu6"), (.5, 200, 6, True, "relu6"),
        (.1, 96, 4, True, "relu6"), (1.3, 96, 3, True, "relu6"), (.25, 300, 7, False, "relu6"), (.75, 128, 2, False, "relu"),
        (.25, 96, 5, True, "relu"), (1, 96, 10, False, "relu6")]):
    if not HF.wanted: break
    file = f"a{alpha}-{size}"
    imagenet = seed % 3 == 2
    design = dict(size=size, norm="imagenet" if imagenet else "tf", output="logits")
    def make():
        from transformers import MobileNetV1Config, MobileNetV1ForImageClassification, MobileNetV1ImageProcessor
        config = MobileNetV1Config(image_size=size, depth_multiplier=alpha, tf_padding=same, hidden_act=act,
                                   num_labels=classes, id2label={i: f"class {i}" for i in range(classes)})
        net, inputs = MobileNetV1ForImageClassification(config), asked(design)
        plausible(net, lambda x: net(x).logits, net.classifier, inputs, 400 + seed)
        net.save_pretrained(HF.file(file))
        if seed % 4 == 3:  # as they were until 2023
            os.remove(HF.file(f"{file}/model.safetensors"))
            torch.save(net.state_dict(), HF.file(f"{file}/pytorch_model.bin"))
        mean, std = ([.485, .456, .406], [.229, .224, .225]) if imagenet else ([.5] * 3, [.5] * 3)
        MobileNetV1ImageProcessor(size={"shortest_edge": size * 8 // 7}, crop_size={"height": size, "width": size},
                                  image_mean=mean, image_std=std).save_pretrained(HF.file(file))
        with torch.no_grad(): HF.row(file, net(inputs[:3]).logits.numpy(), options={})
    making(HF, file, make)
for kind in (ZIP, LEGACY, CHECKPOINT, SCRIPT, OLD, DYNAMO, QDQ, QLINEAR, TIMM, HF): kind.done()
