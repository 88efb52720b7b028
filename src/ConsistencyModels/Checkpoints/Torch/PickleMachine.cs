using System.Numerics;
using System.Runtime.InteropServices;
using ConsistencyModels.Files;
using Op = ConsistencyModels.Checkpoints.PickleOpcodes;

namespace ConsistencyModels.Checkpoints;

/// <summary>
/// Runs a pickle that describes tensors. A pickle is a program; this machine knows the opcodes that build dicts, lists, tuples
/// and scalars, and a closed list of names (<see cref="PickleGlobals"/>). Values of other names are never made: they are
/// <see cref="PickleUnknown"/>, refused where a tensor should be. Nothing outside this folder is ever called. Memory is bounded by an <see cref="AllocationBudget"/>, time by the pickle's length.
/// </summary>
internal ref struct PickleMachine
{
    /// <summary>The longest pickle that is read, in bytes; the published models' have about 150,000.</summary>
    public const int Longest = 64 << 20;

    private const int DeepestStack = 1 << 20;
    private const int LongestName = 512;
    private const int LongestInteger = 32;

    // Rough sizes of what an opcode makes, in bytes, with the growth of lists and dictionaries.
    private const int BoxCost = 24;
    private const int ContainerCost = 96;
    private const int ItemCost = 24;
    private const int MemoCost = 80;

    private readonly string _path;
    private readonly AllocationBudget _budget;
    private readonly TorchObjects _objects;
    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<int, object?> _memo = [];
    private PickleInput _input;

    private PickleMachine(string path, ReadOnlySpan<byte> data, AllocationBudget budget)
    {
        _path = path;
        _budget = budget;
        _objects = new TorchObjects(path, budget);
        _input = new PickleInput(path, data);
    }

    /// <summary>Runs a pickle up to its STOP.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="data">Starts with the pickle; may go on after it.</param>
    /// <param name="budget">What it may allocate.</param>
    /// <param name="length">Bytes of the pickle.</param>
    /// <exception cref="CheckpointException">It is malformed or asks for anything a checkpoint has no need of.</exception>
    public static object? Run(string path, ReadOnlySpan<byte> data, AllocationBudget budget, out int length)
    {
        var machine = new PickleMachine(path, data.Length > Longest ? data[..Longest] : data, budget);
        var value = machine.Run();
        length = machine._input.Position;
        return value;
    }

    private object? Run()
    {
        while (true)
        {
            var opcode = _input.Byte();
            if (opcode == Op.Stop)
            {
                return Pop();
            }

            Step(opcode);
        }
    }

    private void Step(byte opcode)
    {
        switch (opcode)
        {
            case Op.Proto: CheckProtocol(_input.Byte()); break;
            case Op.Frame: _input.Take(8); break;
            case Op.Mark: PushMark(); break;
            case Op.Pop: DropTop(); break;
            case Op.PopMark: _ = PopToMark(); break;
            case Op.Dup: Push(Peek()); break;

            case Op.None: Push(null); break;
            case Op.NewTrue: Push(Boxed.True); break;
            case Op.NewFalse: Push(Boxed.False); break;
            case Op.BinInt: Push(Box(_input.Int32())); break;
            case Op.BinInt1: Push(Box(_input.Byte())); break;
            case Op.BinInt2: Push(Box(_input.UInt16())); break;
            case Op.Long1: Push(Integer(_input.Byte())); break;
            case Op.Long4: Push(Integer(_input.UInt32())); break;
            case Op.BinFloat: Charge(BoxCost); Push(_input.Double()); break;

            case Op.BinUnicode: Push(Text(_input.UInt32())); break;
            case Op.ShortBinUnicode: Push(Text(_input.Byte())); break;
            case Op.BinUnicode8: Push(Text(_input.UInt64())); break;
            case Op.BinString: Push(Text(_input.UInt32())); break; // Python 2's str: names are ASCII
            case Op.ShortBinString: Push(Text(_input.Byte())); break;
            case Op.BinBytes: Skip(_input.UInt32()); break;
            case Op.ShortBinBytes: Skip(_input.Byte()); break;
            case Op.BinBytes8 or Op.ByteArray8: Skip(_input.UInt64()); break;

            case Op.EmptyTuple: Push(PickleTuple.Empty); break;
            case Op.Tuple: Push(Tuple(PopToMark())); break;
            case Op.Tuple1: Push(Tuple(PopMany(1))); break;
            case Op.Tuple2: Push(Tuple(PopMany(2))); break;
            case Op.Tuple3: Push(Tuple(PopMany(3))); break;
            case Op.EmptyList: Charge(ContainerCost); Push(new PickleList()); break;
            case Op.List: Charge(ContainerCost); Push(Extend(new PickleList(), PopToMark())); break;
            case Op.Append: Append(); break;
            case Op.Appends: Appends(); break;
            case Op.EmptyDict: Charge(ContainerCost); Push(new PickleDict()); break;
            case Op.Dict: Charge(ContainerCost); Push(SetItems(new PickleDict(), PopToMark())); break;
            case Op.SetItem: SetItem(); break;
            case Op.SetItems: SetItems(); break;
            case Op.EmptySet: Push(PickleOpaque.Instance); break;
            case Op.FrozenSet: _ = PopToMark(); Push(PickleOpaque.Instance); break;
            case Op.AddItems: _ = PopToMark(); _ = Receiver<PickleOpaque>("ADDITEMS", "a set"); break;

            case Op.BinPut: Remember(_input.Byte()); break;
            case Op.LongBinPut: Remember(_input.UInt32()); break;
            case Op.Memoize: Remember((uint)_memo.Count); break;
            case Op.BinGet: Push(Recall(_input.Byte())); break;
            case Op.LongBinGet: Push(Recall(_input.UInt32())); break;

            case Op.Global: Push(Global(_input.Utf8(_input.Line(LongestName)), _input.Utf8(_input.Line(LongestName)))); break;
            case Op.StackGlobal: StackGlobal(); break;
            case Op.Reduce or Op.NewObj: Reduce(); break;
            case Op.NewObjEx: NewObjEx(); break;
            case Op.Build: BuildState(); break;
            case Op.BinPersId: Charge(ContainerCost); Push(_objects.Storage(Pop())); break;
            default:
                throw Bad($"has opcode {Op.NameOf(opcode)} at byte {_input.Position - 1}, which no checkpoint needs");
        }
    }

    private readonly void CheckProtocol(byte protocol)
    {
        if (protocol > 5)
        {
            throw Bad($"has protocol {protocol}, expected at most 5");
        }
    }

    private readonly object Box(long value)
    {
        Charge(BoxCost);
        return value;
    }

    private object Integer(uint length)
    {
        if (length > LongestInteger)
        {
            throw Bad($"has an integer of {length} bytes, expected at most {LongestInteger}");
        }

        if (length is > 0 and <= sizeof(long))
        {
            return Box(Small(_input.Take(length)));
        }

        var value = new BigInteger(_input.Take(length));
        Charge(3 * BoxCost);
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }

    // Little-endian two's complement.
    private static long Small(ReadOnlySpan<byte> bytes)
    {
        var value = (long)(sbyte)bytes[^1];
        for (var i = bytes.Length - 2; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private string Text(ulong length)
    {
        var bytes = _input.Take(length);
        Charge(BoxCost + (2L * bytes.Length));
        return _input.Utf8(bytes);
    }

    private void Skip(ulong length)
    {
        _input.Take(length);
        Push(PickleOpaque.Instance);
    }

    private readonly PickleTuple Tuple(object?[] items) => items.Length == 0 ? PickleTuple.Empty : new PickleTuple(items);

    private readonly void Append()
    {
        var item = Pop();
        Charge(ItemCost);
        Receiver<PickleList>("APPEND", "a list")?.Add(item);
    }

    private readonly void Appends()
    {
        var items = PopToMark();
        if (Receiver<PickleList>("APPENDS", "a list") is { } list)
        {
            Extend(list, items);
        }
    }

    private readonly PickleList Extend(PickleList list, object?[] items)
    {
        Charge((long)ItemCost * items.Length);
        foreach (var item in items)
        {
            list.Add(item);
        }

        return list;
    }

    private readonly void SetItem()
    {
        var pair = PopMany(2);
        SetItems(Receiver<PickleDict>("SETITEM", "a dict"), pair);
    }

    private readonly void SetItems()
    {
        var items = PopToMark();
        SetItems(Receiver<PickleDict>("SETITEMS", "a dict"), items);
    }

    private readonly PickleDict? SetItems(PickleDict? dict, object?[] items)
    {
        if (items.Length % 2 != 0)
        {
            throw Bad($"sets {items.Length} keys and values in a dict, expected pairs");
        }

        Charge((long)ItemCost * items.Length);
        for (var i = 0; i < items.Length; i += 2)
        {
            dict?.Add(items[i], items[i + 1]);
        }

        return dict;
    }

    private readonly void Remember(uint index)
    {
        Charge(MemoCost);
        _memo[unchecked((int)index)] = Peek();
    }

    private readonly object? Recall(uint index) =>
        _memo.TryGetValue(unchecked((int)index), out var value) ? value : throw Bad($"recalls memo {index}, which was never stored");

    private readonly object Global(string module, string name)
    {
        var full = $"{module}.{name}";
        if (PickleGlobals.Find(full) is { } known)
        {
            return known;
        }

        Charge(BoxCost + (2L * full.Length));
        return new PickleUnknown(full);
    }

    private readonly void StackGlobal()
    {
        var name = Pop() as string;
        var module = Pop() as string;
        Push(module is null || name is null ? throw Bad("has a STACK_GLOBAL without two names") : Global(module, name));
    }

    private readonly void Reduce()
    {
        var arguments = Pop();
        Charge(2 * ContainerCost);
        Push(_objects.Call(Pop(), arguments));
    }

    // A class called with named arguments, which no name on the list takes.
    private readonly void NewObjEx()
    {
        _ = PopMany(2);
        Push(Pop() is PickleUnknown unknown ? unknown : throw Bad("has a NEWOBJ_EX on something a checkpoint has no need of"));
    }

    private readonly void BuildState()
    {
        // An OrderedDict's attributes (state dicts carry _metadata, the versions of modules), and what PyTorch before 0.4 wrote of a
        // parameter beside its tensor: whether it is trained, whether it is volatile, its hooks. Nothing here reads them.
        if (Pop() is PickleTuple { Items: [bool, bool, _] } && Peek() is TorchTensor)
        {
            return;
        }

        _ = Receiver<PickleDict>("BUILD", "a dict");
    }

    // What items or a state are given to; null for something unknown, whose are dropped.
    private readonly T? Receiver<T>(string opcode, string expected)
        where T : class => Peek() switch
        {
            T receiver => receiver,
            PickleUnknown => null,
            _ => throw Bad($"has {opcode} on something that is not {expected}"),
        };

    private readonly void PushMark()
    {
        if (_marks.Count >= DeepestStack)
        {
            throw Bad($"has more than {DeepestStack} open marks");
        }

        _marks.Add(_stack.Count);
    }

    private readonly void DropTop()
    {
        if (_marks.Count > 0 && _marks[^1] == _stack.Count)
        {
            _marks.RemoveAt(_marks.Count - 1);
            return;
        }

        _ = Pop();
    }

    private readonly void Push(object? value)
    {
        if (_stack.Count >= DeepestStack)
        {
            throw Bad($"has more than {DeepestStack} values on its stack");
        }

        _stack.Add(value);
    }

    private readonly object? Peek() =>
        _stack.Count > Floor ? _stack[^1] : throw Bad("takes a value from an empty stack");

    private readonly object? Pop()
    {
        var value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private readonly object?[] PopMany(int count)
    {
        if (_stack.Count - Floor < count)
        {
            throw Bad("takes values from an empty stack");
        }

        return Cut(_stack.Count - count);
    }

    private readonly object?[] PopToMark()
    {
        if (_marks.Count == 0)
        {
            throw Bad("closes a mark that was never set");
        }

        var first = Floor;
        _marks.RemoveAt(_marks.Count - 1);
        return Cut(first);
    }

    private readonly object?[] Cut(int first)
    {
        Charge(BoxCost + (8L * (_stack.Count - first)));
        var items = CollectionsMarshal.AsSpan(_stack)[first..].ToArray();
        _stack.RemoveRange(first, items.Length);
        return items;
    }

    // Values below the last mark belong to what is built around it.
    private readonly int Floor => _marks.Count == 0 ? 0 : _marks[^1];

    private readonly void Charge(long bytes) => _budget.Charge(bytes);

    private readonly CheckpointException Bad(string what) => new($"{_path}: the pickle {what}");

    private static class Boxed
    {
        public static readonly object True = true;
        public static readonly object False = false;
    }
}
