"""What PyTorch reaches in fine-tuning MobileNet v1, for comparison with "Transfer" in docs/training.md.

The weights come from a safetensors file that `mobilenet convert` writes from a model with batch norm:

    node packages/mobilenet/bin/mobilenet.js convert ../shared/weights/mobilenet_v1_1.0_224_tfjs -o /tmp/mobilenet.safetensors
    fine_tune=packages/benchmarks/src/training/fine_tune.py
    packages/benchmarks/.python/bin/python $fine_tune check /tmp/mobilenet.safetensors ../shared/data
    packages/benchmarks/.python/bin/python $fine_tune norm /tmp/mobilenet.safetensors ../shared/data
    packages/benchmarks/.python/bin/python $fine_tune cross /tmp/mobilenet.safetensors ../shared/data/flowers --parts 0 1 [recipe]

`check` classifies labeled photographs of ImageNet; `norm` compares batch norm's two modes before anything is learned;
`cross` fits a recipe to four fifths of `train` and validates it on the fifth part, for each part given. `--help` lists the
options of a recipe. Needs torch, numpy and Pillow.
"""

import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from pictures import crop, tensor
from model import read_model, strides

size, shorter, batch, epsilon = 224, 256, 32, 1e-3
# Channels with less variance are constant: weight decay has emptied them.
empty_variance = 1e-6
# Penalties of the classifier among which cross-validation chooses.
penalties = [10 ** (-i / 2) for i in range(-2, 8)]
parts_of_cross_validation = 5


class Layer(nn.Module):
    """A convolution of a model with batch norm and ReLU6, and TensorFlow's padding: below and to the right at stride 2."""

    def __init__(self, tensors, name, stride):
        super().__init__()
        weight = tensors[f"{name}.conv.weight"]
        outputs, inputs, kernel, _ = weight.shape
        self.depthwise = inputs == 1 and kernel > 1
        self.stride, self.padding = stride, kernel // 2 if stride == 1 else 0
        self.weight = nn.Parameter(weight.clone(memory_format=torch.channels_last))
        self.norm = nn.BatchNorm2d(outputs, eps=epsilon)
        with torch.no_grad():
            for part in ["weight", "bias", "running_mean", "running_var"]:
                getattr(self.norm, part).copy_(tensors[f"{name}.bn.{part}"])
        self.register_buffer("alive", (self.norm.running_var > empty_variance).float().reshape(-1, 1, 1, 1))

    def forward(self, x):
        if self.stride == 2:
            x = functional.pad(x, (0, 1, 0, 1))
        groups = x.shape[1] if self.depthwise else 1
        if self.norm.training:
            y = self.norm(functional.conv2d(x, self.weight, None, self.stride, self.padding, groups=groups))
        else:
            # Equal to batch norm with fixed statistics, in one pass over the pictures.
            scale = self.norm.weight / torch.sqrt(self.norm.running_var + epsilon)
            shift = self.norm.bias - self.norm.running_mean * scale
            weight = self.weight * scale.reshape(-1, 1, 1, 1)
            y = functional.conv2d(x, weight, shift, self.stride, self.padding, groups=groups)
        return functional.relu6(y, inplace=True)


def network(tensors):
    modules = [Layer(tensors, "stem", 2)]
    for i, stride in enumerate(strides):
        modules += [Layer(tensors, f"blocks.{i}.depthwise", stride), Layer(tensors, f"blocks.{i}.pointwise", 1)]
    weight = tensors["classifier.weight"]
    modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(weight.shape[1], weight.shape[0])]
    set_classifier(modules[-1], weight, tensors["classifier.bias"])
    return nn.Sequential(*modules).to(memory_format=torch.channels_last).eval()


def set_classifier(classifier, weight, bias):
    with torch.no_grad():
        classifier.weight.copy_(weight)
        classifier.bias.copy_(bias)


def opened(path):
    picture = Image.open(path).convert("RGB")
    shrink = shorter / min(picture.size)
    if shrink >= 1:
        return picture
    return picture.resize([max(shorter, round(side * shrink)) for side in picture.size], Image.BILINEAR)


def folder(path):
    """The pictures of a folder of class folders, with their classes."""
    names = sorted(entry.name for entry in Path(path).iterdir() if entry.is_dir())
    pictures, labels = [], []
    for label, name in enumerate(names):
        for file in sorted((Path(path) / name).iterdir()):
            pictures.append(opened(file))
            labels.append(label)
    return pictures, torch.tensor(labels)


def listed(path, count=None):
    """The pictures of a folder that has a labels.tsv."""
    rows = [line.split("\t") for line in (Path(path) / "labels.tsv").read_text().splitlines()[1:]][:count]
    return [opened(Path(path) / row[0]) for row in rows], torch.tensor([int(row[1]) for row in rows])


def stretched(picture):
    return picture.resize((size, size), Image.BILINEAR)


def colored(values, strength):
    """Changes brightness, contrast and saturation of pictures, each by a random factor of 1 ± strength."""
    factor = lambda: 1 + strength * (2 * torch.rand(len(values), 1, 1, 1) - 1)
    light = (values + 1) * factor()
    middle = light.mean(dim=(1, 2, 3), keepdim=True)
    light = middle + (light - middle) * factor()
    gray = light.mean(dim=1, keepdim=True)
    light = gray + (light - gray) * factor()
    return (light - 1).clamp(-1, 1).contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def outputs_of(net, pictures):
    return torch.cat([net(tensor([stretched(p) for p in pictures[i : i + batch]])) for i in range(0, len(pictures), batch)])


def judged(logits, labels):
    """Top-1 and cross entropy."""
    return (logits.argmax(1) == labels).float().mean().item(), functional.cross_entropy(logits, labels).item()


def stratified(labels, parts, seed):
    """The part that each picture belongs to."""
    generator = np.random.default_rng(seed)
    part = np.empty(len(labels), dtype=int)
    for label in labels.unique():
        members = generator.permutation(np.flatnonzero(labels.numpy() == label.item()))
        part[members] = np.arange(len(members)) % parts
    return torch.from_numpy(part)


def logistic(features, labels, classes, penalty):
    """The weight and bias that minimize the cross entropy plus the penalty of the weights."""
    mean, deviation = features.mean(0), features.std()
    inputs = ((features - mean) / deviation).double()
    weight = torch.zeros(classes, inputs.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(classes, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=300, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(inputs @ weight.T + bias, labels) + penalty / 2 * weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    weight = weight.detach().float() / deviation
    return weight, bias.detach().float() - weight @ mean


def head(features, labels, classes):
    """The classifier with the penalty that is best in cross-validation, and that penalty."""
    part = stratified(labels, parts_of_cross_validation, 0)

    def loss(penalty):
        total = 0
        for one in range(parts_of_cross_validation):
            weight, bias = logistic(features[part != one], labels[part != one], classes, penalty)
            total += judged(features[part == one] @ weight.T + bias, labels[part == one])[1]
        return total

    penalty = min(penalties, key=loss)
    return *logistic(features, labels, classes, penalty), penalty


def layers(net):
    return [module for module in net if isinstance(module, Layer)]


def groups_of(net, recipe):
    """Parameters with their rate and weight decay: none for depthwise filters, batch norm and biases."""
    decayed = [layer.weight for layer in layers(net) if not layer.depthwise]
    plain = [layer.weight for layer in layers(net) if layer.depthwise]
    plain += [parameter for layer in layers(net) for parameter in layer.norm.parameters()]
    rate = recipe.rate * recipe.head_factor
    return [
        {"params": decayed, "weight_decay": recipe.decay, "lr": recipe.rate, "rate": recipe.rate},
        {"params": plain, "weight_decay": 0, "lr": recipe.rate, "rate": recipe.rate},
        {"params": [net[-1].weight], "weight_decay": recipe.decay, "lr": rate, "rate": rate},
        {"params": [net[-1].bias], "weight_decay": 0, "lr": rate, "rate": rate},
    ]


def fine_tune(net, train, labels, recipe, seed, report):
    """Trains everything; `report` is called after each epoch."""
    random.seed(seed)
    torch.manual_seed(seed)
    groups = groups_of(net, recipe)
    if recipe.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, momentum=0.9, nesterov=True)
    else:
        optimizer = torch.optim.AdamW(groups)
    steps = len(train) // batch * recipe.epochs
    step = 0
    for epoch in range(recipe.epochs):
        for layer in layers(net):
            layer.norm.train(recipe.norm == "training")
        order = random.sample(range(len(train)), len(train))
        total, start = 0.0, time.time()
        # Batches of equal size: for a small last one, the learning rate would be too high and its statistics unreliable.
        for first in range(0, len(order) - batch + 1, batch):
            chosen = order[first : first + batch]
            share = min(1, (step + 1) / (len(train) // batch)) * 0.5 * (1 + math.cos(math.pi * step / steps))
            for group in optimizer.param_groups:
                group["lr"] = group["rate"] * share
            pictures = tensor([crop(train[i], size, (recipe.area, 1)) for i in chosen])
            if recipe.color:
                pictures = colored(pictures, recipe.color)
            loss = functional.cross_entropy(net(pictures), labels[chosen], label_smoothing=recipe.smoothing)
            optimizer.zero_grad()
            loss.backward()
            for layer in layers(net):
                # Filters that weight decay has emptied have gradients a thousand times as large, and must stay empty.
                layer.weight.grad.mul_(layer.alive)
            if recipe.clip:
                nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
            optimizer.step()
            total += loss.item()
            step += 1
        net.eval()
        report(epoch + 1, total / (len(order) // batch), time.time() - start)


def run(tensors, train, test, recipe, seed, name, features):
    """Trains the head, then fine-tunes, on one split: top-1 and cross entropy of both on its validation part."""
    (pictures, labels), (others, answers) = train, test
    classes = int(labels.max()) + 1
    weight, bias, penalty = head(features[0], labels, classes)
    result = [judged(features[1] @ weight.T + bias, answers)]
    print(f"{name} head alone, penalty {penalty:.2g}: top-1 {result[0][0]:.4f} loss {result[0][1]:.4f}", flush=True)
    net = network(tensors)
    net[-1] = nn.Linear(weight.shape[1], classes)
    set_classifier(net[-1], weight, bias)

    def report(epoch, loss, seconds):
        if epoch % recipe.every and epoch < recipe.epochs:
            return print(f"{name} epoch {epoch} loss {loss:.4f} {seconds:.0f} s", flush=True)
        top1, entropy = judged(outputs_of(net, others), answers)
        print(f"{name} epoch {epoch} loss {loss:.4f}: top-1 {top1:.4f} loss {entropy:.4f} {seconds:.0f} s", flush=True)
        result[1:] = [(top1, entropy)]

    if recipe.epochs:
        fine_tune(net, pictures, labels, recipe, seed, report)
    return result


def conclude(name, results):
    for i, stage in enumerate(["head alone", "last epoch"][: len(results[0])]):
        top1, loss = np.array([result[i] for result in results]).T
        print(f"{name}: {stage} top-1 {top1.mean():.4f} {np.round(top1, 4).tolist()} loss {loss.mean():.4f} {np.round(loss, 4).tolist()}")


def embedder(tensors):
    return network(tensors)[:-1]


def cross(tensors, recipe):
    pictures, labels = folder(Path(recipe.data) / "train")
    features = outputs_of(embedder(tensors), pictures)
    part = stratified(labels, parts_of_cross_validation, 1)
    results = []
    for one in recipe.parts:
        there, here = torch.nonzero(part != one).flatten(), torch.nonzero(part == one).flatten()
        take = lambda indices: ([pictures[i] for i in indices], labels[indices])
        results.append(run(tensors, take(there), take(here), recipe, one, f"part {one}", (features[there], features[here])))
    conclude("cross-validation", results)


def check(tensors, recipe):
    for name in ["imagenet_samples", "ilsvrc_val_227"]:
        pictures, labels = listed(Path(recipe.data) / name)
        top1, loss = judged(outputs_of(network(tensors), pictures), labels)
        print(f"{name}: top-1 {top1:.4f} loss {loss:.4f}", flush=True)


def norm(tensors, recipe):
    """The ImageNet classifier on batches of 32, with batch norm's running statistics and with the batch's."""
    data = Path(recipe.data)
    names = [line.split("\t")[2] for line in (data / "imagenet_classes.tsv").read_text().splitlines()[1:]]
    daisy, bee, ant = 985, 309, 310
    flowers, kinds = folder(data / "flowers" / "train")
    insects, sorts = folder(data / "hymenoptera" / "train")
    varied, classes = listed(data / "ilsvrc_val_227", 96)
    generator = np.random.default_rng(0)
    mixed, both = generator.permutation(len(flowers)), generator.permutation(len(insects))
    batches = [(f"flowers {i}", [flowers[j] for j in mixed[i * 32 : i * 32 + 32]],
                torch.where(kinds[mixed[i * 32 : i * 32 + 32]] == 0, daisy, -1)) for i in range(3)]
    batches += [("daisies only", flowers[:32], torch.full((32,), daisy))]
    batches += [(f"insects {i}", [insects[j] for j in both[i * 32 : i * 32 + 32]],
                 torch.where(sorts[both[i * 32 : i * 32 + 32]] == 0, ant, bee)) for i in range(2)]
    batches += [(f"varied {i}", varied[i * 32 : i * 32 + 32], classes[i * 32 : i * 32 + 32]) for i in range(3)]
    for name, pictures, labels in batches:
        values = tensor([stretched(p) for p in pictures])
        for mode in ["evaluation", "training"]:
            # A separate network, because training mode changes the statistics.
            net = network(tensors)
            net.train(mode == "training")
            with torch.no_grad():
                logits = net(values)
            known = labels >= 0
            top1, loss = judged(logits[known], labels[known])
            most = torch.bincount(logits.argmax(1), minlength=1000)
            told = ", ".join(f"{names[i]} {int(most[i])}" for i in most.argsort(descending=True)[:5] if most[i])
            share = logits.softmax(1)[~known, daisy].mean().item() if (~known).any() else math.nan
            print(f"{name}, {mode}: {int(known.sum())} of known class: top-1 {top1:.3f} loss {loss:.2f}; "
                  f"daisy's share of the others {share:.3f}; largest logit {logits.max(1).values.mean():.1f}; {told}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["check", "norm", "cross"])
    parser.add_argument("weights")
    parser.add_argument("data")
    parser.add_argument("--parts", type=int, nargs="+", default=list(range(parts_of_cross_validation)))
    parser.add_argument("--norm", choices=["frozen", "training"], default="frozen", help="batch norm's statistics; its scale and shift learn in both")
    parser.add_argument("--optimizer", choices=["sgd", "adamw"], default="sgd")
    parser.add_argument("--rate", type=float, default=0.003)
    parser.add_argument("--head-factor", type=float, default=1, help="the classifier's rate, as a factor of the others'")
    parser.add_argument("--decay", type=float, default=1e-4, help="of the stem's, pointwise and classifier's weights")
    parser.add_argument("--clip", type=float, default=0, help="largest norm of the gradients")
    parser.add_argument("--area", type=float, default=0.5, help="least share of a picture that a crop shows")
    parser.add_argument("--color", type=float, default=0.2)
    parser.add_argument("--smoothing", type=float, default=0.1)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--every", type=int, default=4, help="epochs between looks at the other part")
    parser.add_argument("--threads", type=int, default=2)
    recipe = parser.parse_args()
    torch.set_num_threads(recipe.threads)
    print(f"torch {torch.__version__}, {vars(recipe)}", flush=True)
    {"check": check, "norm": norm, "cross": cross}[recipe.what](read_model(recipe.weights), recipe)


main()
