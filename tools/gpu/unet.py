"""diffusers' UNet2DModel in plain PyTorch, as somebody who uses PyTorch would write it: the other side of the comparison.

Names of parameters are those of the files, so that load() is load_state_dict(); `python3 compare.py check` holds it against
the recorded outputs in tests/golden/unet.
"""
import json, math, os, struct
import torch
from torch import nn
import torch.nn.functional as F


def attend(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v)
    return torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]), dim=-1) @ v


class Resnet(nn.Module):
    def __init__(self, c, cin, cout, resample=None, scale=1.0):
        super().__init__()
        self.shift, self.resample, self.scale = c["resnet_time_scale_shift"] == "scale_shift", resample, scale
        groups, eps = c["norm_num_groups"], c["norm_eps"]
        self.norm1 = nn.GroupNorm(groups, cin, eps)
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.time_emb_proj = nn.Linear(c["time_dim"], cout * (2 if self.shift else 1))
        self.norm2 = nn.GroupNorm(groups, cout, eps)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else None

    def resize(self, x):
        if self.resample == "down":
            return F.avg_pool2d(x, 2)
        return F.interpolate(x, scale_factor=2.0, mode="nearest") if self.resample == "up" else x

    def forward(self, x, time):
        h = self.conv1(self.resize(F.silu(self.norm1(x))))
        t = self.time_emb_proj(time)[:, :, None, None]
        if self.shift:
            scale, shift = t.chunk(2, dim=1)
            h = self.norm2(h) * (1 + scale) + shift
        else:
            h = self.norm2(h + t)
        h = self.conv2(F.silu(h))
        x = self.resize(x)
        if self.conv_shortcut is not None:
            x = self.conv_shortcut(x)
        return x + h if self.scale == 1 else (x + h) / self.scale


class Attention(nn.Module):
    def __init__(self, c, channels, groups, scale=1.0):
        super().__init__()
        self.head, self.scale = c["attention_head_dim"] or channels, scale
        self.group_norm = nn.GroupNorm(groups, channels, c["norm_eps"]) if groups else None
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        n, channels, height, width = x.shape
        flat = x.reshape(n, channels, height * width)
        tokens = (self.group_norm(flat) if self.group_norm is not None else flat).transpose(1, 2)
        q, k, v = (f(tokens).view(n, height * width, -1, self.head).transpose(1, 2) for f in (self.to_q, self.to_k, self.to_v))
        h = self.to_out[0](attend(q, k, v).transpose(1, 2).reshape(n, height * width, channels))
        x = x + h.transpose(1, 2).reshape(n, channels, height, width)
        return x if self.scale == 1 else x / self.scale


class Resample(nn.Module):
    def __init__(self, c, channels, up):
        super().__init__()
        self.up, self.far = up, not up and c["downsample_padding"] == 0
        self.conv = nn.Conv2d(channels, channels, 3, stride=1 if up else 2, padding=1 if up else c["downsample_padding"])

    def forward(self, x, time):
        if self.up:
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.far else x)


class Block(nn.Module):
    def __init__(self, c, kind, widths, cout, resample):
        super().__init__()
        self.resnets = nn.ModuleList([Resnet(c, w, cout) for w in widths])
        attends = kind.startswith("Attn")
        self.attentions = nn.ModuleList([Attention(c, cout, c["norm_num_groups"]) for _ in widths]) if attends else None
        if resample:
            by_resnet = kind.startswith("Resnet") or attends and c[f"{resample}sample_type"] == "resnet"
            layer = Resnet(c, cout, cout, resample) if by_resnet else Resample(c, cout, resample == "up")
            setattr(self, f"{resample}samplers", nn.ModuleList([layer]))
            self.resampler = [layer]  # In a list: not registered a second time.
        else:
            self.resampler = None

    def layer(self, i, x, time):
        x = self.resnets[i](x, time)
        return self.attentions[i](x) if self.attentions is not None else x


class Middle(nn.Module):
    def __init__(self, c, channels):
        super().__init__()
        scale = c["mid_block_scale_factor"]
        groups = c["attn_norm_num_groups"] or (None if c["resnet_time_scale_shift"] == "scale_shift" else c["norm_num_groups"])
        self.resnets = nn.ModuleList([Resnet(c, channels, channels, scale=scale) for _ in range(2)])
        self.attentions = nn.ModuleList([Attention(c, channels, groups, scale)] if c["add_attention"] else [])

    def forward(self, x, time):
        x = self.resnets[0](x, time)
        for attention in self.attentions:
            x = attention(x)
        return self.resnets[1](x, time)


class UNet(nn.Module):
    def __init__(self, config):
        super().__init__()
        out = config["block_out_channels"]
        self.config = c = dict(config, time_dim=config.get("time_embedding_dim") or 4 * out[0])
        layers, last = c["layers_per_block"], len(out) - 1
        self.conv_in = nn.Conv2d(c["in_channels"], out[0], 3, padding=1)
        self.time_embedding = nn.ModuleDict({"linear_1": nn.Linear(out[0], c["time_dim"]), "linear_2": nn.Linear(c["time_dim"], c["time_dim"])})
        self.class_embedding = nn.Embedding(c["num_class_embeds"], c["time_dim"]) if c["num_class_embeds"] else None
        down, skips, width = [], [out[0]], out[0]
        for i, kind in enumerate(c["down_block_types"]):
            down.append(Block(c, kind, [width] + [out[i]] * (layers - 1), out[i], "down" if i < last else None))
            width = out[i]
            skips += [width] * (layers + (i < last))
        self.down_blocks = nn.ModuleList(down)
        self.mid_block = Middle(c, width)
        up = []
        for i, kind in enumerate(c["up_block_types"]):
            cout, widths = out[last - i], []
            for _ in range(layers + 1):
                widths.append(width + skips.pop())
                width = cout
            up.append(Block(c, kind, widths, cout, "up" if i < last else None))
        self.up_blocks = nn.ModuleList(up)
        self.conv_norm_out = nn.GroupNorm(c["norm_num_groups"], out[0], c["norm_eps"])
        self.conv_out = nn.Conv2d(out[0], c["out_channels"], 3, padding=1)

    def embed(self, t, labels, dtype):
        half = self.config["block_out_channels"][0] // 2
        steps = torch.arange(half, dtype=torch.float32, device=t.device)
        phases = t[:, None] * torch.exp(-math.log(10000) * steps / (half - self.config["freq_shift"]))[None]
        parts = (phases.cos(), phases.sin()) if self.config["flip_sin_to_cos"] else (phases.sin(), phases.cos())
        h = self.time_embedding["linear_2"](F.silu(self.time_embedding["linear_1"](torch.cat(parts, dim=1).to(dtype))))
        return F.silu(h if self.class_embedding is None else h + self.class_embedding(labels))

    def forward(self, x, t, labels=None):
        if self.config["center_input_sample"]:
            x = 2 * x - 1
        time = self.embed(t, labels, x.dtype)
        h = self.conv_in(x)
        skips = [h]
        for block in self.down_blocks:
            for i in range(len(block.resnets)):
                h = block.layer(i, h, time)
                skips.append(h)
            if block.resampler:
                h = block.resampler[0](h, time)
                skips.append(h)
        h = self.mid_block(h, time)
        for block in self.up_blocks:
            for i in range(len(block.resnets)):
                h = block.layer(i, torch.cat([h, skips.pop()], dim=1), time)
            if block.resampler:
                h = block.resampler[0](h, time)
        return self.conv_out(F.silu(self.conv_norm_out(h)))


def tensors(path):
    """Every tensor of a safetensors file by name, on the CPU."""
    types = {"F32": torch.float32, "F16": torch.float16, "F64": torch.float64, "I64": torch.int64, "I32": torch.int32}
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), bytearray(file.read())
    return {name: torch.frombuffer(data, dtype=types[t["dtype"]], count=math.prod(t["shape"]), offset=t["data_offsets"][0]).view(t["shape"])
            for name, t in header.items() if name != "__metadata__"}


def load(folder):
    """The network of a folder with config.json and diffusion_pytorch_model.safetensors."""
    network = UNet(json.load(open(os.path.join(folder, "config.json"))))
    network.load_state_dict(tensors(os.path.join(folder, "diffusion_pytorch_model.safetensors")))
    return network.eval()
