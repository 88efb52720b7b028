"""Makes the torch files of this folder and expected.json, the values a reader must find. Written by torch 1.13.

    python3 make.py
"""
import collections
import io
import json
import zipfile

import torch

expected = {}


def note(file, tensors):
    expected[file] = {
        name: {"shape": list(t.shape), "dtype": str(t.dtype).split(".")[1], "values": t.detach().to(torch.float64).flatten().tolist()}
        for name, t in tensors.items()
    }


def save(file, value, tensors, **options):
    torch.save(value, file, **options)
    note(file, tensors)


torch.manual_seed(0)
DTYPES = [torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]
types = {str(d).split(".")[1]: (torch.randn(2, 3) * 3).to(d) for d in DTYPES}
save("dtypes.pt", types, types)
save("dtypes_legacy.pt", types, types, _use_new_zipfile_serialization=False)
for protocol in (3, 4, 5):
    save(f"protocol{protocol}.pt", types, types, pickle_protocol=protocol)

base = torch.arange(24.0).reshape(4, 6)
strided = {
    "whole": base,
    "transposed": base.t(),
    "slice": base[1:3, 2:5],
    "step": base[::2, ::3],
    "row": base[2],
    "expanded": base[0, :1].expand(3, 4),
    "scalar": base[1, 1],
    "empty": torch.zeros(0, 3),
    "channels_last": torch.arange(24.0).reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
}
save("strides.pt", strided, strided)
save("strides_legacy.pt", strided, strided, _use_new_zipfile_serialization=False)

module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
state = module.state_dict()
save("module_state.pt", state, state)
parameters = collections.OrderedDict(module.named_parameters())
save("parameters.pt", parameters, parameters)

ema = {name: t.float() + 1 for name, t in state.items()}
optimizer = torch.optim.Adam(module.parameters())
module(torch.randn(2, 1, 5, 5)).sum().backward()
optimizer.step()
training = {"step": 3, "lr": 1e-4, "name": "run", "model": module.state_dict(), "ema": ema, "optimizer": optimizer.state_dict(), "size": torch.Size([2, 3])}
save("training.pt", training, ema)
save("state_dict.pt", {"epoch": 1, "state_dict": state}, state)
save("nested.pt", {"a": {"b": {"c": base}, "d": [base[0], base[1]]}, "n": 1}, {"a.b.c": base, "a.d.0": base[0], "a.d.1": base[1]})

# A big-endian machine's file: the storages' bytes reversed, and the entry that says so.
little = {k: v for k, v in types.items()}
buffer = io.BytesIO()
torch.save(little, buffer)
source = zipfile.ZipFile(buffer)
with zipfile.ZipFile("big_endian.pt", "w", zipfile.ZIP_STORED) as target:
    for entry in source.namelist():
        data = source.read(entry)
        if "/data/" in entry:
            size = list(little.values())[int(entry.rsplit("/", 1)[1])].element_size()
            data = b"".join(data[i:i + size][::-1] for i in range(0, len(data), size))
        target.writestr(entry, data)
    target.writestr(source.namelist()[0].split("/")[0] + "/byteorder", b"big")
note("big_endian.pt", little)


class Evil:
    def __reduce__(self):
        import os
        return os.system, ("touch /tmp/this-must-not-exist",)


torch.save({"w": base, "x": Evil()}, "evil.pt")
torch.save({"w": base, "x": Evil()}, "evil_legacy.pt", _use_new_zipfile_serialization=False)
torch.save(module, "whole_module.pt")
torch.save({"z": torch.zeros(2, dtype=torch.complex64)}, "complex.pt")
with zipfile.ZipFile("compressed.pt", "w", zipfile.ZIP_DEFLATED) as target:
    for entry in source.namelist():
        target.writestr(entry, source.read(entry))
torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), "script.pt")

with open("expected.json", "w") as file:
    json.dump(expected, file, indent=0)
    file.write("\n")
