namespace ConsistencyModels.Checkpoints;

/// <summary>What a name in a pickle stands for.</summary>
internal enum PickleGlobalKind
{
    /// <summary>collections.OrderedDict, Counter.</summary>
    Dict,

    /// <summary>torch.Size.</summary>
    Tuple,

    /// <summary>Something whose value means nothing here: a set, a device.</summary>
    Opaque,

    /// <summary>The class of a storage; DType is null for an untyped one.</summary>
    Storage,

    /// <summary>torch.float32 and its like; DType is null for one that cannot be read (complex).</summary>
    DType,

    /// <summary>torch.Tensor, which is only named, and torch.nn.Parameter.</summary>
    TensorClass,

    /// <summary>_rebuild_tensor and its later versions.</summary>
    Tensor,

    /// <summary>_rebuild_parameter, with or without state.</summary>
    Parameter,

    /// <summary>_rebuild_from_type_v2.</summary>
    FromType,
}

/// <summary>An entry of the closed list.</summary>
internal sealed record PickleGlobal(string Name, PickleGlobalKind Kind, TensorDType? DType = null);

/// <summary>
/// The closed list of names a torch file may use. Nothing is looked up or called by name: each stands for a few lines of
/// TorchObjects. Shorter than the list behind <c>torch.load(weights_only=True)</c>: what holds tensors, and what lies
/// beside them in training checkpoints.
/// </summary>
internal static class PickleGlobals
{
    /// <summary>The class of parameters.</summary>
    public const string Parameter = "torch.nn.parameter.Parameter";

    private static readonly Dictionary<string, PickleGlobal> Known = Build();

    /// <summary>Finds a name on the list.</summary>
    /// <returns>Null if it is not there.</returns>
    public static PickleGlobal? Find(string name) => Known.GetValueOrDefault(name);

    /// <summary>The class in module torch that stores a type, or null for types that PyTorch stores untyped.</summary>
    public static string? StorageClass(TensorDType dtype) =>
        Storages.Where(storage => storage.DType == dtype).Select(storage => storage.Name + "Storage").FirstOrDefault();

    private static Dictionary<string, PickleGlobal> Build()
    {
        var known = new Dictionary<string, PickleGlobal>(StringComparer.Ordinal);
        void Add(PickleGlobalKind kind, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                known.Add(name, new(name, kind));
            }
        }

        Add(PickleGlobalKind.Dict, "collections.OrderedDict", "collections.Counter");
        Add(PickleGlobalKind.Tuple, "torch.Size");
        Add(PickleGlobalKind.Opaque, "torch.device", "builtins.set", "__builtin__.set", "_codecs.encode");
        Add(PickleGlobalKind.TensorClass, "torch.Tensor", "torch._tensor.Tensor", Parameter);
        Add(PickleGlobalKind.Tensor, "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3");
        Add(PickleGlobalKind.Parameter, "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state");
        Add(PickleGlobalKind.FromType, "torch._tensor._rebuild_from_type_v2");
        foreach (var (storage, dtype) in Storages)
        {
            known.Add($"torch.{storage}Storage", new($"torch.{storage}Storage", PickleGlobalKind.Storage, dtype));
        }

        Add(PickleGlobalKind.Storage, "torch.storage.UntypedStorage", "torch.UntypedStorage");
        foreach (var (name, dtype) in DTypes)
        {
            known.Add($"torch.{name}", new($"torch.{name}", PickleGlobalKind.DType, dtype));
        }

        return known;
    }

    private static IEnumerable<(string Name, TensorDType DType)> Storages =>
    [
        ("Float", TensorDType.F32),
        ("Half", TensorDType.F16),
        ("BFloat16", TensorDType.BF16),
        ("Double", TensorDType.F64),
        ("Long", TensorDType.I64),
        ("Int", TensorDType.I32),
        ("Short", TensorDType.I16),
        ("Char", TensorDType.I8),
        ("Byte", TensorDType.U8),
        ("Bool", TensorDType.Bool),
    ];

    private static IEnumerable<(string Name, TensorDType? DType)> DTypes =>
    [
        ("float32", TensorDType.F32),
        ("float16", TensorDType.F16),
        ("bfloat16", TensorDType.BF16),
        ("float64", TensorDType.F64),
        ("float8_e4m3fn", TensorDType.F8E4M3),
        ("float8_e5m2", TensorDType.F8E5M2),
        ("int64", TensorDType.I64),
        ("int32", TensorDType.I32),
        ("int16", TensorDType.I16),
        ("int8", TensorDType.I8),
        ("uint64", TensorDType.U64),
        ("uint32", TensorDType.U32),
        ("uint16", TensorDType.U16),
        ("uint8", TensorDType.U8),
        ("bool", TensorDType.Bool),
        ("complex32", null),
        ("complex64", null),
        ("complex128", null),
    ];
}
