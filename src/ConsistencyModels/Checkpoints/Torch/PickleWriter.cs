using System.Buffers.Binary;
using System.Text;
using Op = ConsistencyModels.Checkpoints.PickleOpcodes;

namespace ConsistencyModels.Checkpoints;

/// <summary>Writes the pickle of a state dict, an OrderedDict of tensors, in protocol 2, which every PyTorch reads.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _out = new();

    /// <summary>The pickle of a state dict whose tensors have storage i each, contiguous from its beginning.</summary>
    public static byte[] StateDict(IReadOnlyList<TensorInfo> tensors)
    {
        var writer = new PickleWriter();
        writer._out.Write([Op.Proto, 2]);
        writer.OrderedDict();
        writer.Byte(Op.Mark);
        for (var i = 0; i < tensors.Count; i++)
        {
            writer.Text(tensors[i].Name);
            writer.Tensor(tensors[i], i);
        }

        writer._out.Write([Op.SetItems, Op.Stop]);
        return writer._out.ToArray();
    }

    private void Tensor(TensorInfo tensor, int storage)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Byte(Op.Mark);
        Byte(Op.Mark);
        Text("storage");
        Global("torch", StorageClass(tensor.DType));
        Text(storage.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Text("cpu");
        Integer(tensor.ElementCount);
        _out.Write([Op.Tuple, Op.BinPersId]);
        Integer(0);
        Integers(tensor.Shape);
        Integers(Strides(tensor.Shape));
        Byte(Op.NewFalse); // requires_grad
        OrderedDict(); // backward hooks
        _out.Write([Op.Tuple, Op.Reduce]);
    }

    private void OrderedDict()
    {
        Global("collections", "OrderedDict");
        _out.Write([Op.EmptyTuple, Op.Reduce]);
    }

    private void Global(string module, string name)
    {
        Byte(Op.Global);
        _out.Write(Encoding.ASCII.GetBytes($"{module}\n{name}\n"));
    }

    private void Integers(IReadOnlyList<long> values)
    {
        Byte(Op.Mark);
        foreach (var value in values)
        {
            Integer(value);
        }

        Byte(Op.Tuple);
    }

    private void Integer(long value)
    {
        if (value is >= 0 and <= byte.MaxValue)
        {
            _out.Write([Op.BinInt1, (byte)value]);
            return;
        }

        Span<byte> bytes = stackalloc byte[10];
        (bytes[0], bytes[1]) = (Op.Long1, sizeof(long));
        BinaryPrimitives.WriteInt64LittleEndian(bytes[2..], value);
        _out.Write(bytes);
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(length, (uint)bytes.Length);
        Byte(Op.BinUnicode);
        _out.Write(length);
        _out.Write(bytes);
    }

    private void Byte(byte value) => _out.WriteByte(value);

    private static long[] Strides(IReadOnlyList<long> shape)
    {
        var strides = new long[shape.Count];
        var next = 1L;
        for (var i = shape.Count - 1; i >= 0; i--)
        {
            strides[i] = next;
            next *= Math.Max(shape[i], 1);
        }

        return strides;
    }

    private static string StorageClass(TensorDType dtype) =>
        PickleGlobals.StorageClass(dtype)
        ?? throw new ArgumentException($"PyTorch has no storage class for {dtype.FormatName()}; choose F32, F16 or BF16.", nameof(dtype));
}
