using ConsistencyModels.Files;

namespace ConsistencyModels.Checkpoints;

/// <summary>What the names on the closed list do: turns their arguments into descriptions. Mirrors torch/_utils.py.</summary>
internal sealed class TorchObjects(string path, AllocationBudget budget)
{
    private const int HighestRank = 64; // PyTorch's limit

    /// <summary>The result of calling a name with arguments (REDUCE, NEWOBJ).</summary>
    /// <remarks>Something unknown stays so: called, or made of.</remarks>
    public object? Call(object? function, object? arguments)
    {
        if (function is PickleUnknown)
        {
            return function;
        }

        if (function is not PickleGlobal global)
        {
            throw Bad($"calls {Kind(function)}, expected one of the names a checkpoint may use");
        }

        if (arguments is not PickleTuple { Items: var args })
        {
            throw Bad($"calls {global.Name} with {Kind(arguments)}, expected a tuple of arguments");
        }

        if (global.Kind != PickleGlobalKind.Opaque && args.OfType<PickleUnknown>().FirstOrDefault() is { } unknown)
        {
            return unknown;
        }

        return global.Kind switch
        {
            PickleGlobalKind.Dict => Dict(global, args),
            PickleGlobalKind.Tuple => args is [PickleTuple sizes] ? sizes : throw Arguments(global),
            PickleGlobalKind.Opaque => PickleOpaque.Instance,
            PickleGlobalKind.Tensor => Tensor(global, args),
            PickleGlobalKind.Parameter => args is [TorchTensor data, ..] ? data : throw Arguments(global),
            PickleGlobalKind.FromType => args is [PickleGlobal { Kind: PickleGlobalKind.Tensor or PickleGlobalKind.Parameter } inner, _, PickleTuple, _]
                ? Call(inner, args[2])
                : throw Arguments(global),

            // How PyTorch before 0.4 wrote a parameter: Parameter(tensor).
            PickleGlobalKind.TensorClass when global.Name == PickleGlobals.Parameter => args is [TorchTensor data, ..] ? data : throw Arguments(global),
            _ => throw Bad($"calls {global.Name}, which may only be named"),
        };
    }

    /// <summary>The storage a persistent id names: ('storage', class, key, location, count[, view]).</summary>
    /// <returns>A storage, or something unknown if its class is.</returns>
    public object Storage(object? id)
    {
        if (id is PickleTuple { Items: ["storage", PickleUnknown unknown, ..] })
        {
            return unknown;
        }

        if (id is not PickleTuple { Items: ["storage", PickleGlobal { Kind: PickleGlobalKind.Storage } type, string key, _, long count, .. var more] }
            || more.Length > 1)
        {
            throw Bad("refers to something outside itself that is not a storage (a whole module, saved with its code?), expected tensors");
        }

        if (count < 0)
        {
            throw Bad($"has a storage {Printable.Quote(key)} of {count} elements");
        }

        return more is [PickleTuple { Items: [_, long offset, long length] }]
            ? offset >= 0 && length >= 0 && offset <= count - length
                ? new(type.DType, key, count, offset, length)
                : throw Bad($"has a view of storage {Printable.Quote(key)} beyond its {count} elements")
            : more is [] or [null]
                ? new TorchStorage(type.DType, key, count, 0, count)
                : throw Bad($"has a view of storage {Printable.Quote(key)} in an unknown form");
    }

    private TorchTensor Tensor(PickleGlobal global, object?[] args)
    {
        if (args is not [TorchStorage storage, long offset, PickleTuple size, PickleTuple stride, .. var rest])
        {
            throw Arguments(global);
        }

        var dtype = storage.DType;
        var metadata = 2;
        if (global.Name.EndsWith("_v3", StringComparison.Ordinal))
        {
            metadata = 3;
            if (rest is not [_, _, PickleGlobal { Kind: PickleGlobalKind.DType } type, ..])
            {
                throw Arguments(global);
            }

            dtype = type.DType ?? throw Bad($"has a tensor of {type.Name}, which is not supported");
        }

        if (rest.Length > metadata + 1)
        {
            throw Arguments(global);
        }

        // Lazy conjugation and negation: views whose bytes are not their values.
        if (rest.Length > metadata && rest[metadata] is not null and not PickleDict { Count: 0 })
        {
            throw Bad("has a tensor with metadata (a lazily negated or conjugated view), which is not supported");
        }

        return new TorchTensor(
            storage, dtype ?? throw Bad("has a tensor in an untyped storage without an element type"), offset, Numbers(global, size), Numbers(global, stride));
    }

    private PickleDict Dict(PickleGlobal global, object?[] args)
    {
        var dict = new PickleDict();
        switch (args)
        {
            case []:
                return dict;
            case [PickleDict items]:
                return items;
            case [PickleList items]: // Python 2 pickled an OrderedDict as a list of pairs
                budget.Charge(48L * items.Items.Count);
                foreach (var item in items.Items)
                {
                    var (key, value) = item switch
                    {
                        PickleList { Items: [var k, var v] } => (k, v),
                        PickleTuple { Items: [var k, var v] } => (k, v),
                        _ => throw Arguments(global),
                    };
                    dict.Add(key, value);
                }

                return dict;
            default:
                throw Arguments(global);
        }
    }

    private long[] Numbers(PickleGlobal global, PickleTuple tuple)
    {
        if (tuple.Items.Length > HighestRank)
        {
            throw Bad($"has a tensor of {tuple.Items.Length} dimensions, at most {HighestRank} are possible");
        }

        budget.Charge(64 + (8 * tuple.Items.Length));
        var numbers = new long[tuple.Items.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = tuple.Items[i] is long number ? number : throw Arguments(global);
        }

        return numbers;
    }

    private CheckpointException Arguments(PickleGlobal global) => Bad($"calls {global.Name} with arguments of an unknown form");

    private CheckpointException Bad(string what) => new($"{path}: the pickle {what}");

    private static string Kind(object? value) => value switch
    {
        null => "None",
        PickleGlobal global => global.Name,
        string => "a string",
        PickleDict => "a dict",
        PickleList => "a list",
        PickleTuple => "a tuple",
        TorchTensor => "a tensor",
        _ => "a value",
    };
}
