#!/usr/bin/env bash
# Runs on the machine with the GPU, at the root of a checkout of this repository, with the folder that pack.sh filled: in it, too.
#   tools/gpu/run.sh KIT OUT [STEP...]
# Steps, in this order unless others are named: probe golden check agree sample train. Each has a log in OUT; one that
# fails does not stop the others. `tiles:SECONDS` trains the bundled model's network for so long and draws with it.
# PYTHON names the Python with PyTorch (python3), DEVICE the device (cuda), QUICK=1 makes every measurement short, ARCHIVE is a
# file to keep all of OUT in, written anew after each step.
set -uo pipefail
[ $# -ge 2 ] || { sed -n 2,7p "$0"; exit 2; }
repository=$PWD
kit=$(cd "$1" && pwd)
mkdir -p "$2"
out=$(cd "$2" && pwd)
shift 2
steps=${*:-probe golden check agree sample train}
python=${PYTHON:-python3}
device=${DEVICE:-cuda}
seconds=${QUICK:+0.05}
seconds=${seconds:-0.2}
work=$kit/unpacked
mkdir -p "$work" "$out/rows"
export PYTHONUNBUFFERED=1 DOTNET_ROOT=$work/dotnet DOTNET_CLI_TELEMETRY_OPTOUT=1 CM_CACHE=$work/cache
here=$(cd "$(dirname "$0")" && pwd)

torch=$($python -c 'import torch, os; print(os.path.dirname(torch.__file__))')
export CM_LIBTORCH=${CM_LIBTORCH:-$torch/lib}
cm() { "$DOTNET_ROOT/dotnet" "$work/app/cm.dll" "$@"; }
bench() { "$DOTNET_ROOT/dotnet" "$work/app/ConsistencyModels.Bench.dll" "$@"; }

unpack() {
    if [ ! -d "$work/app" ]; then
        mkdir -p "$DOTNET_ROOT"
        tar -C "$DOTNET_ROOT" -xJf "$kit"/dotnet-*.tar.xz & tar -C "$work" -xJf "$kit/app.tar.xz" && wait $!
        cp -r "$repository/models" "$work/app"
    fi
}

# Functions of libtorch that the binding wants and this libtorch lacks: calls to them end the process, the others work.
missing() {
    nm -D --undefined-only "$work/app/libLibTorchSharp.so" | awk '{print $2}' | grep -E '^_Z' | grep -v '@' | sort -u >"$out/wanted.txt"
    nm -D --defined-only "$CM_LIBTORCH"/libc10.so "$CM_LIBTORCH"/libtorch_cpu.so "$CM_LIBTORCH"/libtorch.so | awk 'NF == 3 {print $3}' | sed 's/@.*//' | sort -u >"$out/given.txt"
    comm -23 "$out/wanted.txt" "$out/given.txt" | c++filt | grep -v '^std::\|^TLS init\|^operator \|__cxxabiv1\|__gnu_cxx' | tee "$out/missing.txt"
    echo "$(wc -l <"$out/missing.txt") of $(wc -l <"$out/wanted.txt") symbols are missing"
    rm -f "$out/wanted.txt" "$out/given.txt"
}

doctor() { cm doctor; cm doctor --json | grep -q '"cuda:0\|cpu, cuda:0' || [ "$device" = cpu ]; }

try() { doctor && cm generate -n 4 --seed 1 --grid --device "$device" --out "$out/probe.png"; }

probe() {
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,temperature.gpu --format=csv
    $python -c 'import torch; print("PyTorch", torch.__version__, torch.cuda.is_available() and torch.cuda.get_device_name())'
    grep -m 1 'model name' /proc/cpuinfo; nproc
    missing
    try && return 0
    echo "It does not work. Once more, with the folders of NVIDIA's packages named:"
    LD_LIBRARY_PATH=$(printf '%s:' "$(dirname "$torch")"/nvidia/*/lib)
    export LD_LIBRARY_PATH
    try && return 0
    [ -f "$kit/torchsharp.tar.xz" ] || return 1
    echo "It does not work. Once more, with a binding built for this libtorch:"
    mkdir -p "$work/torchsharp"
    tar -C "$work/torchsharp" -xJf "$kit/torchsharp.tar.xz" || return 1
    time bash "$here/build-binding.sh" "$work/torchsharp/src/Native" "$torch" "$work/libLibTorchSharp.so" || return 1
    cp "$work/libLibTorchSharp.so" "$work/app/libLibTorchSharp.so"
    missing
    try
}

golden() {
    GOLDEN_DIR=$repository/tests/golden CM_TEST_DEVICE=$device "$DOTNET_ROOT/dotnet" "$work/app/ConsistencyModels.Golden.Tests.dll" --progress off --no-ansi
}

check() { $python "$here/compare.py" check "$device" "$repository/tests/golden"; }

# One after the other twice, so that a drift of the machine shows.
sample() {
    local model=$work/imagenet64 small=1,16,256 large=1,16,64 dtypes=f32,bf16 failed=0 round name
    if [ -n "${QUICK:-}" ]; then small=1,2 model= dtypes=f32; fi
    if [ -n "$model" ] && [ ! -d "$model" ]; then cm new imagenet64 --out "$model" >/dev/null || failed=1; fi
    for round in 1 2; do
        for name in tiles ${model:+imagenet64}; do
            local folder=$work/app/models/crawl-tiles-32 batches=$small
            if [ $name = imagenet64 ]; then folder=$model batches=$large; fi
            bench device "$device" "$folder" $dtypes $batches $seconds "$out/rows/$name.cm.$round.json" || failed=1
            $python "$here/compare.py" sample "$device" "$folder" $dtypes $batches $seconds "$out/rows/$name.pytorch.$round.json" || failed=1
        done
    done
    return $failed
}

MAP="floor=dngn/floor,wall=dngn/wall:-dngn/wall/abyss,gate=dngn/gateways,altar=dngn/altars,statue=dngn/statues,\
weapon=item/weapon:-item/weapon/brands:-item/weapon/artefact:-item/weapon/ranged,\
armour=item/armour:-item/armour/brands:-item/armour/artefact:-item/armour/headgear:-item/armour/bardings,\
amulet=item/amulet:-item/amulet/artefact,book=item/book,gold=item/gold,dragon=mon/dragons:mon/draco,demon=mon/demons,\
animal=mon/animals,ghost=mon/undead/spectrals,skeleton=mon/undead/skeletons:mon/undead/zombies"
trainer() { cm train "$kit/tiles.zip" --native-size-only --classes "$MAP" "$@"; }

train() {
    local failed=0 run round batch batches="64 256" steps=${STEPS:-400}
    if [ -n "${QUICK:-}" ]; then batches=2 steps=200; fi
    for round in 1 2; do
        for batch in $batches; do
            run=$(mktemp -d -p "$work")
            trainer --run "$run/run" --images $((steps * batch)) --batch "$batch" --log-every 50 --sample-every 1h --device "$device" -q || failed=1
            cp "$run"/run/log.jsonl "$out/rows/tiles.cm.$round.$batch.jsonl" || failed=1
            rm -rf "$run"
            $python "$here/compare.py" train "$device" "$work/app/models/crawl-tiles-32" 15 "$batch" "$steps" "$out/rows/tiles.pytorch.$round-$batch.json" || failed=1
        done
    done
    return $failed
}

# The same steps on the CPU and on the GPU: what they log has to agree to the rounding of TF32.
agree() {
    local where run images=512 batch=32
    if [ -n "${QUICK:-}" ]; then images=24 batch=8; fi
    for where in cpu "$device"; do
        run=$(mktemp -d -p "$work")
        trainer --run "$run/run" --images $images --batch $batch --ramp 1 --log-every 1 --sample-every 1h --device $where -q || return 1
        cp "$run/run/log.jsonl" "$out/agree.$where.jsonl"
        rm -rf "$run"
    done
    $python - "$out/agree.cpu.jsonl" "$out/agree.$device.jsonl" <<'END'
import json, sys
a, b = ([json.loads(line) for line in open(file)] for file in sys.argv[1:])
worst = max(abs(x["loss"] - y["loss"]) / x["loss"] for x, y in zip(a, b))
print(f"{len(a)} losses on the CPU, {len(b)} on the device; the largest relative difference {worst:.1e}")
sys.exit(0 if len(a) == len(b) and worst < 0.02 else 1)
END
}

# Two thirds of the time for diffusion, one for consistency tuning. Interrupted runs save what they have.
tiles() {
    local total=$1 n
    timeout -s INT $((total * 2 / 3)) "$DOTNET_ROOT/dotnet" "$work/app/cm.dll" train "$kit/tiles.zip" --native-size-only --classes "$MAP" \
        --run "$work/edm" --images "${EDM_IMAGES:-100M}" --batch "${TILES_BATCH:-256}" --lr 0.001 --ramp 10k ${EDM_DECAY:+--decay $EDM_DECAY} --half-life 50k --log-every 100 --sample-every 1h --checkpoint-every 1h --device "$device"
    timeout -s INT $((total / 3)) "$DOTNET_ROOT/dotnet" "$work/app/cm.dll" train "$kit/tiles.zip" --native-size-only --classes "$MAP" \
        --run "$work/ect" --objective ect --init "$work/edm/model" --images "${ECT_IMAGES:-100M}" ${ECT_STAGE:+--set stage_images=$ECT_STAGE} ${ECT_DECAY:+--decay $ECT_DECAY} --batch "${TILES_BATCH:-256}" --lr 0.0005 --ramp 10k --half-life 20k --log-every 100 --sample-every 1h --checkpoint-every 1h --device "$device"
    tail -q -n 1 "$work/edm/log.jsonl" "$work/ect/log.jsonl"
    cp "$work/edm/log.jsonl" "$out/tiles-edm.jsonl"
    cp "$work/ect/log.jsonl" "$out/tiles-ect.jsonl"
    cm convert "$work/ect/model" "$work/tiles-f16" --dtype f16 && tar -C "$work" -czf "$out/tiles-model.tar.gz" tiles-f16
    for n in 1 2 4; do cm generate --model "$work/ect/model" --classes all -n 120 --grid --scale 2 --seed 1 --steps $n --device "$device" --out "$out/tiles-$n.png"; done
}

unpack
for step in $steps; do
    name=${step%%:*}
    argument=${step#*:}
    begin=$EPOCHREALTIME
    $name "$argument" >"$out/$name.log" 2>&1
    code=$?
    printf '%s: %s after %.1f s\n' "$name" "$([ $code = 0 ] && echo done || echo "FAILED ($code)")" "$(awk "BEGIN { print $EPOCHREALTIME - $begin }")" | tee -a "$out/steps.txt"
    tail -n 4 "$out/$name.log" | cut -c1-300 | sed 's/^/    /'
    $python "$here/compare.py" report "$out/rows" >"$out/report.md" 2>&1
    if [ -n "${ARCHIVE:-}" ]; then tar -C "$out" -czf "$ARCHIVE" .; fi
done
cat "$out/report.md"
