"""Computes the golden files beside this one again, without PyTorch: numpy and the conventions of README.md.

    pip install numpy==2.4.6 && python3 check-numbers.py

Prints how far off each file is and fails where that is more than float32 storage explains. Gradients are compared with
difference quotients of the loss along two directions, so that nothing has to be derived by hand.
"""
import json, math, pathlib
import numpy as np

FOLDER = pathlib.Path(__file__).parent
# Storage as float32 alone is 2.4e-7 off at 6, and up to 7e-7 of the change of a weight that has moved little.
LIMIT = 1e-6


def read(path):
    """The tensors of a safetensors file as float64, and its metadata."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    metadata = {key: json.loads(value) for key, value in header.pop("__metadata__").items()}
    types = {"F32": "<f4", "I32": "<i4"}
    tensors = {}
    for name, entry in header.items():
        begin, end = (start + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(content[begin:end], types[entry["dtype"]]).reshape(entry["shape"]).astype(np.float64)
    return tensors, metadata


def convolution(x, weight, stride, padding, depthwise):
    """x is [n, height, width, inputs], weight [outputs, inputs or 1, kernel, kernel]."""
    kernel = weight.shape[2]
    x = np.pad(x, ((0, 0), padding, padding, (0, 0)))
    size = (x.shape[1] - kernel) // stride + 1
    total = 0
    for row in range(kernel):
        for column in range(kernel):
            pixels = x[:, row : row + stride * size : stride, column : column + stride * size : stride][:, :size, :size]
            tap = weight[:, :, row, column]
            total = total + (pixels * tap[:, 0] if depthwise else pixels @ tap.T)
    return total


def network(config, tensors, pictures, training=False):
    """The output of each layer by name; in training also the mean and the variance of each batch norm."""
    outputs, statistics = {}, {}

    def layer(x, name, stride, padding):
        if padding == "same":
            total = max((math.ceil(x.shape[1] / stride) - 1) * stride + 3 - x.shape[1], 0)
            padding = (total // 2, total - total // 2)
        x = convolution(x, tensors[f"{name}.conv.weight"], stride, padding, "depthwise" in name)
        of_norm = ("weight", "bias", "running_mean", "running_var")
        scale, shift, mean, variance = (tensors[f"{name}.bn.{part}"] for part in of_norm)
        if training:
            mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
            statistics[name] = mean, variance, x[..., 0].size
        x = np.clip((x - mean) / np.sqrt(variance + config["epsilon"]) * scale + shift, 0, 6)
        outputs[name] = x
        return x

    usual = "same" if config["padding"] == "same" else (1, 1)
    last = (2, (4, 4)) if config["lastBlock"] == "stride2" else (1, usual)
    strides = [1, 2, 1, 2, 1, 2, *([1] * 5 if config["depth"] == "full" else []), 2]
    x = layer(pictures, "stem", 2, usual)
    for block, (stride, padding) in enumerate([*((stride, usual) for stride in strides), last]):
        x = layer(x, f"blocks.{block}.depthwise", stride, padding)
        x = layer(x, f"blocks.{block}.pointwise", 1, (0, 0))
    outputs["pool"] = x.mean((1, 2))
    outputs["logits"] = outputs["pool"] @ tensors["classifier.weight"].T + tensors["classifier.bias"]
    return outputs, statistics


def loss_of(logits, labels, smoothing):
    classes = logits.shape[1]
    targets = (1 - smoothing) * np.eye(classes)[labels.astype(int)] + smoothing / classes
    exponents = np.exp(logits - logits.max(1, keepdims=True))
    return -(targets * np.log(exponents / exponents.sum(1, keepdims=True))).sum(1).mean()


def report(name, off, what):
    print(f"{name}: {what} {off:.1e} off")
    assert off < LIMIT


def check_forward(path):
    tensors, metadata = read(path)
    outputs, _ = network(metadata["config"], tensors, tensors["input"])
    assert {f"activation.{name}" for name in outputs} == {name for name in tensors if name.startswith("activation.")}
    off = max(abs(values - tensors[f"activation.{name}"]).max() for name, values in outputs.items())
    report(path.name, off, f"{len(outputs)} outputs are at most")


def check_gradients(path, random):
    tensors, metadata = read(path)
    config, training = metadata["config"], metadata["training"]
    before = {name.removeprefix("before."): values for name, values in tensors.items() if name.startswith("before.")}

    def run(changed, values):
        now = before | {"input": tensors["input"], changed: values}
        outputs, statistics = network(config, now, now["input"], training=True)
        return loss_of(outputs["logits"], tensors["labels"], training["labelSmoothing"]), statistics

    loss, statistics = run("input", tensors["input"])
    report(path.name, abs(loss - tensors["loss"][0]), "the loss is")
    momentum, off = training["batchNormMomentum"], 0
    for name, (mean, variance, count) in statistics.items():
        for kind, value in (("running_mean", mean), ("running_var", variance * count / (count - 1))):
            expected = (1 - momentum) * before[f"{name}.bn.{kind}"] + momentum * value
            off = max(off, abs(expected - tensors[f"after.{name}.bn.{kind}"]).max())
    report(path.name, off, f"running statistics of {len(statistics)} batch norms are at most")

    off, names = 0, [name.removeprefix("gradient.") for name in tensors if name.startswith("gradient.")]
    for name in names:
        start, gradient = (before | {"input": tensors["input"]})[name], tensors[f"gradient.{name}"]
        for direction in (gradient, random.normal(size=gradient.shape)):
            direction = direction / np.linalg.norm(direction)
            # So small that no unit of ReLU6 reaches a kink: the files keep them away.
            up, down = (run(name, start + step * direction)[0] for step in (1e-6, -1e-6))
            off = max(off, abs((up - down) / 2e-6 - (gradient * direction).sum()) / np.linalg.norm(gradient))
    report(path.name, off, f"gradients of {len(names)} tensors, along two directions each, are at most")


def adamw(case, w, g, decay, rate, state, step):
    b1, b2 = case["beta1"], case["beta2"]
    state["mean"] = b1 * state.get("mean", 0) + (1 - b1) * g
    state["square"] = b2 * state.get("square", 0) + (1 - b2) * g**2
    mean, square = state["mean"] / (1 - b1**step), state["square"] / (1 - b2**step)
    return w - rate * decay * w - rate * mean / (np.sqrt(square) + case["epsilon"])


def rmsprop(case, w, g, decay, rate, state, _step):
    g = g + decay * w
    state["square"] = case["decay"] * state.get("square", 1) + (1 - case["decay"]) * g**2
    state["moment"] = case["momentum"] * state.get("moment", 0) + rate * g / np.sqrt(state["square"] + case["epsilon"])
    return w - state["moment"]


def sgd(case, w, g, decay, rate, state, _step):
    g = g + decay * w
    state["moment"] = case["momentum"] * state.get("moment", 0) + g
    return w - rate * (g + case["momentum"] * state["moment"] if case["nesterov"] else state["moment"])


def check_optimizers(path):
    tensors, metadata = read(path)
    names = [name.removeprefix("before.") for name in tensors if name.startswith("before.")]
    for case_name, case in metadata["cases"].items():
        update = {"adamw": adamw, "rmsprop": rmsprop, "sgd": sgd}[case["optimizer"]]
        weights = {name: tensors[f"before.{name}"] for name in names}
        states = {name: {} for name in names}
        for step, rate in enumerate(metadata["learningRates"]):
            gradients = {name: tensors[f"gradient.{step}.{name}"] for name in names}
            length = math.sqrt(sum((values**2).sum() for values in gradients.values()))
            clipping = min(1, case.get("clipGlobalNorm", math.inf) / (length + 1e-6))
            for name in names:
                decay = case["weightDecay"] if name in metadata["weightDecayOn"] else 0
                gradient = gradients[name] * clipping
                weights[name] = update(case, weights[name], gradient, decay, rate, states[name], step + 1)
        off = max(np.linalg.norm(values - tensors[f"after.{case_name}.{name}"])
                  / np.linalg.norm(values - tensors[f"before.{name}"]) for name, values in weights.items())
        report(path.name, off, f"the change of {case_name} is at most")


if __name__ == "__main__":
    for path in sorted(FOLDER.glob("forward_*.safetensors")): check_forward(path)
    for path in sorted(FOLDER.glob("gradients_*.safetensors")): check_gradients(path, np.random.default_rng(1))
    check_optimizers(FOLDER / "optimizers.safetensors")
