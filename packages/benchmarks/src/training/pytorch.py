"""PyTorch on the CPU: whole training steps of MobileNet v1, in the process of a runtime (training/pytorch.ts).

It answers the questions of protocol.ts, one line of JSON each: `prepare` reads the same model as ours, makes the first
steps and returns their losses; `run` returns the milliseconds of each step.
"""

import json
import platform
import sys
import time
from pathlib import Path

import torch
from torch import nn

from model import read_model, strides


def layer(tensors, name, stride, epsilon, momentum):
    """A convolution of a model with batch norm and ReLU6; the shape of its weights shows its kind."""
    weight = tensors[f"{name}.conv.weight"]
    outputs, inputs, kernel, _ = weight.shape
    groups = outputs if inputs == 1 and kernel > 1 else 1
    convolution = nn.Conv2d(
        inputs * groups, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False
    )
    norm = nn.BatchNorm2d(outputs, eps=epsilon, momentum=momentum)
    with torch.no_grad():
        convolution.weight.copy_(weight)
        for part in ["weight", "bias", "running_mean", "running_var"]:
            getattr(norm, part).copy_(tensors[f"{name}.bn.{part}"])
    return [convolution, norm, nn.ReLU6(inplace=True)]


def network(tensors, epsilon, momentum):
    modules = layer(tensors, "stem", 2, epsilon, momentum)
    for i, stride in enumerate(strides):
        modules += layer(tensors, f"blocks.{i}.depthwise", stride, epsilon, momentum)
        modules += layer(tensors, f"blocks.{i}.pointwise", 1, epsilon, momentum)
    weight = tensors["classifier.weight"]
    classifier = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        classifier.weight.copy_(weight)
        classifier.bias.copy_(tensors["classifier.bias"])
    modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), classifier]
    return nn.Sequential(*modules).to(memory_format=torch.channels_last).train()


def prepare(job):
    """A function that makes one step and returns its loss."""
    torch.set_num_threads(job["threads"])
    training = job["training"]
    folder = Path(job["folder"])
    model = network(read_model(folder / "network.safetensors"), training["epsilon"], training["normMomentum"])
    shape = [job["batch"], job["size"], job["size"], job["channels"]]
    pictures = torch.frombuffer(bytearray((folder / "input.f32").read_bytes()), dtype=torch.float32)
    # NHWC in memory, which PyTorch calls channels_last.
    pictures = pictures.reshape(shape).permute(0, 3, 1, 2)
    assert pictures.is_contiguous(memory_format=torch.channels_last)
    labels = torch.tensor(training["labels"])
    options = {"lr": training["learningRate"], "momentum": training["momentum"]}
    try:
        # The fastest form: one pass over each tensor, without a temporary one.
        optimizer = torch.optim.SGD(model.parameters(), fused=True, **options)
    except TypeError:
        # Not available before PyTorch 2.4.
        optimizer = torch.optim.SGD(model.parameters(), **options)

    def step():
        loss = nn.functional.cross_entropy(model(pictures), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def milliseconds(step):
    start = time.perf_counter()
    step()
    return (time.perf_counter() - start) * 1000


def main():
    step = None
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if question["kind"] == "prepare":
                step = prepare(question["job"])
                losses = [step() for _ in range(question["job"]["training"]["losses"])]
                value = {"outputs": losses, "host": f"Python {platform.python_version()}", "version": torch.__version__}
            elif question["kind"] == "run":
                value = [milliseconds(step) for _ in range(question["runs"])]
            else:
                value = None
            reply = {"value": value}
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)
        if question["kind"] == "stop":
            return


main()
