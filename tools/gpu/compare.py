#!/usr/bin/env python3
"""What PyTorch takes for the work that `ConsistencyModels.Bench device` and `cm train` do, on the same device.

compare.py check DEVICE GOLDEN                          the network of unet.py against the recorded outputs
compare.py sample DEVICE MODEL DTYPES BATCHES SECONDS FILE   rows as `ConsistencyModels.Bench device` writes them
compare.py train DEVICE MODEL CLASSES BATCH STEPS FILE       steps of EDM training with random pictures
compare.py report FOLDER                                the tables of all rows in a folder, as markdown
"""
import glob, json, os, statistics, sys, time


def torch_and_unet():
    # Not at the top: report needs no PyTorch.
    import torch, unet
    # Like for like: the Torch engine allows TF32 in both. PyTorch's own default allows it in convolutions only.
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    return torch, unet


def synchronize(torch, device):
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def check(device, golden):
    torch, unet = torch_and_unet()
    worst = {}
    for folder in sorted(glob.glob(os.path.join(golden, "unet", "*", ""))):
        recorded = unet.tensors(os.path.join(folder, "io.safetensors"))
        network = unet.load(folder).to(device)
        labels = recorded["class_labels"].to(device) if "class_labels" in recorded else None
        for tf32 in (False, True):
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
            with torch.inference_mode():
                out = network(recorded["sample"].to(device), recorded["timestep"].to(device), labels).cpu()
            error = (out - recorded["out"]).abs().max().item()
            worst[tf32] = max(worst.get(tf32, 0), error)
            print(f"{os.path.basename(folder[:-1])}, TF32 {'on' if tf32 else 'off'}: {error:.2e}, largest value {recorded['out'].abs().max().item():.2f}")
    print(f"worst: {worst[False]:.2e} without TF32, {worst[True]:.2e} with")
    return 0 if worst[False] < 1e-4 else 1


def measure(torch, device, work, least, fewest=5):
    for _ in range(fewest):
        work()
    synchronize(torch, device)
    seconds, begin = [], time.perf_counter()
    while len(seconds) < fewest or time.perf_counter() - begin < least:
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return seconds


def sample(device, model, dtypes, batches, least, file):
    torch, unet = torch_and_unet()
    rows = []

    def add(dtype, batch, what, work):
        rows.append({"DType": dtype, "Batch": batch, "What": what, "Seconds": measure(torch, device, work, float(least))})

    network = unet.load(os.path.join(model, "unet")).to(device)
    for word in dtypes.split(","):
        dtype = torch.bfloat16 if word == "bf16" else torch.float32
        network = network.to(dtype)
        config = network.config
        shape = (config["in_channels"], config["sample_size"], config["sample_size"])
        for batch in map(int, batches.split(",")):
            floats = torch.randn((batch, *shape))
            classes = torch.zeros(batch, dtype=torch.int64) if config["num_class_embeds"] else None
            x, t = floats.to(device, dtype), torch.full((batch,), 500.0, device=device)
            labels = None if classes is None else classes.to(device)

            def on_device():
                with torch.inference_mode():
                    network(x, t, labels)
                synchronize(torch, device)

            def from_floats():
                with torch.inference_mode():
                    y = floats.to(device)
                    return network(y.to(dtype), torch.full((batch,), 500.0).to(device), None if classes is None else classes.to(device)).float().cpu()

            def generate():
                # One step of CMStochasticIterativeScheduler from a seed, noise drawn on the CPU as diffusers' users do for repeatable pictures.
                with torch.inference_mode():
                    sigma = 80.0
                    noise = torch.randn((batch, *shape), generator=torch.Generator().manual_seed(0)).to(device) * sigma
                    scaled = noise / (sigma ** 2 + 0.25) ** 0.5
                    time = torch.full((batch,), 250.0 * 4.382, device=device)
                    f = network(scaled.to(dtype), time, labels).float()
                    skip, out = 0.25 / ((sigma - 0.002) ** 2 + 0.25), (sigma - 0.002) * 0.5 / (sigma ** 2 + 0.25) ** 0.5
                    return (f * out + noise * skip).clamp(-1, 1).cpu()

            add(word, batch, "network", on_device)
            add(word, batch, "forward", from_floats)
            add(word, batch, "generate", generate)
        # What PyTorch's users turn on for convolutions: how far the engines' common ground is from it.
        network = network.to(memory_format=torch.channels_last)
        torch.backends.cudnn.benchmark = True
        for batch in map(int, batches.split(",")):
            x, t = torch.randn((batch, *shape)).to(device, dtype).to(memory_format=torch.channels_last), torch.full((batch,), 500.0, device=device)
            labels = torch.zeros(batch, dtype=torch.int64, device=device) if config["num_class_embeds"] else None

            def tuned():
                with torch.inference_mode():
                    network(x, t, labels)
                synchronize(torch, device)

            add(word, batch, "network, channels last and cuDNN's search", tuned)
        torch.backends.cudnn.benchmark = False
        network = network.to(memory_format=torch.contiguous_format)
    json.dump(rows, open(file, "w"))
    for row in rows:
        print(f"{row['DType']} batch {row['Batch']} {row['What']}: {statistics.median(row['Seconds']):.4g}")


def train(device, model, classes, batch, steps, file):
    torch, unet = torch_and_unet()
    batch, steps, classes = int(batch), int(steps), int(classes)
    config = json.load(open(os.path.join(model, "unet", "config.json")))
    torch.manual_seed(0)
    network = unet.UNet(dict(config, num_class_embeds=classes)).to(device).train()
    parameters = list(network.parameters())
    average = [p.detach().clone() for p in parameters]
    optimizer = torch.optim.RAdam(parameters, lr=1e-3, betas=(0.9, 0.99))
    size = config["sample_size"]
    pictures = torch.randint(0, 256, (1245, 3, size, size), dtype=torch.uint8)
    labels = torch.randint(0, classes, (1245,))
    seconds, start = [], None
    for step in range(steps):
        index = torch.randint(0, len(pictures), (batch,))
        x = pictures[index].to(device).float() / 127.5 - 1
        y = labels[index].to(device)
        sigma = (torch.randn(batch, device=device) * 1.2 - 1.2).exp()
        s = sigma.view(-1, 1, 1, 1)
        noisy = x + torch.randn_like(x) * s
        f = network(noisy / (s * s + 0.25).sqrt(), 250 * sigma.log(), y)
        d = noisy * 0.25 / (s * s + 0.25) + f * s * 0.5 / (s * s + 0.25).sqrt()
        loss = ((s * s + 0.25) / (s * 0.5) ** 2 * (d - x) ** 2).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.stack(torch._foreach_norm([p.grad for p in parameters])).norm()
        optimizer.step()
        with torch.no_grad():
            torch._foreach_mul_(average, 0.999)
            torch._foreach_add_(average, parameters, alpha=0.001)
        if (step + 1) % 50 == 0:
            # As trainers do: losses are read now and then. The steps since the last time are over here.
            loss.item(), norm.item()
            if start is not None:
                seconds.append((time.perf_counter() - start) / 50)
            start = time.perf_counter()
    json.dump([{"DType": "f32", "Batch": batch, "What": "training step", "Seconds": seconds}], open(file, "w"))
    print(f"batch {batch}: {1000 * statistics.median(seconds):.2f} ms a step, {batch / statistics.median(seconds):.0f} images/s, loss {loss.item():.3f}")


def logged(file, batch):
    """The rows of a log of `cm train`: seconds of a step, from the images a second of each line but the first two."""
    lines = [json.loads(line) for line in open(file)]
    return [{"DType": "f32", "Batch": batch, "What": "training step", "Seconds": [batch / line["images_per_second"] for line in lines[2:]]}]


def report(folder):
    """Files are named MODEL.WHO.ROUND.json, and MODEL.cm.ROUND.BATCH.jsonl for logs of cm train."""
    found = {}
    for file in sorted(glob.glob(os.path.join(folder, "*.json")) + glob.glob(os.path.join(folder, "*.jsonl"))):
        words = os.path.basename(file).split(".")
        rows = logged(file, int(words[3])) if file.endswith("jsonl") else json.load(open(file))
        for row in rows:
            key = (words[0], row["DType"], row["Batch"], row["What"])
            found.setdefault(key, {}).setdefault(words[1], []).append(statistics.median(row["Seconds"]))
    print("| model | precision | batch | | this library, ms | PyTorch, ms | ratio |\n|---|---|---|---|---|---|---|")
    order = ["network", "forward", "generate", "training step"]
    for model, dtype, batch, what in sorted(found, key=lambda k: (k[0], k[1] != "f32", k[2], order.index(k[3]) if k[3] in order else 9)):
        sides = found[model, dtype, batch, what]
        ours, theirs = sides.get("cm"), sides.get("pytorch")
        if what.startswith("error"):
            print(f"| {model} | {dtype} | {batch} | {what} | {ours[0]:.1e} | | |")
            continue
        show = lambda times: ", ".join(f"{1000 * t:.2f}" for t in times) if times else ""
        ratio = f"{statistics.median(ours) / statistics.median(theirs):.2f}" if ours and theirs else ""
        print(f"| {model} | {dtype} | {batch} | {what} | {show(ours)} | {show(theirs)} | {ratio} |")


if __name__ == "__main__":
    commands = {"check": check, "sample": sample, "train": train, "report": report}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    sys.exit(commands[sys.argv[1]](*sys.argv[2:]))
