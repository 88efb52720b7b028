#!/usr/bin/env bash
# Builds libLibTorchSharp.so for a given PyTorch, from TorchSharp's src/Native.
#   tools/gpu/build-binding.sh SOURCES TORCH OUT      TORCH holds include/ and lib/; OUT is the file to write
set -uo pipefail
[ $# -eq 3 ] || { sed -n 2,3p "$0"; exit 2; }
sources=$1 torch=$2 out=$3
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT
export torch objects sources
compile() {
    name=$(basename "$1")
    # Newer headers want C++20, older ones are content with 17.
    for standard in 17 20; do
        if g++ -std=c++$standard -O1 -fPIC -fvisibility=hidden -w -D_GLIBCXX_USE_CXX11_ABI=1 -D__LINUX__ -DNDEBUG \
            -I"$sources" -I"$torch/include" -I"$torch/include/torch/csrc/api/include" -c "$1" -o "$objects/$name.o" 2>"$objects/$name.$standard.log"; then
            return 0
        fi
    done
    echo "$name does not compile:"
    grep -m 5 error "$objects/$name.17.log" "$objects/$name.20.log"
    return 1
}
export -f compile
printf '%s\n' "$sources"/LibTorchSharp/*.cpp | xargs -P "$(nproc)" -I{} bash -c 'compile {}' || exit 1
gcc -O2 -fPIC -fvisibility=hidden -w -I"$sources" -c "$sources/LibTorchSharp/crc32c.c" -o "$objects/crc32c.o" || exit 1
g++ -shared -Wl,-Bsymbolic -Wl,--no-as-needed -Wl,-soname,libLibTorchSharp.so -o "$out" "$objects"/*.o \
    -L"$torch/lib" -Wl,-rpath-link,"$torch/lib" -Wl,--allow-shlib-undefined -ltorch -ltorch_cpu -lc10
