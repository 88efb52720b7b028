#!/usr/bin/env bash
# Gathers what a machine with a GPU and PyTorch, but without .NET and network, needs to run this repository's checks.
#   tools/gpu/pack.sh FOLDER        TORCHSHARP=CHECKOUT: its native sources too; TILES=ZIP: pictures to train on
set -euo pipefail
[ $# -eq 1 ] || { sed -n 2,3p "$0"; exit 2; }
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The .NET runtime, less what only debuggers and other programs use.
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
version=$(ls "$dotnet/shared/Microsoft.NETCore.App" | sort -V | tail -1)
if [ ! -f "$out/dotnet-$version.tar.xz" ]; then
    rm -f "$out"/dotnet-*.tar.xz
    unused=(libmscordaccore.so libmscordbi.so libcoreclrtraceptprovider.so 'libclrgc*.so' createdump 'Microsoft.VisualBasic*' Microsoft.CSharp.dll
        'System.Private.DataContractSerialization.dll' 'System.Private.Xml*' 'System.Xml*' System.Data.Common.dll 'System.Transactions*'
        System.Net.Mail.dll System.Net.Quic.dll System.Threading.Tasks.Dataflow.dll System.Linq.Parallel.dll System.Text.Encoding.CodePages.dll)
    tar -C "$dotnet" "${unused[@]/#/--exclude=}" -cf - dotnet host/fxr "shared/Microsoft.NETCore.App/$version" | xz -9e >"$out/dotnet-$version.tar.xz"
fi

# The programs in one folder, without libtorch, ONNX Runtime and the bundled model, which is in the repository. Without their .deps.json files .NET takes what is in the folder.
mkdir "$work/app"
for project in src/ConsistencyModels.Cli tests/ConsistencyModels.Golden.Tests bench/ConsistencyModels.Bench; do
    dotnet build -c Release -v q -nologo "$here/$project" >&2
    built=$here/$project/bin/Release/net10.0
    cp "$built"/*.dll "$built"/*.runtimeconfig.json "$work/app"
done
for library in libLibTorchSharp.so libSkiaSharp.so; do
    cp "$built/runtimes/linux-x64/native/$library" "$work/app"
done
tar -C "$work" -cf - app | xz -T0 -7 >"$out/app.tar.xz"

cp "$here"/tools/gpu/run.sh "$here"/tools/gpu/build-binding.sh "$here"/tools/gpu/*.py "$out"

# For a PyTorch whose libtorch does not fit TorchSharp's binding.
rm -f "$out/torchsharp.tar.xz"
if [ -n "${TORCHSHARP:-}" ]; then
    git -C "$TORCHSHARP" archive HEAD src/Native | xz -7 >"$out/torchsharp.tar.xz"
fi

rm -f "$out/tiles.zip"
if [ -n "${TILES:-}" ]; then
    cp "$TILES" "$out/tiles.zip"
fi

ls -l "$out"
